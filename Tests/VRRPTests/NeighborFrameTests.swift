import Testing

@testable import VRRP

@Suite("ARP and Neighbor Advertisement frames")
struct NeighborFrameTests {
  @Test(
    "An ARP frame decodes to its fields",
    arguments: try GoldenPacket.all(["arp"], ["encode-decode", "decode"]))
  func decodesARP(_ golden: GoldenPacket) throws {
    #expect(ARPPacket(frame: try octets(golden.hex)) == (try arp(golden)))
  }

  @Test(
    "An ARP frame made from its fields is the golden one",
    arguments: try GoldenPacket.all(["arp"], ["encode-decode", "decode"]))
  func encodesARP(_ golden: GoldenPacket) throws {
    var frame: [UInt8] = []
    try arp(golden).append(to: &frame)
    #expect(frame == (try octets(golden.hex)))
  }

  static let gratuitous: [(ARPPacket.Operation, String)] = [(.request, "G21"), (.reply, "G24")]

  @Test("A gratuitous ARP from the virtual MAC is the golden one", arguments: gratuitous)
  func gratuitousARP(_ operation: ARPPacket.Operation, _ id: String) throws {
    let golden = try #require(try GoldenPacket.all().first { $0.id == id })
    var frame: [UInt8] = []
    GratuitousARP(
      operation, hardwareAddress: .virtualRouter(try identifier(51), .ipv4),
      address: IPv4Address(192, 0, 2, 254)
    ).append(to: &frame)
    #expect(frame == (try octets(golden.hex)))
  }

  @Test("A gratuitous ARP from a physical MAC carries it in all three places")
  func physicalGratuitousARP() throws {
    var frame: [UInt8] = [0xaa]
    GratuitousARP(
      .request, hardwareAddress: HardwareAddress(2, 0, 0, 0, 0, 0x0a),
      address: IPv4Address(192, 0, 2, 254)
    ).append(to: &frame)
    #expect(
      frame
        == (try octets(
          """
          aa ffffffffffff 02000000000a 0806 0001 0800 06 04 0001 \
          02000000000a c00002fe 02000000000a c00002fe
          """)))
  }

  @Test("Frames that are not ARP for IPv4 over Ethernet, or cut short, are not decoded")
  func foreignARP() throws {
    let golden = try octets(
      "ffffffffffff00005e0001330806000108000604000100005e000133c00002fe00005e000133c00002fe")
    for length in 0..<golden.count {
      #expect(ARPPacket(frame: Array(golden[..<length])) == nil)
    }
    for offset in 12..<20 {
      var frame = golden
      frame[offset] ^= 1
      #expect(ARPPacket(frame: frame) == nil)
    }
    var frame = golden
    frame[21] = 3
    #expect(ARPPacket(frame: frame) == nil)
    #expect(ARPPacket(frame: (golden + [UInt8](repeating: 0, count: 18))) != nil)
  }

  static let neighborUses: Set<String> = ["encode-decode", "must-not-send"]

  @Test(
    "A Neighbor Advertisement decodes to its fields",
    arguments: try GoldenPacket.all(["neighbor-advertisement"], neighborUses))
  func decodesNeighborAdvertisement(_ golden: GoldenPacket) throws {
    #expect(
      NeighborAdvertisement(frame: try octets(golden.hex)) == (try neighbor(golden)))
  }

  @Test(
    "A Neighbor Advertisement made from its fields is the golden one",
    arguments: try GoldenPacket.all(["neighbor-advertisement"], neighborUses))
  func encodesNeighborAdvertisement(_ golden: GoldenPacket) throws {
    var frame: [UInt8] = []
    try neighbor(golden).append(to: &frame)
    #expect(frame == (try octets(golden.hex)))
  }

  static let announced: [(String, String)] = [("fe80::61", "G28"), ("2001:db8::61", "G29")]

  @Test(
    "An unsolicited Neighbor Advertisement from the virtual MAC is the golden one",
    arguments: announced)
  func unsolicitedIsGolden(_ text: String, _ id: String) throws {
    let golden = try #require(try GoldenPacket.all().first { $0.id == id })
    let frame = try announcement(text, .virtualRouter(try identifier(61), .ipv6))
    #expect(frame == (try octets(golden.hex)))
  }

  @Test("An unsolicited Neighbor Advertisement never clears the router flag (G30)")
  func routerFlag() throws {
    let golden = try #require(try GoldenPacket.all().first { $0.id == "G30" })
    let sent = try announcement("fe80::61", .virtualRouter(try identifier(61), .ipv6))
    #expect(sent != (try octets(golden.hex)))
    let physical = try announcement("fe80::61", HardwareAddress(2, 0, 0, 0, 0, 0x0a))
    let decoded = try #require(NeighborAdvertisement(frame: physical))
    #expect(decoded.isRouter && !decoded.isSolicited && decoded.overrides)
    #expect(decoded.sourceHardware == HardwareAddress(2, 0, 0, 0, 0, 0x0a))
    #expect(decoded.targetHardware == HardwareAddress(2, 0, 0, 0, 0, 0x0a))
  }

  @Test("A Neighbor Advertisement cut short, or with one wrong bit in its message, is not decoded")
  func damagedNeighborAdvertisement() throws {
    let golden = try announcement("fe80::61", .virtualRouter(try identifier(61), .ipv6))
    for length in 0..<golden.count {
      #expect(NeighborAdvertisement(frame: Array(golden[..<length])) == nil)
    }
    for bit in (54 * 8)..<(golden.count * 8) {
      var frame = golden
      frame[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(NeighborAdvertisement(frame: frame) == nil, "bit \(bit)")
    }
    #expect(NeighborAdvertisement(frame: (golden + [0, 0])) != nil)
  }

  /// What replaces the option of the frame: a length of 0, one past the end, half an option.
  @Test(
    "A Neighbor Advertisement with a bad option is not decoded",
    arguments: ["0200", "0202", "0280"])
  func badOption(_ option: String) throws {
    var frame = try announcement("fe80::61", .virtualRouter(try identifier(61), .ipv6))
    frame.replaceSubrange(78..<80, with: try octets(option))
    frame.replaceWord(at: 56, with: 0)
    var sum = InternetChecksum()
    sum.add(frame.span.extracting(54...))
    sum.addPseudoHeader(
      from: try address("fe80::61"), to: try address("ff02::1"), protocolNumber: 58, length: 32)
    frame.replaceWord(at: 56, with: sum.field)
    #expect(NeighborAdvertisement(frame: frame) == nil)
  }

  private func announcement(_ text: String, _ hardware: HardwareAddress) throws -> [UInt8] {
    guard case .v6(let address) = try address(text) else { throw BadTestData(text: text) }
    var frame: [UInt8] = []
    UnsolicitedNeighborAdvertisement(hardwareAddress: hardware, address: address)
      .append(to: &frame)
    return frame
  }

  private func arp(_ golden: GoldenPacket) throws -> ARPPacket {
    let fields = try #require(golden.decoded.arp)
    return ARPPacket(
      destination: try hardwareAddress(golden.decoded.ethernet.destination),
      source: try hardwareAddress(golden.decoded.ethernet.source),
      operation: try #require(ARPPacket.Operation(rawValue: fields.operation)),
      senderHardware: try hardwareAddress(fields.senderMac),
      sender: try #require(IPv4Address(fields.senderAddress)),
      targetHardware: try hardwareAddress(fields.targetMac),
      target: try #require(IPv4Address(fields.targetAddress)))
  }

  private func neighbor(_ golden: GoldenPacket) throws -> NeighborAdvertisement {
    let fields = try #require(golden.decoded.icmpv6)
    let network = try #require(golden.decoded.ipv6)
    return NeighborAdvertisement(
      destinationHardware: try hardwareAddress(golden.decoded.ethernet.destination),
      sourceHardware: try hardwareAddress(golden.decoded.ethernet.source),
      source: try #require(IPv6Address(network.source)),
      destination: try #require(IPv6Address(network.destination)), isRouter: fields.router,
      isSolicited: fields.solicited, overrides: fields.override,
      target: try #require(IPv6Address(fields.target)),
      targetHardware: try fields.targetMac.map(hardwareAddress))
  }
}
