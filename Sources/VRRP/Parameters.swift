// The parameters of one virtual router that have a range of their own (RFC 9568 section 6.1).

/// The protocol version of a virtual router.
public enum ProtocolVersion: UInt8, Hashable, Sendable {
  /// RFC 3768, IPv4 only.
  case version2 = 2
  /// RFC 9568, IPv4 and IPv6.
  case version3 = 3
}

/// The VRID: 1-255 (RFC 9568 section 5.2.3).
public struct VirtualRouterIdentifier: Hashable, Sendable, CustomStringConvertible {
  public let number: UInt8

  /// nil for 0, which no virtual router has.
  public init?(_ number: UInt8) {
    guard number > 0 else { return nil }
    self.number = number
  }

  public var description: String { "\(number)" }
}

/// A priority (RFC 9568 section 5.2.4): 1-254 for a router that backs up, 255 for the owner of the
/// addresses, 0 on the wire for "I stop being Active".
public struct Priority: Comparable, Hashable, Sendable, CustomStringConvertible {
  public let number: UInt8

  public init(_ number: UInt8) { self.number = number }

  /// The sender has stopped being Active.
  public static let release = Priority(0)
  /// The default of a router that backs up.
  public static let standard = Priority(100)
  /// The sender owns the addresses.
  public static let owner = Priority(255)

  public static func < (left: Priority, right: Priority) -> Bool { left.number < right.number }

  public var description: String { "\(number)" }
}

/// An Advertisement_Interval in centiseconds.
///
/// Version 3 carries 1-4095 centiseconds (RFC 9568 section 5.2.7 and erratum 8301), version 2 whole
/// seconds, 1-255 (RFC 3768 section 5.3.7).
public struct AdvertisementInterval: Hashable, Sendable, CustomStringConvertible {
  /// 1-25500.
  public let centiseconds: UInt16

  /// What version 3 can carry: 1-4095; nil outside.
  public init?(centiseconds: UInt16) {
    guard (1...4095).contains(centiseconds) else { return nil }
    self.centiseconds = centiseconds
  }

  /// What version 2 can carry: 1-255; nil for 0.
  public init?(seconds: UInt8) {
    guard seconds > 0 else { return nil }
    centiseconds = UInt16(seconds) * 100
  }

  private init(unchecked centiseconds: UInt16) { self.centiseconds = centiseconds }

  /// The default of both versions: one second.
  public static let standard = AdvertisementInterval(unchecked: 100)

  public var duration: Duration { .milliseconds(Int64(centiseconds) * 10) }

  public var description: String { "\(Int(centiseconds) * 10) ms" }
}
