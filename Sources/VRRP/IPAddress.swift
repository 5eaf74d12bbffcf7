/// The two IP versions that VRRP runs over (RFC 9568 section 1).
public enum AddressFamily: UInt8, Hashable, Sendable, CaseIterable {
  case ipv4 = 4
  case ipv6 = 6

  /// Bytes of one address: 4 or 16.
  public var addressLength: Int { self == .ipv4 ? 4 : 16 }

  /// Bits of one address: 32 or 128.
  public var addressBits: UInt8 { self == .ipv4 ? 32 : 128 }

  /// The group that advertisements are sent to: 224.0.0.18 (RFC 9568 section 5.1.1.2) or
  /// ff02::12 (section 5.1.2.2).
  public var advertisementGroup: IPAddress {
    switch self {
    case .ipv4: .v4(IPv4Address(224, 0, 0, 18))
    case .ipv6: .v6(IPv6Address(high: 0xff02_0000_0000_0000, low: 0x12))
    }
  }
}

/// An IPv4 address; compared as an unsigned number in network order (RFC 9568 section 6.4.3).
public struct IPv4Address: Comparable, Hashable, Sendable {
  /// The address as a number: 192.0.2.1 is 0xC0000201.
  public let number: UInt32

  public init(number: UInt32) { self.number = number }

  public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
    number = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
  }

  public static func < (left: IPv4Address, right: IPv4Address) -> Bool {
    left.number < right.number
  }
}

/// An IPv6 address; compared as an unsigned number in network order (RFC 9568 section 6.4.3).
public struct IPv6Address: Comparable, Hashable, Sendable {
  /// The first 64 bits.
  public let high: UInt64
  /// The last 64 bits.
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Whether it lies in fe80::/10 (RFC 4291 section 2.5.6).
  public var isLinkLocal: Bool { high >> 54 == 0x3fa }

  public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

/// An address of either family. IPv4 addresses come before IPv6 ones.
public enum IPAddress: Comparable, Hashable, Sendable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  public var family: AddressFamily {
    switch self {
    case .v4: .ipv4
    case .v6: .ipv6
    }
  }

  /// Whether it lies in fe80::/10; never true for IPv4.
  public var isLinkLocal: Bool {
    switch self {
    case .v4: false
    case .v6(let address): address.isLinkLocal
    }
  }

  /// Whether it is a group address: 224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291 section 2.7).
  public var isMulticast: Bool {
    switch self {
    case .v4(let address): address.number >> 28 == 0xe
    case .v6(let address): address.high >> 56 == 0xff
    }
  }

  /// Whether it is 0.0.0.0 or ::.
  public var isUnspecified: Bool {
    switch self {
    case .v4(let address): address.number == 0
    case .v6(let address): address.high == 0 && address.low == 0
    }
  }

  /// The bytes in network order, 4 or 16 of them.
  public var bytes: [UInt8] {
    switch self {
    case .v4(let address):
      (0..<4).map { UInt8(truncatingIfNeeded: address.number >> (24 - 8 * $0)) }
    case .v6(let address):
      (0..<16).map {
        UInt8(truncatingIfNeeded: ($0 < 8 ? address.high : address.low) >> (56 - 8 * ($0 % 8)))
      }
    }
  }

  /// From 4 or 16 bytes in network order; nil for any other count.
  public init?(bytes: some Collection<UInt8>) {
    switch bytes.count {
    case 4:
      self = .v4(IPv4Address(number: bytes.reduce(0) { $0 << 8 | UInt32($1) }))
    case 16:
      let high = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let low = bytes.dropFirst(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      self = .v6(IPv6Address(high: high, low: low))
    default: return nil
    }
  }
}
