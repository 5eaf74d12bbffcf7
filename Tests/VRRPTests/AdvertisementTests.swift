import Testing

@testable import VRRP

@Suite("Advertisement")
struct AdvertisementTests {
  /// 192.0.2.1 to the group, VRID 51, priority 100, one second, 192.0.2.254 (G04).
  static let group = Envelope(
    source: .v4(IPv4Address(192, 0, 2, 1)), destination: .v4(IPv4Address(224, 0, 0, 18)),
    hopLimit: 255)
  static let golden = "31336401 0064a768 c00002fe"

  @Test("A message cut short anywhere is discarded, and so is a longer one")
  func truncation() throws {
    var cuts = 0
    for packet in try GoldenPacket.all(["vrrp2", "vrrp3"], ["encode-decode", "decode", "reject"]) {
      let frame = try CapturedFrame(hex: packet.hex)
      for length in 0..<frame.message.count {
        cuts += 1
        #expect(discardReason(Array(frame.message[..<length]), frame.envelope) == .length)
      }
      #expect(discardReason(frame.message + [0], frame.envelope) == .length)
    }
    #expect(cuts == 440)
  }

  @Test("A message with one wrong bit is discarded, wherever the bit is")
  func bitFlips() throws {
    var flips = 0
    for packet in try GoldenPacket.all(["vrrp2", "vrrp3"], ["encode-decode", "decode", "reject"]) {
      let frame = try CapturedFrame(hex: packet.hex)
      for bit in 0..<(frame.message.count * 8) {
        flips += 1
        var message = frame.message
        message[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(discardReason(message, frame.envelope) != nil, "\(packet.id) bit \(bit)")
      }
    }
    #expect(flips == 3520)
  }

  @Test("Random bytes with a right checksum never trap")
  func randomMessages() throws {
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    let envelopes = [
      Self.group,
      Envelope(
        source: try address("fe80::a"), destination: try address("ff02::12"), hopLimit: 255),
    ]
    var accepted = 0
    for round in 0..<20_000 {
      let envelope = envelopes[round % 2]
      let count = Int(next() % 5)
      let stride = envelope.source.family.addressLength
      let length = 8 + count * stride + (next() % 4 == 0 ? 8 : 0)
      var message = (0..<length).map { _ in UInt8(truncatingIfNeeded: next() >> 24) }
      message[0] = next() % 4 == 0 ? 0x21 : 0x31
      message[3] = UInt8(count)
      if length >= 10 {
        message[8] = 0xfe
        message[9] = 0x80
      }
      message.replaceWord(at: 6, with: 0)
      var sum = InternetChecksum()
      sum.add(message.span)
      if round % 2 == 1 {
        sum.addPseudoHeader(
          from: envelope.source, to: envelope.destination, protocolNumber: 112, length: length)
      }
      message.replaceWord(at: 6, with: sum.field)
      if discardReason(message, envelope) == nil { accepted += 1 }
    }
    #expect(accepted > 5_000)
  }

  @Test(
    "A hop limit that is not told counts as wrong", arguments: [nil, 0, 1, 64, 254] as [UInt8?])
  func hopLimit(_ hopLimit: UInt8?) throws {
    var envelope = Self.group
    envelope.hopLimit = hopLimit
    #expect(discardReason(try octets(Self.golden), envelope) == .hopLimit)
  }

  @Test("A source that no router sends from is discarded", arguments: ["0.0.0.0", "224.0.0.18"])
  func impossibleSource(_ source: String) throws {
    var envelope = Self.group
    envelope.source = try address(source)
    #expect(discardReason(try octets(Self.golden), envelope) == .source)
  }

  @Test("An unspecified IPv6 source is discarded")
  func unspecifiedIPv6Source() throws {
    let message = Advertisement.encode(
      identifier: try identifier(61), version: .version3, priority: .standard, interval: .standard,
      addresses: [try address("fe80::61")], checksumForm: .pseudoHeader, source: try address("::"))
    let envelope = Envelope(
      source: try address("::"), destination: try address("ff02::12"), hopLimit: 255)
    #expect(discardReason(message, envelope) == .source)
  }

  @Test("Source and destination of different families are discarded")
  func mixedEnvelope() throws {
    var envelope = Self.group
    envelope.destination = try address("ff02::12")
    #expect(discardReason(try octets(Self.golden), envelope) == .destination)
  }

  @Test("The worked sums of the checksum forms: a768 without, 04d8 with the pseudo-header")
  func workedSums() throws {
    let settings = try settings(["192.0.2.254"])
    let source = Self.group.source
    #expect(AdvertisementTemplate(settings, source: source).message == (try octets(Self.golden)))
    var old = settings
    old.checksumForm = .pseudoHeader
    #expect(
      AdvertisementTemplate(old, source: source).message
        == (try octets("31336401 006404d8 c00002fe")))
  }

  @Test("A template patched to another priority is the message of that priority")
  func templatePriority() throws {
    var template = AdvertisementTemplate(
      try settings(["192.0.2.254"]), source: Self.group.source)
    template.priority = .release
    #expect(template.message == (try octets("31330001 00640b69 c00002fe")))  // G08
    template.priority = .owner
    #expect(template.message == (try octets("3133ff01 00640c68 c00002fe")))  // G10
    template.priority = .standard
    #expect(template.message == (try octets(Self.golden)))
  }

  @Test(
    "255 addresses of either family make a message that decodes", arguments: ["10.0.0.", "fe80::"])
  func mostAddresses(_ prefix: String) throws {
    let addresses = try (1...255).map { try address(prefix + "\($0)") }
    let isIPv4 = prefix == "10.0.0."
    let source = try address(isIPv4 ? "192.0.2.1" : "fe80::a")
    let message = AdvertisementTemplate(
      try settings([], addresses: addresses), source: source
    ).message
    #expect(message.count == (isIPv4 ? 1028 : 4088))
    let advertisement = try Advertisement(
      decoding: message.span,
      in: Envelope(source: source, destination: source.family.advertisementGroup, hopLimit: 255))
    #expect(advertisement.addressCount == 255)
    #expect(Advertisement.addresses(message, source.family) == addresses)
    #expect(advertisement.lists(addresses, message))
    #expect(advertisement.lists(addresses.reversed(), message))
  }

  @Test("Settings that no message can carry are cut, and do not trap")
  func impossibleSettings() throws {
    let many = try (0...255).map { try address("10.0.1.\($0)") }
    let source = Self.group.source
    let cut = AdvertisementTemplate(try settings([], addresses: many), source: source).message
    #expect(cut.count == 8 + 255 * 4)
    #expect(cut[3] == 255)

    let none = AdvertisementTemplate(try settings([]), source: source).message
    #expect(discardReason(none, Self.group) == .noAddresses)

    let mixed = try settings(["fe80::1", "192.0.2.254"])
    #expect(AdvertisementTemplate(mixed, source: source).message == (try octets(Self.golden)))

    var slow = try settings(["192.0.2.254"])
    slow.advertisementInterval = try #require(AdvertisementInterval(seconds: 255))
    let clamped = AdvertisementTemplate(slow, source: source).message
    #expect(clamped[4] == 0x0f && clamped[5] == 0xff)
  }

  /// Centiseconds as configured, seconds on the wire.
  static let version2Intervals: [(UInt16, UInt8)] = [
    (1, 1), (99, 1), (100, 1), (250, 2), (4000, 40),
  ]

  @Test("Version 2 sends whole seconds, at least one", arguments: version2Intervals)
  func version2Interval(_ centiseconds: UInt16, _ seconds: UInt8) throws {
    var settings = try settings(["192.0.2.254"])
    settings.version = .version2
    settings.advertisementInterval = try interval(centiseconds: centiseconds)
    let message = AdvertisementTemplate(settings, source: Self.group.source).message
    #expect(message[4] == 0)
    #expect(message[5] == seconds)
  }

  @Test("Addresses are sent in the configured order, not sorted")
  func order() throws {
    let message = AdvertisementTemplate(
      try settings(["192.0.2.9", "192.0.2.1", "192.0.2.5"]), source: Self.group.source
    ).message
    #expect(Array(message[8...]) == (try octets("c0000209 c0000201 c0000205")))
  }

  /// A received list against 192.0.2.1, 192.0.2.2, 192.0.2.3.
  static let lists: [([String], Bool)] = [
    (["192.0.2.1", "192.0.2.2", "192.0.2.3"], true),
    (["192.0.2.3", "192.0.2.1", "192.0.2.2"], true),
    (["192.0.2.1", "192.0.2.3", "192.0.2.2"], true),
    (["192.0.2.1", "192.0.2.2"], false),
    (["192.0.2.1", "192.0.2.2", "192.0.2.4"], false),
    (["192.0.2.2", "192.0.2.2", "192.0.2.1"], false),
    (["192.0.2.1", "192.0.2.1", "192.0.2.1"], false),
    (["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.3"], false),
  ]

  @Test("A list equals the configured one in any order", arguments: lists)
  func listComparison(_ received: [String], _ equal: Bool) throws {
    for version in [ProtocolVersion.version2, .version3] {
      var settings = try settings(received)
      settings.version = version
      let message = AdvertisementTemplate(settings, source: Self.group.source).message
      let advertisement = try Advertisement(decoding: message.span, in: Self.group)
      let configured = try ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(address)
      #expect(advertisement.lists(configured, message) == equal)
    }
  }

  @Test("A list of the other family is not the configured one")
  func otherFamily() throws {
    let message = try octets(Self.golden)
    let advertisement = try Advertisement(decoding: message.span, in: Self.group)
    #expect(!advertisement.lists([try address("fe80::1")], message))
    #expect(!advertisement.lists([], message))
  }

  @Test("The addresses of a message cut short are those it holds")
  func addressesOfACutMessage() throws {
    let message = try octets("31336403 0064ffff c0000201 c00002")
    #expect(
      Advertisement.addresses(message, .ipv4) == [try address("192.0.2.1")])
    #expect(Advertisement.addresses(Array(message[..<7]), .ipv4).isEmpty)
  }

  private func settings(_ texts: [String], addresses: [IPAddress] = []) throws
    -> VirtualRouterSettings
  {
    VirtualRouterSettings(
      identifier: try identifier(51), addresses: try texts.map(address) + addresses)
  }
}
