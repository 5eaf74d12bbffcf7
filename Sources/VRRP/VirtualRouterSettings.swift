/// Preempt_Mode (RFC 9568 section 6.1): whether a Backup takes the place of a healthy Active Router
/// of lower priority.
public enum Preemption: Hashable, Sendable {
  /// Preempt_Mode False.
  case never
  /// Preempt_Mode True.
  case always
  /// Preempt_Mode True once this Backup has been the better one for that long without a break.
  case after(Duration)
}

/// Which bytes the checksum of an advertisement covers.
public enum ChecksumForm: Hashable, Sendable {
  /// The VRRP message alone over IPv4 (RFC 9568 section 5.2.8, RFC 3768 section 5.3.8).
  case message
  /// The message behind a pseudo-header: always over IPv6; over IPv4 the reading of RFC 5798, which
  /// keepalived sends and demands unless its `v3_checksum_as_v2` is set.
  case pseudoHeader
}

/// What an operator sets for one virtual router (RFC 9568 section 6.1).
public struct VirtualRouterSettings: Hashable, Sendable {
  public var identifier: VirtualRouterIdentifier
  public var version: ProtocolVersion
  /// The virtual addresses in the order they are advertised, 1-255 of one family; over IPv6 the
  /// first is link-local.
  public var addresses: [IPAddress]
  /// 1-255; 255 says that this router owns the addresses.
  public var priority: Priority
  public var advertisementInterval: AdvertisementInterval
  public var preemption: Preemption
  /// The form sent in version 3 over IPv4; everywhere else there is only one.
  public var checksumForm: ChecksumForm

  public init(
    identifier: VirtualRouterIdentifier, version: ProtocolVersion = .version3,
    addresses: [IPAddress], priority: Priority = .standard,
    advertisementInterval: AdvertisementInterval = .standard, preemption: Preemption = .never,
    checksumForm: ChecksumForm = .message
  ) {
    self.identifier = identifier
    self.version = version
    self.addresses = addresses
    self.priority = priority
    self.advertisementInterval = advertisementInterval
    self.preemption = preemption
    self.checksumForm = checksumForm
  }

  /// The family of the addresses; IPv4 when there are none.
  public var family: AddressFamily { addresses.first?.family ?? .ipv4 }
}
