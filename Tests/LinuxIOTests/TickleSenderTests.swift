import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// The server dies without a word and another host gets its address: here the left side loses its
/// sockets while the cable is cut.
private func die(_ connections: Connections, in pair: NamespacePair) throws {
  try pair.left.ip("link set eth0 down")
  for server in connections.servers {
    // No FIN gets out, and none is sent again: the connection is gone without a word.
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(server, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
    dup2(null, server)
    close(null)
  }
  // A program that is just being started may have had them until now.
  try #require(try pair.left.reaches(0, "established"))
}

@Suite(.inNamespaces) struct TickleSenderTests {
  @Test(
    "An idle client whose server has gone learns it from one segment",
    arguments: ["10.0.0.100", "fd00::100", "fe80::100"])
  func told(_ text: String) throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let scope = Int32(bitPattern: UInt32(try pair.right.index()))
      let ours = try Connections(3, from: pair.right, to: text, port: 80, any, scope: scope)
      let local = try address(text)
      let clients = Array(try ours.seen(by: local, port: 80))
      try die(ours, in: pair)
      try pair.left.ip("link set eth0 up")
      for (address, length) in [
        ("fd00::1", 64), ("fd00::100", 64), ("fe80::1", 64), ("fe80::100", 64),
      ] {
        // They left with the interface.
        try pair.left.ip("addr replace \(address)/\(length) dev eth0 nodad")
      }
      #expect(ours.idle() == 3)
      let sender = try pair.left.run { try TickleSender.open() }
      let result = sender.send(
        clients[...], local.family, interfaceIndex: try pair.left.index())
      #expect(result == TickleSender.Result(sent: 3))
      #expect(ours.reset() == 3)
    }
  }

  @Test("A second segment right behind the first is answered: no limit for segments with data")
  func repeated() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let ours = try Connections(1, from: pair.right, to: "10.0.0.100", port: 80, any)
      let clients = Array(try ours.seen(by: try address("10.0.0.100"), port: 80))
      let sender = try pair.left.run { try TickleSender.open() }
      let index = try pair.left.index()
      // The server's host knows the connection: it stays, however often the client is asked.
      for _ in 0..<3 {
        #expect(sender.send(clients[...], .ipv4, interfaceIndex: index).sent == 1)
      }
      #expect(ours.idle() == 1)
      try die(ours, in: pair)
      try pair.left.ip("link set eth0 up")
      #expect(sender.send(clients[...], .ipv4, interfaceIndex: index).sent == 1)
      #expect(ours.reset() == 1)
    }
  }

  @Test("Who cannot be reached is counted, and those behind it get their segment")
  func failures() throws {
    try makePair { pair in
      let any = try pair.left.listen(at: "::", port: 80)
      let ours = try Connections(1, from: pair.right, to: "10.0.0.100", port: 80, any)
      let local = try address("10.0.0.100")
      let ghosts = (1...3).map { number in
        TCPConnection(
          local: local, localPort: 80, remote: .v4(IPv4Address(192, 0, 2, UInt8(number))),
          remotePort: 1)
      }
      let clients = ghosts + Array(try ours.seen(by: local, port: 80))
      try die(ours, in: pair)
      try pair.left.ip("link set eth0 up")
      let sender = try pair.left.run { try TickleSender.open() }
      let result = sender.send(clients[...], .ipv4, interfaceIndex: try pair.left.index())
      #expect(
        result
          == TickleSender.Result(
            sent: 1, failed: 3, failure: SystemError("sendmmsg", ENETUNREACH)))
      #expect(ours.reset() == 1)
    }
  }

  @Test("One call takes 64 segments and no more")
  func batch() throws {
    try makePair { pair in
      let local = try address("10.0.0.100")
      let clients = (0..<100).map { number in
        TCPConnection(
          local: local, localPort: 80, remote: .v4(IPv4Address(10, 0, 0, 2)),
          remotePort: UInt16(1000 + number))
      }
      let sender = try pair.left.run { try TickleSender.open() }
      let result = sender.send(clients[...], .ipv4, interfaceIndex: try pair.left.index())
      #expect(result == TickleSender.Result(sent: 64))
    }
  }
}
