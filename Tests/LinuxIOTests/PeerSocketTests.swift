import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// The port that the tests use inside their namespaces.
private let port: UInt16 = 9112

private struct Received: Equatable {
  var bytes: [UInt8]
  var source: String
  var local: String
}

private final class End {
  var socket: PeerSocket
  let namespace: Namespace

  init(_ family: AddressFamily, in namespace: Namespace) throws {
    socket = try namespace.run { try PeerSocket.open(family: family, port: port) }
    self.namespace = namespace
  }

  /// Datagrams until there are `count` or nothing comes.
  func receive(_ count: Int, milliseconds: Int32 = 2000) throws -> [Received] {
    var found: [Received] = []
    while found.count < count, becomesReadable(socket.descriptor, milliseconds: milliseconds) {
      _ = try socket.receive(limit: count - found.count) { bytes, route in
        found.append(
          Received(
            bytes: bytes.withUnsafeBufferPointer { Array($0) }, source: "\(route.peer)",
            local: route.local.map { "\($0)" } ?? ""))
      }
    }
    return found
  }

  func send(
    _ datagrams: [[UInt8]], to peer: String, from local: String? = nil, by index: Int32 = 0
  ) throws -> (taken: Int, errors: [SystemError]) {
    let route = PeerSocket.Route(
      to: try #require(IPAddress(peer)), port: port, from: local.flatMap { IPAddress($0) },
      by: index)
    var errors: [SystemError] = []
    let taken = socket.send(datagrams.map { ($0, route) }) { errors.append($1) }
    return (taken, errors)
  }
}

@Suite(.inNamespaces) struct PeerSocketTests {
  @Test(
    "Datagrams arrive with both addresses, in both families",
    arguments: [
      (AddressFamily.ipv4, "10.0.0.1", "10.0.0.2"), (.ipv6, "fd00::1", "fd00::2"),
    ])
  func both(family: AddressFamily, left: String, right: String) throws {
    try NamespacePair.make { pair in
      let sender = try End(family, in: pair.left)
      let receiver = try End(family, in: pair.right)
      #expect(try sender.send([[1, 2, 3], [4]], to: right).taken == 2)
      #expect(
        try receiver.receive(2) == [
          Received(bytes: [1, 2, 3], source: left, local: right),
          Received(bytes: [4], source: left, local: right),
        ])
      #expect(try receiver.receive(1, milliseconds: 0) == [])
    }
  }

  @Test("A link-local address is reached by its interface")
  func linkLocal() throws {
    try NamespacePair.make { pair in
      let sender = try End(.ipv6, in: pair.left)
      let receiver = try End(.ipv6, in: pair.right)
      #expect(try sender.send([[1]], to: "fe80::2", by: pair.left.index()).taken == 1)
      #expect(
        try receiver.receive(1) == [Received(bytes: [1], source: "fe80::1", local: "fe80::2")])
    }
  }

  @Test("An answer leaves from the address that was asked")
  func answer() throws {
    try NamespacePair.make { pair in
      try pair.right.ip("addr add 10.0.0.77/24 dev eth0")
      let left = try End(.ipv4, in: pair.left)
      let right = try End(.ipv4, in: pair.right)
      _ = try left.send([[1]], to: "10.0.0.77")
      let asked = try #require(try right.receive(1).first)
      #expect(asked.local == "10.0.0.77")
      _ = try right.send([[2]], to: asked.source, from: asked.local)
      #expect(try left.receive(1).first?.source == "10.0.0.77")
    }
  }

  @Test(
    "What came to everybody came to an address of this host, or to none",
    arguments: [
      (AddressFamily.ipv4, "10.0.0.255", "10.0.0.1", "10.0.0.2"),
      (.ipv6, "ff02::1", "fe80::1", ""),
    ])
  func everybody(family: AddressFamily, group: String, source: String, local: String) throws {
    try NamespacePair.make { pair in
      let sender = try End(family, in: pair.left)
      let receiver = try End(family, in: pair.right)
      try SocketOptions(of: sender.socket.descriptor)
        .set(SOL_SOCKET, SO_BROADCAST, Int32(1), name: "SO_BROADCAST")
      #expect(try sender.send([[1]], to: group, by: pair.left.index()).taken == 1)
      #expect(try receiver.receive(1) == [Received(bytes: [1], source: source, local: local)])
    }
  }

  @Test("More than a batch leaves and arrives, in its order")
  func batches() throws {
    try NamespacePair.make { pair in
      let sender = try End(.ipv4, in: pair.left)
      let receiver = try End(.ipv4, in: pair.right)
      let datagrams = (0..<200).map { [UInt8](repeating: UInt8($0), count: 1400) }
      #expect(try sender.send(datagrams, to: "10.0.0.2").taken == 200)
      #expect(try receiver.receive(200).map(\.bytes) == datagrams)
    }
  }

  @Test("What nobody listens to costs an ICMP error, which stops nothing")
  func refused() throws {
    try NamespacePair.make { pair in
      let sender = try End(.ipv4, in: pair.left)
      for _ in 0..<5 {
        #expect(try sender.send([[1]], to: "10.0.0.2").taken == 1)
        #expect(try sender.receive(1, milliseconds: 20) == [])
      }
      let receiver = try End(.ipv4, in: pair.right)
      #expect(try sender.send([[9]], to: "10.0.0.2").taken == 1)
      #expect(try receiver.receive(1).map(\.bytes) == [[9]])
    }
  }

  @Test("A datagram that cannot leave is passed over, and the others leave")
  func unreachable() throws {
    try NamespacePair.make { pair in
      let sender = try End(.ipv4, in: pair.left)
      let receiver = try End(.ipv4, in: pair.right)
      let good = PeerSocket.Route(to: try #require(IPAddress("10.0.0.2")), port: port)
      let bad = PeerSocket.Route(to: try #require(IPAddress("203.0.113.1")), port: port)
      var errors: [SystemError] = []
      let taken = sender.socket.send([([1], bad), ([2], good), ([3], bad), ([4], good)]) {
        errors.append($1)
      }
      #expect(taken == 2)
      #expect(errors.allSatisfy { $0 == SystemError("sendmmsg", ENETUNREACH) })
      #expect(errors.count == 2)
      #expect(try receiver.receive(2).map(\.bytes) == [[2], [4]])
    }
  }

  @Test("What finds no room is counted")
  func drops() throws {
    try NamespacePair.make { pair in
      let sender = try End(.ipv4, in: pair.left)
      let receiver = try End(.ipv4, in: pair.right)
      let datagrams = [[UInt8]](repeating: [UInt8](repeating: 0, count: 1400), count: 64)
      for _ in 0..<60 { _ = try sender.send(datagrams, to: "10.0.0.2") }
      while try receiver.receive(64, milliseconds: 100).count == 64 {}
      _ = try sender.send([[1]], to: "10.0.0.2")
      _ = try receiver.receive(1)
      #expect(receiver.socket.drops > 0)
    }
  }

  @Test("Both families share a port, and a second socket of one is refused")
  func taken() throws {
    try NamespacePair.make { pair in
      _ = try End(.ipv4, in: pair.left)
      let first = try End(.ipv4, in: pair.left)
      _ = try End(.ipv6, in: pair.left)
      #expect(throws: SystemError("bind", EADDRINUSE)) { try End(.ipv4, in: pair.left) }
      _ = first
    }
  }
}
