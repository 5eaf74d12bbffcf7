import Testing

@testable import VRRP

@Suite("Segments that tell a client")
struct TickleSegmentTests {
  /// A connection and its packet, made by another program.
  struct Example: Sendable {
    var local: String
    var localPort: UInt16
    var remote: String
    var remotePort: UInt16
    var packet: String
  }

  static let examples = [
    Example(
      local: "10.77.0.100", localPort: 5432, remote: "10.77.0.3", remotePort: 33_710,
      packet: "4500002900004000ff0666ce0a4d00640a4d0003"
        + "153883ae0000000000000000501004d2fd1a000000"),
    Example(
      local: "192.0.2.100", localPort: 65_535, remote: "203.0.113.7", remotePort: 1,
      packet: "4500002900004000ff067d62c0000264cb007107"
        + "ffff00010000000000000000501004d2ac94000000"),
    Example(
      local: "2001:db8::100", localPort: 5432, remote: "2001:db8:1::beef", remotePort: 50_000,
      packet: "600000000015064020010db800000000000000000000010020010db800010000000000000000beef"
        + "1538c3500000000000000000501004d2b716000000"),
    Example(
      local: "fe80::34", localPort: 6379, remote: "fe80::1", remotePort: 40_000,
      packet: "6000000000150640fe800000000000000000000000000034fe800000000000000000000000000001"
        + "18eb9c400000000000000000501004d2f89f000000"),
  ]

  @Test("The packet has an ACK out of the window and one byte, from the address that has moved")
  func packets() throws {
    for example in Self.examples {
      let connection = TCPConnection(
        local: try address(example.local), localPort: example.localPort,
        remote: try address(example.remote), remotePort: example.remotePort)
      var packet: [UInt8] = []
      try #require(TickleSegment(connection)).append(to: &packet)
      #expect(packet == (try octets(example.packet)))
      #expect(packet.count == TickleSegment.packetLength(connection.local.family))
    }
  }

  @Test("A second packet lies behind the first, with checksums of its own")
  func appends() throws {
    var packets: [UInt8] = []
    for example in Self.examples.prefix(2) {
      let connection = TCPConnection(
        local: try address(example.local), localPort: example.localPort,
        remote: try address(example.remote), remotePort: example.remotePort)
      try #require(TickleSegment(connection)).append(to: &packets)
    }
    #expect(packets == (try octets(Self.examples[0].packet + Self.examples[1].packet)))
  }

  @Test("There is none between addresses of two families")
  func families() throws {
    let connection = TCPConnection(
      local: try #require(IPAddress("10.0.0.1")), localPort: 1,
      remote: try #require(IPAddress("fd00::1")), remotePort: 2)
    #expect(TickleSegment(connection) == nil)
  }

  @Test("An IPv4 packet has 41 bytes, an IPv6 packet 61")
  func lengths() {
    #expect(TickleSegment.packetLength(.ipv4) == 41)
    #expect(TickleSegment.packetLength(.ipv6) == 61)
  }
}
