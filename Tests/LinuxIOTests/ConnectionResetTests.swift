import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// Resets to the end, and waits for the descriptor in between as the event loop does.
func reset(
  _ scopes: [ConnectionScope], in namespace: Namespace, limit: Int = 1 << 16,
  within time: Duration = .seconds(60), eachStep: () -> Void = {}
) throws -> [ConnectionReset.Result] {
  var reset = try namespace.run {
    try ConnectionReset.start(scopes, limit: limit, until: Clock.now() + time)
  }
  while true {
    let isReady = becomesReadable(reset.descriptor, milliseconds: 0)
    // The kernel has answered before the call came back: there is always something to read.
    try #require(isReady)
    let isOver = try reset.proceed(at: Clock.now())
    eachStep()
    if isOver { return reset.results }
  }
}

private func reset(
  _ addresses: [String], in pair: NamespacePair, ports: Set<UInt16> = [], limit: Int = 1 << 16,
  within time: Duration = .seconds(60)
) throws -> ConnectionReset.Result {
  let scope = ConnectionScope(
    addresses: try addresses.map(address), interfaceIndex: try pair.left.index(), ports: ports)
  return try #require(
    try LinuxIOTests.reset([scope], in: pair.left, limit: limit, within: time).first)
}

@Suite(.inNamespaces) struct ConnectionResetTests {
  @Test("A hundred connections of an address are reset; others and the listeners stay")
  func reset100() throws {
    try makePair { pair in
      let listener = try pair.left.listen(at: "10.0.0.100", port: 80)
      let any = try pair.left.listen(at: "0.0.0.0", port: 81)
      let ours = try Connections(60, from: pair.right, to: "10.0.0.100", port: 80, listener)
      let alsoOurs = try Connections(40, from: pair.right, to: "10.0.0.100", port: 81, any)
      let others = try Connections(5, from: pair.right, to: "10.0.0.1", port: 81, any)
      #expect(
        try reset(["10.0.0.100"], in: pair)
          == ConnectionReset.Result(reset: 100, left: 0))
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
        try reset(["10.0.0.100"], in: pair)
          == ConnectionReset.Result(reset: 3, left: 0))
      #expect(mapped.reset() == 3)
      #expect(native.idle() == 4)
      #expect(
        try reset(["fd00::100"], in: pair) == ConnectionReset.Result(reset: 4, left: 0)
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
      for filling in [0, ConnectionDump.filteredAddresses] {
        let first = try Connections(2, from: pair.right, to: "10.0.0.100", port: 80, any)
        let second = try Connections(2, from: pair.right, to: "fd00::100", port: 80, any)
        let third = try Connections(2, from: pair.right, to: "10.0.0.101", port: 80, any)
        let other = try Connections(1, from: pair.right, to: "10.0.0.1", port: 80, any)
        let more = (0..<filling).map { "10.9.0.\($0)" }
        #expect(
          try reset(["10.0.0.100", "fd00::100", "10.0.0.101"] + more, in: pair)
            == ConnectionReset.Result(reset: 6, left: 0))
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
            == ConnectionReset.Result(reset: 1, left: 0))
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
        let request = try ConnectionDump.request(for: texts.map(address), family)
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
        try reset(["10.0.0.100"], in: pair)
          == ConnectionReset.Result(reset: 1, left: 0))
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
      for (offset, count) in [(Int32(100), 0), (0, 1)] {
        let scope = ConnectionScope(
          addresses: [try address("fe80::100")], interfaceIndex: try pair.left.index() + offset)
        #expect(
          try LinuxIOTests.reset([scope], in: pair.left)
            == [ConnectionReset.Result(reset: count, left: 0)])
      }
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
        try reset(["10.0.0.100", "fd00::100"], in: pair, limit: 2)
          == ConnectionReset.Result(reset: 2, left: 4))
      #expect(mapped.idle() + native.idle() == 4)
    }
  }

  @Test("Nothing is reset once the time is over, and no address is no reset")
  func time() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let ours = try Connections(2, from: pair.right, to: "10.0.0.100", port: 80, any)
      #expect(
        try reset(["10.0.0.100"], in: pair, within: .zero)
          == ConnectionReset.Result(reset: 0, left: 0))
      #expect(ours.idle() == 2)
      #expect(throws: SystemError("sock_diag dump", EINVAL)) { try reset([], in: pair) }
    }
  }

  @Test("Only connections to the ports are reset, and each scope has its own")
  func ports() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let other = try pair.left.listen(at: "::", port: 81)
      let all = [
        try Connections(1, from: pair.right, to: "10.0.0.100", port: 80, any),
        try Connections(2, from: pair.right, to: "10.0.0.100", port: 81, other),
        try Connections(4, from: pair.right, to: "10.0.0.101", port: 80, any),
        try Connections(8, from: pair.right, to: "10.0.0.101", port: 81, other),
      ]
      let index = try pair.left.index()
      let scopes = [
        ConnectionScope(
          addresses: [try address("10.0.0.100")], interfaceIndex: index, ports: [81, 82]),
        ConnectionScope(addresses: [try address("10.0.0.101")], interfaceIndex: index),
      ]
      #expect(
        try LinuxIOTests.reset(scopes, in: pair.left)
          == [ConnectionReset.Result(reset: 2), ConnectionReset.Result(reset: 12)])
      #expect(all.map { $0.idle() } == [1, 0, 0, 0])
    }
  }

  @Test("A thousand connections over both families are reset in steps, and the listener stays")
  func thousand() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let mapped = try Connections(500, from: pair.right, to: "10.0.0.100", port: 80, any)
      let native = try Connections(500, from: pair.right, to: "fd00::100", port: 80, any)
      var steps = 0
      let scope = ConnectionScope(
        addresses: [try address("10.0.0.100"), try address("fd00::100")],
        interfaceIndex: try pair.left.index())
      #expect(
        try LinuxIOTests.reset([scope], in: pair.left) { steps += 1 }
          == [ConnectionReset.Result(reset: 1000, left: 0)])
      // Ten batches and the reading of the list before and after them.
      #expect(steps >= 14)
      #expect(mapped.reset() == 500)
      #expect(native.reset() == 500)
      let again = try Connections(1, from: pair.right, to: "10.0.0.100", port: 80, any)
      #expect(again.idle() == 1)
    }
  }

  @Test("A connection that comes in while others are reset is found by the second look")
  func second() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let first = try Connections(3, from: pair.right, to: "10.0.0.100", port: 80, any)
      let scope = ConnectionScope(
        addresses: [try address("10.0.0.100")], interfaceIndex: try pair.left.index())
      var late: Connections?
      let results = try LinuxIOTests.reset([scope], in: pair.left) {
        // Two steps read the list, the third sends what ends the first three.
        if late == nil, first.idle() == 0 {
          late = try? Connections(2, from: pair.right, to: "10.0.0.100", port: 80, any)
        }
      }
      #expect(results == [ConnectionReset.Result(reset: 5, left: 0)])
      #expect(late?.reset() == 2)
    }
  }
}
