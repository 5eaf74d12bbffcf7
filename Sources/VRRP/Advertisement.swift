// The message of RFC 9568 section 5.2 and RFC 3768 section 5.1:
//
//   offset  version 3                              version 2
//   0       version 3, type 1 (4 bits each)        version 2, type 1
//   1       VRID                                   VRID
//   2       priority                               priority
//   3       address count                          address count
//   4-5     0 (4 bits), interval (12 bits, cs)     Auth Type, interval (s)
//   6-7     checksum                               checksum
//   8-      addresses, 4 or 16 bytes each          addresses, 4 bytes each
//                                                  Authentication Data, 8 bytes

/// A received ADVERTISEMENT that passed every check that needs no configuration.
///
/// Its addresses stay in the message: `lists(_:in:)` compares them, `addresses(in:family:)` reads
/// them.
public struct Advertisement: Equatable, Sendable {
  public let version: ProtocolVersion
  public let identifier: VirtualRouterIdentifier
  /// 0-255.
  public let priority: Priority
  /// What the sender says: Max Advertise Interval, or in version 2 its Adver Int.
  public let interval: AdvertisementInterval
  /// Which form of the checksum the sender used. When both match it is `message`.
  public let checksumForm: ChecksumForm
  /// 1-255.
  public let addressCount: Int
  /// Whether an `AuthenticationTrailer` follows the message.
  public let hasTrailer: Bool

  /// An advertisement that no message was decoded for: of a virtual network or a recording.
  package init(
    version: ProtocolVersion, identifier: VirtualRouterIdentifier, priority: Priority,
    interval: AdvertisementInterval, checksumForm: ChecksumForm, addressCount: Int,
    hasTrailer: Bool = false
  ) {
    self.version = version
    self.identifier = identifier
    self.priority = priority
    self.interval = interval
    self.checksumForm = checksumForm
    self.addressCount = addressCount
    self.hasTrailer = hasTrailer
  }

  /// IP protocol number of VRRP (RFC 9568 section 5.1.1.4).
  public static let protocolNumber: UInt8 = 112
  /// Bytes in front of the first address.
  static let headerLength = 8
  /// Bytes of Authentication Data behind the last address in version 2 (RFC 3768 section 5.3.10).
  static let authenticationLength = 8
  /// The only packet type (RFC 9568 section 5.2.2).
  static let packetType: UInt8 = 1

  /// Bytes of a message of that many addresses.
  static func length(_ version: ProtocolVersion, _ family: AddressFamily, addresses: Int) -> Int {
    headerLength + addresses * family.addressLength
      + (version == .version2 ? authenticationLength : 0)
  }
}

extension Advertisement {
  /// The addresses that a message lists, for a log line or a display; fewer when it is cut short.
  public static func addresses(in message: Span<UInt8>, family: AddressFamily) -> [IPAddress] {
    guard message.count >= headerLength else { return [] }
    let complete = (message.count - headerLength) / family.addressLength
    return (0..<min(Int(message[3]), complete)).map {
      message.address(at: headerLength + $0 * family.addressLength, family)
    }
  }
}
