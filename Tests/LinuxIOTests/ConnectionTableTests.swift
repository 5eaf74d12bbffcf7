import Glibc
import Testing
import VRRP

@testable import LinuxIO

private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

/// Calls the body with the socket address of an IP address and port.
private func withName<Result>(
  _ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) throws -> Result {
  let address = try address(text)
  var name = sockaddr_storage()
  let length = withUnsafeMutableBytes(of: &name) { bytes in
    bytes.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
    bytes.storeBytes(of: sa_family_t(address.family.socketFamily), as: sa_family_t.self)
    let offset = address.family == .ipv4 ? 4 : 8
    for (index, byte) in address.bytes.enumerated() { bytes[offset + index] = byte }
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
    let number = try run { socket(family, Int32(SOCK_STREAM.rawValue), 0) }
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

  func connect(to text: String, port: UInt16) throws -> FileDescriptor {
    let client = try stream(text)
    try #require(try withName(text, port) { Glibc.connect(client.number, $0, $1) } == 0)
    return client
  }
}

/// Some connections and the server's ends of them.
private final class Connections {
  private(set) var clients: [Int32] = []
  private var servers: [Int32] = []

  init(
    _ count: Int, from client: Namespace, to address: String, port: UInt16,
    _ listener: borrowing FileDescriptor
  ) throws {
    for _ in 0..<count {
      let descriptor = try client.connect(to: address, port: port)
      clients.append(dup(descriptor.number))
      try #require(becomesReadable(listener.number))
      servers.append(accept(listener.number, nil, nil))
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

private func makePair(_ body: (NamespacePair) throws -> Void) throws {
  try NamespacePair.make { pair in
    for text in ["10.0.0.100/24", "10.0.0.101/24", "fd00::100/64", "fe80::100/64"] {
      try pair.left.ip("addr add \(text) dev eth0 nodad")
    }
    try body(pair)
  }
}

private func reset(
  _ addresses: [String], in pair: NamespacePair, limit: Int = 1 << 16,
  within time: Duration = .seconds(2)
) throws -> ConnectionTable.Result {
  var table = try pair.left.run { try ConnectionTable.open() }
  return try table.reset(
    addresses.map(address), interfaceIndex: pair.left.index(), limit: limit, within: time)
}

@Suite(.inNamespaces) struct ConnectionTableTests {
  @Test("A hundred connections of an address are reset; others and the listeners stay")
  func reset100() throws {
    try makePair { pair in
      let listener = try pair.left.listen(at: "10.0.0.100", port: 80)
      let any = try pair.left.listen(at: "0.0.0.0", port: 81)
      let ours = try Connections(60, from: pair.right, to: "10.0.0.100", port: 80, listener)
      let alsoOurs = try Connections(40, from: pair.right, to: "10.0.0.100", port: 81, any)
      let others = try Connections(5, from: pair.right, to: "10.0.0.1", port: 81, any)
      #expect(
        try LinuxIOTests.reset(["10.0.0.100"], in: pair)
          == ConnectionTable.Result(reset: 100, left: 0))
      #expect(ours.reset() == 60)
      #expect(alsoOurs.reset() == 40)
      #expect(others.idle() == 5)
      let again = try Connections(1, from: pair.right, to: "10.0.0.100", port: 80, listener)
      #expect(again.idle() == 1)
    }
  }

  @Test("IPv6 is reset, and IPv4 that uses a socket of IPv6")
  func dualStack() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let mapped = try Connections(3, from: pair.right, to: "10.0.0.100", port: 80, any)
      let native = try Connections(4, from: pair.right, to: "fd00::100", port: 80, any)
      let otherMapped = try Connections(1, from: pair.right, to: "10.0.0.101", port: 80, any)
      let otherNative = try Connections(1, from: pair.right, to: "fd00::1", port: 80, any)
      #expect(
        try LinuxIOTests.reset(["10.0.0.100"], in: pair)
          == ConnectionTable.Result(reset: 3, left: 0))
      #expect(mapped.reset() == 3)
      #expect(native.idle() == 4)
      #expect(
        try LinuxIOTests.reset(["fd00::100"], in: pair) == ConnectionTable.Result(reset: 4, left: 0)
      )
      #expect(native.reset() == 4)
      #expect(otherMapped.idle() == 1)
      #expect(otherNative.idle() == 1)
    }
  }

  @Test("Several addresses of both families are picked at once, and more than the kernel picks")
  func several() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      for filling in [0, ConnectionTable.filteredAddresses] {
        let first = try Connections(2, from: pair.right, to: "10.0.0.100", port: 80, any)
        let second = try Connections(2, from: pair.right, to: "fd00::100", port: 80, any)
        let third = try Connections(2, from: pair.right, to: "10.0.0.101", port: 80, any)
        let other = try Connections(1, from: pair.right, to: "10.0.0.1", port: 80, any)
        let more = (0..<filling).map { "10.9.0.\($0)" }
        #expect(
          try LinuxIOTests.reset(["10.0.0.100", "fd00::100", "10.0.0.101"] + more, in: pair)
            == ConnectionTable.Result(reset: 6, left: 0))
        #expect(first.reset() + second.reset() + third.reset() == 6)
        #expect(other.idle() == 1)
      }
    }
  }

  @Test("A list of 64 addresses with the one in use at any place finds it")
  func places() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      for place in [0, 1, 31, 63] {
        let ours = try Connections(1, from: pair.right, to: "fd00::100", port: 80, any)
        var addresses = (0..<63).map { $0 % 2 == 0 ? "10.9.0.\($0)" : "fd09::\($0)" }
        addresses.insert("fd00::100", at: place)
        #expect(
          try LinuxIOTests.reset(addresses, in: pair)
            == ConnectionTable.Result(reset: 1, left: 0))
        #expect(ours.reset() == 1)
      }
    }
  }

  @Test("The kernel itself picks the connections of the addresses")
  func picked() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let ipv4 = try pair.left.listen(at: "0.0.0.0", port: 81)
      let all = [
        try Connections(1, from: pair.right, to: "10.0.0.100", port: 80, any),
        try Connections(2, from: pair.right, to: "10.0.0.100", port: 81, ipv4),
        try Connections(4, from: pair.right, to: "fd00::100", port: 80, any),
        try Connections(8, from: pair.right, to: "10.0.0.101", port: 80, any),
        try Connections(16, from: pair.right, to: "10.0.0.101", port: 81, ipv4),
        try Connections(32, from: pair.right, to: "fd00::1", port: 80, any),
      ]
      var socket = try pair.left.run {
        try NetlinkSocket.open(4, receiveBuffer: 1 << 20)
      }
      func told(_ texts: [String], _ family: AddressFamily) throws -> Int {
        let request = try ConnectionTable.request(for: texts.map(address), family)
        return try socket.dump(request) { message, _ in message.type }.count
      }
      #expect(try told(["10.0.0.100"], .ipv4) == 2)
      #expect(try told(["10.0.0.100"], .ipv6) == 1)
      #expect(try told(["fd00::100"], .ipv4) == 0)
      #expect(try told(["fd00::100"], .ipv6) == 4)
      #expect(try told(["10.9.9.9", "10.0.0.101", "fd00::100"], .ipv4) == 16)
      #expect(try told(["fd00::100", "10.9.9.9", "10.0.0.101"], .ipv6) == 12)
      #expect(all.map { $0.idle() } == [1, 2, 4, 8, 16, 32])
    }
  }

  @Test("A connection whose client has said its last is reset; one in TIME-WAIT stays")
  func states() throws {
    try makePair { pair in
      let listener = try pair.left.listen(at: "10.0.0.100", port: 80)
      let port: UInt16 = 80
      // The server closes first and the client answers: TIME-WAIT on the left.
      do {
        let client = try pair.right.connect(to: "10.0.0.100", port: port)
        try #require(becomesReadable(listener.number))
        close(accept(listener.number, nil, nil))
        #expect(becomesReadable(client.number))
      }
      try #require(try pair.left.reaches(1, "time-wait"))
      // The client closes and the server does not: CLOSE-WAIT.
      let half = try Connections(1, from: pair.right, to: "10.0.0.100", port: port, listener)
      shutdown(half.clients[0], Int32(SHUT_WR))
      try #require(try pair.left.reaches(1, "close-wait"))
      #expect(
        try LinuxIOTests.reset(["10.0.0.100"], in: pair)
          == ConnectionTable.Result(reset: 1, left: 0))
      #expect(half.reset() == 1)
      #expect(try pair.left.count("time-wait") == 1)
    }
  }

  @Test("A link-local address counts on its interface alone")
  func linkLocal() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_port = UInt16(80).bigEndian
      name.sin6_scope_id = UInt32(try pair.right.index())
      let bytes = try address("fe80::100").bytes
      withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: bytes) }
      let client = FileDescriptor(
        owning: try pair.right.run { socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0) })
      let connected = withUnsafePointer(to: &name) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(client.number, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
      #expect(connected == 0)
      try #require(becomesReadable(any.number))
      let server = FileDescriptor(owning: accept(any.number, nil, nil))
      var table = try pair.left.run { try ConnectionTable.open() }
      let index = try pair.left.index()
      #expect(
        try table.reset([address("fe80::100")], interfaceIndex: index + 100, within: .seconds(2))
          == ConnectionTable.Result(reset: 0, left: 0))
      #expect(
        try table.reset([address("fe80::100")], interfaceIndex: index, within: .seconds(2))
          == ConnectionTable.Result(reset: 1, left: 0))
      _ = server.number
    }
  }

  @Test("No more than the limit are reset, and what is left is counted")
  func limit() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let mapped = try Connections(3, from: pair.right, to: "10.0.0.100", port: 80, any)
      let native = try Connections(3, from: pair.right, to: "fd00::100", port: 80, any)
      #expect(
        try LinuxIOTests.reset(["10.0.0.100", "fd00::100"], in: pair, limit: 2)
          == ConnectionTable.Result(reset: 2, left: 4))
      #expect(mapped.idle() + native.idle() == 4)
    }
  }

  @Test("Nothing is reset once the time is over, and no address is no connection")
  func time() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let ours = try Connections(2, from: pair.right, to: "10.0.0.100", port: 80, any)
      let result = try? LinuxIOTests.reset(["10.0.0.100"], in: pair, within: .zero)
      #expect(result == nil || result == ConnectionTable.Result(reset: 0, left: 2))
      #expect(try LinuxIOTests.reset([], in: pair) == ConnectionTable.Result(reset: 0, left: 0))
      #expect(ours.idle() == 2)
    }
  }
}

@Suite struct ConnectionFilterTests {
  @Test("Two conditions: the first jumps to the end or to the second, the second decides")
  func program() throws {
    let program = ConnectionFilter.bytes(
      for: [try address("10.0.0.100"), try address("fd00::1")], .ipv6)
    // Code 7: source; 1: jump. Offsets are in the order of the host, which is little-endian here.
    #expect(
      program == [
        7, 16, 20, 0, 2, 32, 0, 0, 0xff, 0xff, 0xff, 0xff, 10, 0, 0, 100,
        1, 4, 32, 0,
        7, 28, 32, 0, 10, 128, 0, 0, 0xff, 0xff, 0xff, 0xff,
        0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
      ])
  }
}
