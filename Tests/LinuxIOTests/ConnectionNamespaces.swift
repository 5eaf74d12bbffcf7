import Glibc
import Testing
import VRRP

@testable import LinuxIO

func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// Calls the body with the socket address of an IP address and port.
func withName<Result>(
  _ text: String, _ port: UInt16, scope: Int32 = 0,
  _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) throws -> Result {
  let address = try address(text)
  var name = sockaddr_storage()
  let length = withUnsafeMutableBytes(of: &name) { bytes in
    bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
    bytes.storeBytes(of: sa_family_t(address.family.socketFamily), as: sa_family_t.self)
    let offset = address.family == .ipv4 ? 4 : 8
    for (index, byte) in address.bytes.enumerated() { bytes[offset + index] = byte }
    if address.isLinkLocal { bytes.storeBytes(of: scope, toByteOffset: 24, as: Int32.self) }
    return address.family == .ipv4
      ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
  }
  return withUnsafePointer(to: &name) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
  }
}

extension Namespace {
  private func stream(_ text: String) throws -> FileDescriptor {
    let family = try address(text).family.socketFamily
    let number = try run {
      socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }
    return FileDescriptor(owning: try #require(number >= 0 ? number : nil))
  }

  /// A socket that listens at an address; `::` listens for IPv4 as well.
  func listen(at text: String, port: UInt16) throws -> FileDescriptor {
    let listener = try stream(text)
    try SocketOptions(of: listener.number).set(SOL_SOCKET, SO_REUSEADDR, Int32(1), name: "")
    try #require(try withName(text, port) { bind(listener.number, $0, $1) } == 0)
    try #require(Glibc.listen(listener.number, 4096) == 0)
    return listener
  }

  /// How many sockets are in a state, in the words of ss(8).
  func count(_ state: String) throws -> Int {
    try LinuxIOTests.run("ip netns exec \(name) ss -Htan state \(state)")
      .split(separator: "\n").count
  }

  /// Whether that many sockets are in a state within two seconds.
  func reaches(_ count: Int, _ state: String) throws -> Bool {
    for _ in 0..<200 {
      if try self.count(state) == count { return true }
      usleep(10_000)
    }
    return false
  }

  func connect(to text: String, port: UInt16, scope: Int32 = 0) throws -> FileDescriptor {
    let client = try stream(text)
    try #require(
      try withName(text, port, scope: scope) { Glibc.connect(client.number, $0, $1) } == 0)
    return client
  }
}

/// Some connections and the server's ends of them. No program that another test starts inherits them:
/// it would keep them open.
final class Connections {
  private(set) var clients: [Int32] = []
  private(set) var servers: [Int32] = []

  init(
    _ count: Int, from client: Namespace, to address: String, port: UInt16,
    _ listener: borrowing FileDescriptor, scope: Int32 = 0
  ) throws {
    for _ in 0..<count {
      let descriptor = try client.connect(to: address, port: port, scope: scope)
      clients.append(fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0))
      try #require(becomesReadable(listener.number))
      let server = accept(listener.number, nil, nil)
      _ = fcntl(server, F_SETFD, FD_CLOEXEC)
      servers.append(server)
    }
    #expect(clients.allSatisfy { $0 >= 0 } && servers.allSatisfy { $0 >= 0 })
  }

  deinit { for descriptor in clients + servers { close(descriptor) } }

  /// How many clients learned of a reset.
  func reset() -> Int {
    clients.filter { becomesReadable($0) && Self.failure($0) == ECONNRESET }.count
  }

  /// How many have heard nothing.
  func idle() -> Int { clients.filter { Self.failure($0) == EAGAIN }.count }

  private static func failure(_ descriptor: Int32) -> Int32 {
    var byte: UInt8 = 0
    return recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) < 0 ? errno : 0
  }
}

func makePair(_ body: (NamespacePair) throws -> Void) throws {
  try NamespacePair.make { pair in
    for text in ["10.0.0.100/24", "10.0.0.101/24", "fd00::100/64", "fe80::100/64"] {
      try pair.left.ip("addr add \(text) dev eth0 nodad")
    }
    try body(pair)
  }
}
