import Glibc
import VRRP

@testable import LinuxIO

/// 10.0.0.1 and fd00::1, which nothing fences.
private func ownAddress(_ family: AddressFamily) -> IPAddress {
  family == .ipv4
    ? .v4(IPv4Address(10, 0, 0, 1)) : .v6(IPv6Address(high: 0xfd00_0000_0000_0000, low: 1))
}

/// Whether a process of this host reaches another one at the address, not much later than one at an
/// address that is never fenced.
func isReachable(_ address: IPAddress, scope: Int32 = 0) throws -> Bool {
  let family = address.family
  let asked = try Receiver(address, scope: scope)
  let control = try Receiver(ownAddress(family), scope: 0)
  let sender = socket(family.socketFamily, Int32(SOCK_DGRAM.rawValue), 0)
  defer { close(sender) }
  for receiver in [asked.name, control.name] {
    try receiver.withPointer { name, length in
      guard sendto(sender, [1], 1, 0, name, length) == 1 else { throw SystemError("sendto") }
    }
  }
  guard becomesReadable(control.socket.number) else { throw SystemError("control", ETIMEDOUT) }
  return becomesReadable(asked.socket.number, milliseconds: Neighbor.patience)
}

/// A socket address of either family.
private enum SocketName {
  case v4(sockaddr_in)
  case v6(sockaddr_in6)

  func withPointer<Result>(
    _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) rethrows -> Result {
    switch self {
    case .v4(let name): try Self.rebound(name, body)
    case .v6(let name): try Self.rebound(name, body)
    }
  }

  private static func rebound<Name, Result>(
    _ name: Name, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) rethrows -> Result {
    try withUnsafePointer(to: name) {
      try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        try body($0, socklen_t(MemoryLayout<Name>.size))
      }
    }
  }
}

/// A UDP socket at an address, on a port of its own.
private struct Receiver: ~Copyable {
  let socket: FileDescriptor
  let name: SocketName

  init(_ address: IPAddress, scope: Int32) throws {
    let number = Glibc.socket(address.family.socketFamily, Int32(SOCK_DGRAM.rawValue), 0)
    guard number >= 0 else { throw SystemError("socket") }
    let socket = FileDescriptor(owning: number)
    let port = UInt16.random(in: 20_000...30_000).bigEndian
    let name: SocketName
    switch address {
    case .v4(let address):
      var v4 = sockaddr_in()
      v4.sin_family = sa_family_t(AF_INET)
      v4.sin_port = port
      v4.sin_addr.s_addr = address.number.bigEndian
      name = .v4(v4)
    case .v6:
      var v6 = sockaddr_in6()
      v6.sin6_family = sa_family_t(AF_INET6)
      v6.sin6_port = port
      v6.sin6_scope_id = UInt32(scope)
      withUnsafeMutableBytes(of: &v6.sin6_addr) { $0.copyBytes(from: address.bytes) }
      name = .v6(v6)
    }
    try name.withPointer { pointer, length in
      guard bind(number, pointer, length) == 0 else { throw SystemError("bind") }
    }
    self.socket = socket
    self.name = name
  }
}
