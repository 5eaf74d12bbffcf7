/// Who stands behind a claim of an address, told inside the frames by which Godwit announces it.
///
/// Two Active Routers that do not hear each other's advertisements still hear each other's ARP or
/// Neighbor Advertisements; the mark lets them compare as the election would have done. In ARP it
/// fills the padding up to the shortest Ethernet frame, which no receiver reads; in a Neighbor
/// Advertisement it is an option of an experimental type (RFC 4727), which every receiver passes
/// over (RFC 4861 section 4.6). Like ARP itself it proves nothing about its sender.
public struct ClaimMark: Hashable, Sendable {
  public var identifier: VirtualRouterIdentifier
  public var priority: Priority
  /// The primary address of the sender, of the frame's family. The other family is written as the
  /// unspecified address, which no receiver takes for a mark.
  public var primary: IPAddress

  public init(identifier: VirtualRouterIdentifier, priority: Priority, primary: IPAddress) {
    self.identifier = identifier
    self.priority = priority
    self.primary = primary
  }

  /// Bytes of padding behind an ARP packet, up to the 60 of the shortest Ethernet frame.
  static let paddingLength = 18
  /// Bytes of the Neighbor Discovery option, with type and length.
  static let optionLength = 32
  /// Type 253 (RFC 4727), length in units of 8 bytes: 4.
  static let optionTypeAndLength: UInt16 = 0xfd04

  /// "GDWT" and the version of the layout.
  private static let magic: UInt64 = 0x47_4457_5401
  private static let reservedLength = 6

  /// From the bytes behind an ARP packet; nil when they are ordinary padding.
  init?(padding: Span<UInt8>) {
    guard padding.count >= Self.paddingLength else { return nil }
    self.init(padding, .ipv4)
  }

  /// From a Neighbor Discovery option of `optionLength` bytes; nil when it is somebody else's
  /// experiment.
  init?(option: Span<UInt8>) {
    guard option.count >= Self.optionLength, option.word(at: 0) == Self.optionTypeAndLength
    else { return nil }
    self.init(option.extracting(2...), .ipv6)
  }

  /// The caller has checked the length.
  private init?(_ bytes: Span<UInt8>, _ family: AddressFamily) {
    guard bytes.number(at: 0, count: 5) == Self.magic,
      let identifier = VirtualRouterIdentifier(bytes[5])
    else { return nil }
    let primary = bytes.address(at: 8, family)
    guard !primary.isUnspecified, !primary.isMulticast else { return nil }
    self.init(identifier: identifier, priority: Priority(bytes[6]), primary: primary)
  }

  func appendPadding(to buffer: inout [UInt8]) { append(to: &buffer, .ipv4) }

  func appendOption(to buffer: inout [UInt8]) {
    buffer.append(word: Self.optionTypeAndLength)
    append(to: &buffer, .ipv6)
  }

  private func append(to buffer: inout [UInt8], _ family: AddressFamily) {
    buffer.append(number: Self.magic, count: 5)
    buffer.append(identifier.number)
    buffer.append(priority.number)
    buffer.append(0)
    if primary.family == family {
      buffer.append(primary)
    } else {
      buffer.append(number: 0, count: family.addressLength)
    }
    buffer.append(number: 0, count: Self.reservedLength)
  }
}
