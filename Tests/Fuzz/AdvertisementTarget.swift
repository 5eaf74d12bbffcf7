@testable import VRRP

/// Decodes a message, and what decodes encodes to the same bytes.
///
/// An input is a byte of circumstances, the bits of `Reception`, and the message.
enum AdvertisementTarget {
  static func take(_ input: Span<UInt8>) {
    guard let reception = Reception(input) else { return }
    let message = reception.message
    let family = reception.envelope.source.family
    let listed = Advertisement.addresses(in: message.span, family: family)
    guard let advertisement = reception.advertisement else { return }
    expect(listed.count == advertisement.addressCount, "all addresses are read")
    // A list holds no address twice; what the wire says may.
    let distinct = Set(listed).count == listed.count
    for order in [listed, listed.reversed()] {
      let same = advertisement.lists(AddressList(order), in: message.span)
      expect(same || !distinct, "a message lists its own addresses in any order")
    }
    expect(
      !advertisement.lists(AddressList(Array(listed.dropLast())), in: message.span),
      "a message does not list fewer addresses than it has")
    authenticate(advertisement, reception)
    encode(advertisement, listed, reception)
  }

  /// No trailer that was not made with the key is accepted, and each has its reason.
  private static func authenticate(_ advertisement: Advertisement, _ reception: Reception) {
    var authenticator = AdvertisementAuthenticator(
      VirtualRouterSettings(
        identifier: advertisement.identifier, version: advertisement.version, addresses: []),
      AuthenticationPolicy(replayProtection: .monotonic, window: 5))
    var trailer: AuthenticationTrailer?
    do throws(DiscardReason) {
      trailer = try AuthenticationTrailer(decoding: reception.message.span)
      let proof = try authenticator.check(
        advertisement, reception.message.span, from: reception.envelope.source,
        at: SigningTime(seconds: 1)
      ) { key, input in key == 0 ? nil : [UInt8](repeating: UInt8(input.count & 0xff), count: 32) }
      expect(proof == nil || proof?.sequence == trailer?.sequence, "the proof is the trailer's")
      expect(proof == nil || advertisement.hasTrailer, "a proof needs a trailer")
    } catch {
      expect(error.isAboutTrailer || !advertisement.hasTrailer, "\(error) is about the trailer")
    }
  }

  private static func encode(
    _ advertisement: Advertisement, _ listed: [IPAddress], _ reception: Reception
  ) {
    // The trailer is not part of the message, and over IPv6 part of its checksum.
    if advertisement.hasTrailer { return }
    var message = reception.message
    // What a receiver ignores: the Reserve bits (RFC 9568 section 5.2.6) and the Authentication Data
    // (RFC 3768 section 5.3.10).
    let ignored =
      switch advertisement.version {
      case .version3: message[4] & 0xf0 != 0
      case .version2: message.suffix(8).contains { $0 != 0 }
      }
    if ignored { return }
    var encoded = Advertisement.encode(
      identifier: advertisement.identifier, version: advertisement.version,
      priority: advertisement.priority, interval: advertisement.interval, addresses: listed,
      checksumForm: advertisement.checksumForm, source: reception.envelope.source,
      destination: reception.envelope.destination)
    Checksum.clearZero(&encoded, at: 6)
    Checksum.clearZero(&message, at: 6)
    expect(encoded == message, "\(encoded) is encoded as it was received: \(message)")
  }
}

/// A message with the IP packet around it.
struct Reception {
  private enum Circumstance {
    static let ipv6: UInt8 = 0x01
    /// The checksum is made right, in one form or the other: fuzzing alone rarely gets there.
    static let checksum: UInt8 = 0x02
    static let pseudoHeader: UInt8 = 0x04
    static let hopLimit: UInt8 = 0x08
    static let destination: UInt8 = 0x10
    static let source: UInt8 = 0x20
  }

  let envelope: Envelope
  private(set) var message: [UInt8]

  /// nil for an empty input.
  init?(_ input: Span<UInt8>) {
    guard input.count > 0 else { return nil }
    let circumstances = input[0]
    func has(_ bit: UInt8) -> Bool { circumstances & bit != 0 }
    let family: AddressFamily = has(Circumstance.ipv6) ? .ipv6 : .ipv4
    let source = Self.neighbor(2, family)
    envelope = Envelope(
      source: has(Circumstance.source) ? family.advertisementGroup : source,
      destination: has(Circumstance.destination)
        ? Self.neighbor(1, family) : family.advertisementGroup,
      hopLimit: has(Circumstance.hopLimit) ? 254 : 255)
    message = input.extracting(1...).elements
    if has(Circumstance.checksum) { repair(withPseudoHeader: false) }
    if has(Circumstance.pseudoHeader) { repair(withPseudoHeader: true) }
  }

  /// The bits under which a message of that envelope is received as it is.
  static func circumstances(_ envelope: Envelope) -> UInt8 {
    let family = envelope.source.family
    return (family == .ipv6 ? Circumstance.ipv6 : 0)
      | (envelope.hopLimit == 255 ? 0 : Circumstance.hopLimit)
      | (envelope.destination == family.advertisementGroup ? 0 : Circumstance.destination)
      | (family == .ipv6 ? Circumstance.pseudoHeader : Circumstance.checksum)
  }

  /// nil when it is discarded.
  var advertisement: Advertisement? { try? Advertisement(decoding: message.span, in: envelope) }

  /// 192.0.2.`number` or fe80::`number`.
  static func neighbor(_ number: UInt8, _ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .v4(IPv4Address(192, 0, 2, number))
    case .ipv6: .v6(IPv6Address(high: 0xfe80_0000_0000_0000, low: UInt64(number)))
    }
  }

  private mutating func repair(withPseudoHeader: Bool) {
    guard message.count >= 8 else { return }
    message.replaceWord(at: 6, with: 0)
    var sum = InternetChecksum()
    sum.add(message.span)
    if withPseudoHeader {
      sum.addPseudoHeader(
        from: envelope.source, to: envelope.destination,
        protocolNumber: Advertisement.protocolNumber, length: message.count)
    }
    message.replaceWord(at: 6, with: sum.field)
  }
}

enum Checksum {
  /// In one's complement 0 has two forms, and both are right.
  static func clearZero(_ message: inout [UInt8], at offset: Int) {
    if message[offset] == 0xff, message[offset + 1] == 0xff {
      message.replaceWord(at: offset, with: 0)
    }
  }
}
