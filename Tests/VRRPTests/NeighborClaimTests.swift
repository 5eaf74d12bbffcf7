import Testing

@testable import VRRP

private let markedARP =
  """
  ffffffffffff 02000000000a 0806 0001 0800 06 04 0001 02000000000a c00002fe 02000000000a c00002fe \
  47445754 01 33 96 00 c0000201 000000000000
  """
private let markedNeighbor =
  """
  333300000001 02000000000a 86dd 60000000 0040 3a ff fe800000000000000000000000000061 \
  ff020000000000000000000000000001 88 00 a55e a0000000 fe800000000000000000000000000061 \
  02 01 02000000000a fd 04 47445754 01 33 96 00 fe800000000000000000000000000001 000000000000
  """
private let probe =
  """
  ffffffffffff 02000000000a 0806 0001 0800 06 04 0001 02000000000a 00000000 000000000000 c00002fe
  """
private let duplicateProbe =
  """
  3333ffabcdef 02000000000a 86dd 60000000 0018 3a ff 00000000000000000000000000000000 \
  ff0200000000000000000001ffabcdef 87 00 9db9 00000000 20010db8000000000000000012abcdef
  """

private let a = HardwareAddress(2, 0, 0, 0, 0, 0x0a)
private let b = HardwareAddress(2, 0, 0, 0, 0, 0x0b)
private let c = HardwareAddress(2, 0, 0, 0, 0, 0x0c)

private func mark(_ primary: String) throws -> ClaimMark {
  ClaimMark(
    identifier: try identifier(51), priority: Priority(150), primary: try address(primary))
}

private func claim(_ hex: String) throws -> NeighborClaim? {
  NeighborClaim(frame: try octets(hex))
}

/// A claim as it is written in a table.
private struct Expected {
  let what: String
  let hex: String
  let claim: NeighborClaim?

  init(_ what: String, _ hex: String, _ claim: NeighborClaim?) {
    self.what = what
    self.hex = hex
    self.claim = claim
  }
}

@Suite("Marks and claims")
struct NeighborClaimTests {
  // MARK: Marks

  @Test("A marked gratuitous ARP has 60 bytes: the packet, then the mark as padding")
  func marksARP() throws {
    var frame: [UInt8] = []
    GratuitousARP(
      .request, hardwareAddress: a, address: IPv4Address(192, 0, 2, 254),
      mark: try mark("192.0.2.1")
    ).append(to: &frame)
    #expect(frame == (try octets(markedARP)))
    #expect(frame.count == ARPPacket.markedFrameLength)
    #expect(ARPPacket(frame: frame)?.mark == (try mark("192.0.2.1")))
  }

  @Test("A marked Neighbor Advertisement has 118 bytes: the mark is its last option")
  func marksNeighborAdvertisement() throws {
    guard case .v6(let address) = try address("fe80::61") else { return }
    var frame: [UInt8] = []
    UnsolicitedNeighborAdvertisement(
      hardwareAddress: a, address: address, mark: try mark("fe80::1")
    ).append(to: &frame)
    #expect(frame == (try octets(markedNeighbor)))
    #expect(frame.count == UnsolicitedNeighborAdvertisement.markedFrameLength)
    let decoded = try #require(NeighborAdvertisement(frame: frame))
    #expect(decoded.mark == (try mark("fe80::1")))
    #expect(decoded.targetHardware == a)
  }

  @Test("A mark of the other family's address makes a frame of the same length without a mark")
  func otherFamily() throws {
    var frame: [UInt8] = []
    GratuitousARP(
      .request, hardwareAddress: a, address: IPv4Address(192, 0, 2, 254), mark: try mark("fe80::1")
    ).append(to: &frame)
    #expect(frame.count == 60)
    #expect(ARPPacket(frame: frame)?.mark == nil)
  }

  /// What stands behind the 42 bytes.
  @Test(
    "Padding that is not exactly a mark is padding",
    arguments: [
      "", "00", "000000000000000000000000000000000000",
      // One byte short, another magic, another version, VRID 0, no primary address, a group.
      "4744575401339600c00002010000000000", "4744575501339600c0000201000000000000",
      "4744575402339600c0000201000000000000", "4744575401009600c0000201000000000000",
      "474457540133960000000000000000000000", "4744575401339600e0000012000000000000",
    ])
  func otherPadding(_ padding: String) throws {
    let packet = markedARP.filter { $0 != " " }.prefix(84)
    let frame = try octets(packet + padding)
    #expect(try #require(ARPPacket(frame: frame)).mark == nil)
  }

  @Test("What a later version may put into the reserved bytes does not hide the mark")
  func reserved() throws {
    var frame = try octets(markedARP)
    frame[49] = 1
    frame[59] = 0xff
    #expect(ARPPacket(frame: frame)?.mark == (try mark("192.0.2.1")))
  }

  @Test("An option of type 253 that is another experiment is passed over")
  func otherExperiment() throws {
    let frame = try octets(
      """
      333300000001 02000000000a 86dd 60000000 0020 3a ff fe800000000000000000000000000061 \
      ff020000000000000000000000000001 88 00 d4ce a0000000 fe800000000000000000000000000061 \
      fd01010203040506
      """)
    let decoded = try #require(NeighborAdvertisement(frame: frame))
    #expect(decoded.mark == nil)
    #expect(decoded.targetHardware == nil)
  }

  // MARK: Probes

  @Test("An ARP Probe asks with the sender address 0 and touches no cache")
  func probesIPv4() throws {
    var frame: [UInt8] = []
    AddressProbe(hardwareAddress: a, address: try address("192.0.2.254")).append(to: &frame)
    #expect(frame == (try octets(probe)))
    #expect(frame.count == AddressProbe.frameLength(.ipv4))
  }

  @Test("The probe of an IPv6 address goes from :: to its solicited-node group, without options")
  func probesIPv6() throws {
    var frame: [UInt8] = []
    AddressProbe(hardwareAddress: a, address: try address("2001:db8::12ab:cdef"))
      .append(to: &frame)
    #expect(frame == (try octets(duplicateProbe)))
    #expect(frame.count == AddressProbe.frameLength(.ipv6))
    let decoded = try #require(NeighborSolicitation(frame: frame))
    #expect(decoded.isProbe)
    #expect(IPAddress.v6(decoded.target) == (try address("2001:db8::12ab:cdef")))
  }

  // MARK: Claims

  private static func expected() throws -> [Expected] {
    let v4 = try address("192.0.2.254")
    let v6 = try address("fe80::61")
    return [
      Expected(
        "a marked announcement", markedARP,
        NeighborClaim(address: v4, hardware: a, kind: .claims, mark: try mark("192.0.2.1"))),
      Expected(
        "an ordinary request from the address",
        "ffffffffffff02000000000b0806000108000604000102000000000bc00002fe000000000000c0000207",
        NeighborClaim(address: v4, hardware: b, kind: .claims)),
      Expected(
        "a reply to a probe, sent by another source than it names",
        "02000000000a02000000000c0806000108000604000202000000000bc00002fe02000000000a00000000",
        NeighborClaim(address: v4, hardware: b, kind: .claims)),
      Expected("a probe", probe, NeighborClaim(address: v4, hardware: a, kind: .probes)),
      Expected(
        "a reply from no address",
        "02000000000a02000000000b0806000108000604000202000000000b0000000002000000000ac00002fe", nil
      ),
      Expected(
        "a probe for no address",
        "ffffffffffff02000000000b0806000108000604000102000000000b0000000000000000000000000000", nil
      ),
      Expected(
        "a request from a group",
        "ffffffffffff02000000000b0806000108000604000102000000000be0000012000000000000c0000207", nil
      ),
      Expected(
        "a request from the broadcast address",
        "ffffffffffff02000000000b0806000108000604000102000000000bffffffff000000000000c0000207", nil
      ),
      Expected(
        "a marked advertisement", markedNeighbor,
        NeighborClaim(address: v6, hardware: a, kind: .claims, mark: try mark("fe80::1"))),
      Expected(
        "an answer without link-layer address",
        """
        02000000000b 02000000000c 86dd 60000000 0018 3a ff fe800000000000000000000000000061 \
        fe800000000000000000000000000002 88 00 1b66 60000000 fe800000000000000000000000000061
        """,
        NeighborClaim(address: v6, hardware: c, kind: .claims)),
      Expected(
        "a probe with a nonce",
        """
        3333ff000061 02000000000b 86dd 60000000 0020 3a ff 00000000000000000000000000000000 \
        ff0200000000000000000001ff000061 87 00 6450 00000000 fe800000000000000000000000000061 \
        0e01010203040506
        """,
        NeighborClaim(address: v6, hardware: b, kind: .probes)),
      Expected(
        "the resolution of the address",
        """
        3333ff000061 02000000000b 86dd 60000000 0020 3a ff fe800000000000000000000000000002 \
        ff0200000000000000000001ff000061 87 00 79ce 00000000 fe800000000000000000000000000061 \
        010102000000000b
        """, nil),
      Expected(
        "a probe with a link-layer address (RFC 4861 section 7.1.1)",
        """
        3333ff000061 02000000000b 86dd 60000000 0020 3a ff 00000000000000000000000000000000 \
        ff0200000000000000000001ff000061 87 00 7851 00000000 fe800000000000000000000000000061 \
        010102000000000b
        """, nil),
      Expected(
        "a probe to all nodes (RFC 4861 section 7.1.1)",
        """
        333300000001 02000000000b 86dd 60000000 0018 3a ff 00000000000000000000000000000000 \
        ff020000000000000000000000000001 87 00 7ac7 00000000 fe800000000000000000000000000061
        """, nil),
      Expected("nothing", "", nil),
    ]
  }

  @Test("A frame tells who has or wants an address, or nothing")
  func claims() throws {
    for expected in try Self.expected() {
      #expect(try claim(expected.hex) == expected.claim, "\(expected.what)")
    }
  }

  @Test("A frame cut short says nothing, and none of its bits can make the parser stumble")
  func hostile() throws {
    for hex in [markedARP, markedNeighbor, probe, duplicateProbe] {
      let golden = try octets(hex)
      let shortest = golden[12] == 0x08 ? ARPPacket.frameLength : golden.count
      for length in 0..<golden.count {
        let cut = NeighborClaim(frame: Array(golden[..<length]))
        #expect((cut == nil) == (length < shortest), "\(length) bytes of \(hex)")
      }
      for byte in golden.indices {
        for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
          var frame = golden
          frame[byte] = value
          _ = NeighborClaim(frame: frame)
          // Past the checksum, which would hide the rest of the parser.
          guard golden[12] == 0x86, byte >= 54 else { continue }
          #expect(NeighborClaim(frame: frame) == nil || frame == golden)
          frame.replaceWord(at: 56, with: 0)
          var sum = InternetChecksum()
          sum.add(frame.span.extracting(54...))
          sum.addPseudoHeader(
            from: frame.span.address(at: 22, .ipv6), to: frame.span.address(at: 38, .ipv6),
            protocolNumber: 58, length: frame.count - 54)
          frame.replaceWord(at: 56, with: sum.field)
          _ = NeighborClaim(frame: frame)
        }
      }
    }
  }
}
