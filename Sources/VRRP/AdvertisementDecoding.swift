extension Advertisement {
  /// Decodes and checks a received message (RFC 9568 section 7.1 with errata 8299, 8300 and 8301,
  /// RFC 3768 section 7.1).
  ///
  /// Over IPv4 either form of the version 3 checksum is good. `message` is what the IP header calls
  /// its payload, without any padding of the frame. A trailer is found by its length alone; whether
  /// one may be there, and what it proves, is for an `AdvertisementAuthenticator`. Allocates nothing.
  public init(
    decoding message: Span<UInt8>, in envelope: Envelope
  ) throws(DiscardReason) {
    let family = envelope.source.family
    guard envelope.hopLimit == 255 else { throw .hopLimit }
    guard message.count >= Self.headerLength else { throw .length }
    guard let version = ProtocolVersion(rawValue: message[0] >> 4),
      version == .version3 || family == .ipv4
    else { throw .version }
    guard message[0] & 0xf == Self.packetType else { throw .type }
    let count = Int(message[3])
    let length = Self.length(version, family, addresses: count)
    let hasTrailer = message.count == length + AuthenticationTrailer.length
    guard message.count == length || hasTrailer else { throw .length }
    // Over IPv6 the checksum covers the trailer.
    let covered = family == .ipv6 ? message : message.extracting(..<length)
    guard let form = Self.checksumForm(of: covered, version, in: envelope) else {
      throw .checksum
    }
    guard let identifier = VirtualRouterIdentifier(message[1]) else { throw .unknownVirtualRouter }
    guard envelope.destination == family.advertisementGroup else { throw .destination }
    guard count > 0 else { throw .noAddresses }
    if family == .ipv6, !message.ipv6Address(at: Self.headerLength).isLinkLocal {
      throw .firstAddress
    }
    guard let interval = Self.interval(in: message, version) else { throw .zeroInterval }
    if version == .version2, message[4] != 0 { throw .authenticationType }
    guard Self.sends(envelope.source) else { throw .source }

    self.init(
      version: version, identifier: identifier, priority: Priority(message[2]),
      interval: interval, checksumForm: form, addressCount: count,
      hasTrailer: hasTrailer)
  }

  /// The form whose sum is right; nil when none is.
  private static func checksumForm(
    of message: Span<UInt8>, _ version: ProtocolVersion, in envelope: Envelope
  ) -> ChecksumForm? {
    var sum = InternetChecksum()
    sum.add(message)
    if envelope.source.family == .ipv4, sum.verifies { return .message }
    if version == .version2 { return nil }
    sum.addPseudoHeader(
      from: envelope.source, to: envelope.destination, protocolNumber: protocolNumber,
      length: message.count)
    return sum.verifies ? .pseudoHeader : nil
  }

  /// nil for an interval of 0. The Reserve bits are ignored (RFC 9568 section 5.2.6).
  private static func interval(
    in message: Span<UInt8>, _ version: ProtocolVersion
  ) -> AdvertisementInterval? {
    switch version {
    case .version2: AdvertisementInterval(seconds: message[5])
    case .version3: AdvertisementInterval(centiseconds: message.word(at: 4) & 0xfff)
    }
  }

  /// Whether a VRRP router can have sent from that address.
  private static func sends(_ source: IPAddress) -> Bool {
    switch source {
    case .v4: !source.isUnspecified && !source.isMulticast
    case .v6(let address): address.isLinkLocal
    }
  }
}
