import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// Lists to the end: what is in each scope, and how many steps it took.
private func survey(
  _ scopes: [ConnectionScope], in namespace: Namespace, halfOpen: Bool = false
) throws -> (found: [[TCPConnection]], steps: Int) {
  var survey = try namespace.run { try ConnectionSurvey.start(scopes, halfOpen: halfOpen) }
  var found = Array(repeating: [TCPConnection](), count: scopes.count)
  var steps = 0
  var isOver = false
  while !isOver {
    try #require(becomesReadable(survey.descriptor, milliseconds: 0))
    isOver = try survey.proceed { found[$0].append($1) }
    steps += 1
  }
  return (found, steps)
}

extension Connections {
  /// The connections as the server's host sees them.
  func seen(by address: IPAddress, port: UInt16) throws -> Set<TCPConnection> {
    Set(
      try clients.map { client in
        var name = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &name) {
          $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(client, $0, &length) }
        }
        try #require(result == 0)
        return withUnsafeBytes(of: &name) { bytes in
          let isIPv4 = Int32(bytes.loadUnaligned(as: sa_family_t.self)) == AF_INET
          let remote = IPAddress(bytes: bytes[isIPv4 ? 4..<8 : 8..<24])
          return TCPConnection(
            local: address, localPort: port, remote: remote ?? address,
            remotePort: UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        }
      })
  }
}

@Suite(.inNamespaces) struct ConnectionSurveyTests {
  @Test("Each scope has its connections with all four numbers, IPv4 in IPv6 sockets included")
  func both() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let ipv4 = try pair.left.listen(at: "10.0.0.100", port: 81)
      let mapped = try Connections(3, from: pair.right, to: "10.0.0.100", port: 80, any)
      let plain = try Connections(2, from: pair.right, to: "10.0.0.100", port: 81, ipv4)
      let native = try Connections(4, from: pair.right, to: "fd00::100", port: 80, any)
      let others = [
        try Connections(1, from: pair.right, to: "10.0.0.1", port: 80, any),
        try Connections(1, from: pair.right, to: "10.0.0.101", port: 80, any),
      ]
      let (four, six) = (try address("10.0.0.100"), try address("fd00::100"))
      let index = try pair.left.index()
      let (found, _) = try survey(
        [
          ConnectionScope(addresses: [four], interfaceIndex: index),
          ConnectionScope(addresses: [six], interfaceIndex: index),
        ], in: pair.left)
      #expect(found[0].count == 5)
      #expect(
        Set(found[0])
          == (try mapped.seen(by: four, port: 80)).union(try plain.seen(by: four, port: 81)))
      #expect(found[1].count == 4)
      #expect(Set(found[1]) == (try native.seen(by: six, port: 80)))
      #expect(others.map { $0.idle() } == [1, 1])
    }
  }

  @Test("Only connections to the ports are listed")
  func ports() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let other = try pair.left.listen(at: "::", port: 81)
      let ours = try Connections(2, from: pair.right, to: "10.0.0.100", port: 81, other)
      let others = try Connections(3, from: pair.right, to: "10.0.0.100", port: 80, any)
      let four = try address("10.0.0.100")
      let (found, _) = try survey(
        [ConnectionScope(addresses: [four], interfaceIndex: 1, ports: [81])], in: pair.left)
      #expect(Set(found[0]) == (try ours.seen(by: four, port: 81)))
      #expect(others.idle() == 3)
    }
  }

  @Test("Sockets that listen, and connections in TIME-WAIT, are not listed")
  func states() throws {
    try makePair { pair in
      let listener = try pair.left.listen(at: "10.0.0.100", port: 80)
      do {
        let client = try pair.right.connect(to: "10.0.0.100", port: 80)
        try #require(becomesReadable(listener.number))
        close(accept(listener.number, nil, nil))
        #expect(becomesReadable(client.number))
      }
      try #require(try pair.left.reaches(1, "time-wait"))
      let scope = ConnectionScope(addresses: [try address("10.0.0.100")], interfaceIndex: 1)
      #expect(try survey([scope], in: pair.left).found == [[]])
    }
  }

  @Test(
    "A half-open connection is listed only where that is asked for, and reset unless it is spared")
  func halfOpen() throws {
    try makePair { pair in
      let listener = try pair.left.listen(at: "10.0.0.100", port: 80)
      // Its client never hears the answer.
      try pair.right.ip("route add blackhole 10.0.0.100 table 100")
      try run("ip netns exec \(pair.right.name) nft add table ip t")
      try run(
        "ip netns exec \(pair.right.name) nft add chain ip t c"
          + " '{ type filter hook input priority 0 ; }'")
      try run("ip netns exec \(pair.right.name) nft add rule ip t c tcp sport 80 drop")
      let client = FileDescriptor(
        owning: try pair.right.run {
          socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        })
      _ = try withName("10.0.0.100", 80) { connect(client.number, $0, $1) }
      try #require(try pair.left.reaches(1, "syn-recv"))
      let scope = ConnectionScope(addresses: [try address("10.0.0.100")], interfaceIndex: 1)
      #expect(try survey([scope], in: pair.left).found == [[]])
      let found = try survey([scope], in: pair.left, halfOpen: true).found
      #expect(found.map { $0.map(\.localPort) } == [[80]])
      var sparing = scope
      sparing.sparesHalfOpen = true
      #expect(
        try reset([sparing], in: pair.left) == [ConnectionReset.Result(reset: 0, left: 0)])
      // Else a reset ends it too.
      #expect(
        try reset([scope], in: pair.left) == [ConnectionReset.Result(reset: 1, left: 0)])
      _ = listener.number
    }
  }

  @Test("A thousand connections come in several steps")
  func thousand() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let ours = try Connections(1000, from: pair.right, to: "10.0.0.100", port: 80, any)
      let four = try address("10.0.0.100")
      let (found, steps) = try survey(
        [ConnectionScope(addresses: [four], interfaceIndex: 1)], in: pair.left)
      #expect(Set(found[0]) == (try ours.seen(by: four, port: 80)))
      #expect(steps > 3)
    }
  }

  @Test("Without connections a survey ends, and without an address none begins")
  func none() throws {
    try makePair { pair in
      let scope = ConnectionScope(addresses: [try address("fd00::100")], interfaceIndex: 1)
      #expect(try survey([scope], in: pair.left).found == [[]])
      #expect(throws: SystemError("sock_diag dump", EINVAL)) { try survey([], in: pair.left) }
    }
  }
}
