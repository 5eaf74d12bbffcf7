/// The message of one virtual router, made once; sending it with another priority patches three
/// bytes.
///
/// A change of the settings or of the source address needs a new template. Settings that no message
/// can carry do not trap: addresses of another family than the source are left out, addresses past
/// the 255th too, and an interval is brought into the range of its field.
public struct AdvertisementTemplate: Equatable, Sendable {
  /// The VRRP message, with its checksum, for the present priority.
  public private(set) var message: [UInt8]
  /// The priority in the message; 0 says that this router stops being Active (RFC 9568 section
  /// 5.2.4).
  public var priority: Priority {
    didSet { if priority != oldValue { writePriority() } }
  }
  /// Over everything but the priority and the checksum field.
  private let sum: InternetChecksum

  /// - Parameters:
  ///   - addresses: in the order they are listed, the first link-local over IPv6.
  ///   - checksumForm: counts in version 3 over IPv4 only.
  ///   - source: the address it will be sent from; its family is the message's.
  ///   - destination: the group of the family when nil.
  public init(
    identifier: VirtualRouterIdentifier, version: ProtocolVersion, priority: Priority,
    interval: AdvertisementInterval, addresses: [IPAddress], checksumForm: ChecksumForm,
    source: IPAddress, destination: IPAddress? = nil
  ) {
    let family = source.family
    let listed = addresses.lazy.filter { $0.family == family }.prefix(255)
    var message: [UInt8] = []
    let count = listed.count
    message.reserveCapacity(Advertisement.length(version, family, addresses: count))
    message.append(version.rawValue << 4 | Advertisement.packetType)
    message.append(identifier.number)
    message.append(0)
    message.append(UInt8(truncatingIfNeeded: count))
    message.append(word: Self.intervalField(interval, version))
    message.append(word: 0)
    for address in listed { message.append(address) }
    if version == .version2 {
      message.append(number: 0, count: Advertisement.authenticationLength)
    }

    var sum = InternetChecksum()
    sum.add(message.span)
    if family == .ipv6 || version == .version3 && checksumForm == .pseudoHeader {
      sum.addPseudoHeader(
        from: source, to: destination ?? family.advertisementGroup,
        protocolNumber: Advertisement.protocolNumber, length: message.count)
    }
    self.message = message
    self.priority = priority
    self.sum = sum
    writePriority()
  }

  /// The message of a virtual router with its configured priority.
  public init(_ settings: VirtualRouterSettings, source: IPAddress) {
    self.init(
      identifier: settings.identifier, version: settings.version, priority: settings.priority,
      interval: settings.advertisementInterval, addresses: settings.addresses,
      checksumForm: settings.checksumForm, source: source)
  }

  private mutating func writePriority() {
    message[2] = priority.number
    var sum = sum
    sum.add(UInt16(priority.number) << 8)
    message.replaceWord(at: 6, with: sum.field)
  }

  /// Bytes 4 and 5: Reserve and centiseconds, or Auth Type 0 and seconds.
  private static func intervalField(
    _ interval: AdvertisementInterval, _ version: ProtocolVersion
  ) -> UInt16 {
    switch version {
    case .version2: min(max(interval.centiseconds / 100, 1), 255)
    case .version3: min(interval.centiseconds, 4095)
    }
  }
}

extension Advertisement {
  /// One message with its checksum; the parameters are those of `AdvertisementTemplate`.
  public static func encode(
    identifier: VirtualRouterIdentifier, version: ProtocolVersion, priority: Priority,
    interval: AdvertisementInterval, addresses: [IPAddress], checksumForm: ChecksumForm,
    source: IPAddress, destination: IPAddress? = nil
  ) -> [UInt8] {
    AdvertisementTemplate(
      identifier: identifier, version: version, priority: priority, interval: interval,
      addresses: addresses, checksumForm: checksumForm, source: source, destination: destination
    ).message
  }
}
