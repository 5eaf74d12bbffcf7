/// An Ethernet address of six bytes.
public struct HardwareAddress: Hashable, Sendable, CustomStringConvertible {
  /// The address as a number of 48 bits.
  public let number: UInt64

  public init(number: UInt64) { self.number = number & 0xffff_ffff_ffff }

  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, _ e: UInt8, _ f: UInt8) {
    number = [a, b, c, d, e, f].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Every station: ff:ff:ff:ff:ff:ff.
  public static let broadcast = HardwareAddress(number: 0xffff_ffff_ffff)

  /// The virtual router MAC address: 00-00-5E-00-01-VRID for IPv4, 00-00-5E-00-02-VRID for IPv6
  /// (RFC 9568 section 7.3).
  public static func virtualRouter(
    _ identifier: VirtualRouterIdentifier, _ family: AddressFamily
  ) -> HardwareAddress {
    HardwareAddress(
      number: 0x00_005e_0000_00 | (family == .ipv4 ? 0x100 : 0x200) | UInt64(identifier.number))
  }

  /// The six bytes in the order of the wire.
  public var bytes: [UInt8] {
    (0..<6).map { UInt8(truncatingIfNeeded: number >> (40 - 8 * $0)) }
  }

  /// From six bytes; nil for any other count.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 6 else { return nil }
    number = bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Six pairs of hexadecimal digits with `:` or `-` between them; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(omittingEmptySubsequences: false) { $0 == ":" || $0 == "-" }
    guard parts.count == 6 else { return nil }
    var number: UInt64 = 0
    for part in parts {
      guard part.utf8.count == 2, part.first != "+", part.first != "-",
        let byte = UInt8(part, radix: 16)
      else { return nil }
      number = number << 8 | UInt64(byte)
    }
    self.number = number
  }

  public var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
  }
}
