import Testing

@testable import VRRP

@Suite("Golden packets")
struct GoldenPacketTests {
  @Test("The file holds 34 frames, each with a test of its kind and use")
  func census() throws {
    let counts = try Dictionary(
      grouping: GoldenPacket.all(), by: { "\($0.kind) \($0.use)" }
    ).mapValues(\.count)
    #expect(
      counts == [
        "vrrp2 encode-decode": 2, "vrrp2 reject": 1,
        "vrrp3 encode-decode": 14, "vrrp3 decode": 5, "vrrp3 reject": 1,
        "arp encode-decode": 3, "arp decode": 4,
        "neighbor-advertisement encode-decode": 3, "neighbor-advertisement must-not-send": 1,
      ])
  }

  @Test(
    "An advertisement decodes to the fields it was made from",
    arguments: try GoldenPacket.all(["vrrp2", "vrrp3"], ["encode-decode", "decode"]).filter {
      !unicast.contains($0.id)
    })
  func decodes(_ packet: GoldenPacket) throws {
    let frame = try CapturedFrame(hex: packet.hex)
    let expected = try #require(packet.decoded.vrrp)
    let network = try #require(packet.decoded.ipv4 ?? packet.decoded.ipv6)
    #expect(frame.envelope.source == (try address(network.source)))
    #expect(frame.envelope.destination == (try address(network.destination)))
    #expect(frame.envelope.hopLimit == network.ttl ?? network.hopLimit)

    let advertisement = try Advertisement(decoding: frame.message.span, in: frame.envelope)
    #expect(advertisement.version.rawValue == expected.version)
    #expect(advertisement.identifier.number == expected.vrid)
    #expect(advertisement.priority.number == expected.priority)
    #expect(advertisement.addressCount == expected.count)
    #expect(
      advertisement.interval.centiseconds == expected.maxAdvertiseIntervalCentiseconds
        ?? expected.adverIntSeconds.map { UInt16($0) * 100 })
    #expect(advertisement.checksumForm == (try form(packet)))
    let listed = Advertisement.addresses(
      in: frame.message.span, family: frame.envelope.source.family)
    #expect(listed.map(\.description) == expected.addresses)
  }

  @Test(
    "An advertisement sent from the decoded fields is the golden one, byte for byte",
    arguments: try GoldenPacket.all(["vrrp2", "vrrp3"], ["encode-decode"]))
  func encodes(_ packet: GoldenPacket) throws {
    let frame = try CapturedFrame(hex: packet.hex)
    let fields = try #require(packet.decoded.vrrp)
    let network = try #require(packet.decoded.ipv4 ?? packet.decoded.ipv6)
    let interval =
      fields.maxAdvertiseIntervalCentiseconds.flatMap(
        AdvertisementInterval.init(centiseconds:))
      ?? fields.adverIntSeconds.flatMap(AdvertisementInterval.init(seconds:))
    let message = Advertisement.encode(
      identifier: try identifier(fields.vrid),
      version: try #require(ProtocolVersion(rawValue: fields.version)),
      priority: Priority(fields.priority), interval: try #require(interval),
      addresses: try fields.addresses.map(address), checksumForm: try form(packet),
      source: try address(network.source), destination: try address(network.destination))
    #expect(message == frame.message)
  }

  @Test("Advertisements of other authentication or checksum are discarded")
  func rejects() throws {
    let expected: [String: DiscardReason] = ["G03": .authenticationType, "G33": .checksum]
    let packets = try GoldenPacket.all(["vrrp2", "vrrp3"], ["reject"])
    #expect(Set(packets.map(\.id)) == Set(expected.keys))
    for packet in packets { #expect(try discardReason(packet.hex) == expected[packet.id]) }
  }

  /// Well formed, but this version has no unicast peers: the group is the only destination.
  static let unicast: Set<String> = ["G32", "G34"]

  @Test("Unicast advertisements are discarded", arguments: unicast.sorted())
  func unicastIsDiscarded(_ id: String) throws {
    let packet = try #require(try GoldenPacket.all().first { $0.id == id })
    #expect(try discardReason(packet.hex) == .destination)
  }

  private func form(_ packet: GoldenPacket) throws -> ChecksumForm {
    switch packet.checksumForm {
    case "rfc9568", "v2": .message
    case "pseudo-header", "ipv6": .pseudoHeader
    default: throw BadTestData(text: packet.id)
    }
  }
}

/// Why the VRRP message of a frame is discarded; nil when it is accepted.
func discardReason(_ hex: String) throws -> DiscardReason? {
  let frame = try CapturedFrame(hex: hex)
  return discardReason(frame.message, frame.envelope)
}

func discardReason(_ message: [UInt8], _ envelope: Envelope) -> DiscardReason? {
  do throws(DiscardReason) {
    _ = try Advertisement(decoding: message.span, in: envelope)
    return nil
  } catch {
    return error
  }
}
