import Glibc

/// One Ethernet frame of a sniffer, with what it says if it is VRRP, ARP or neighbour discovery.
public struct Frame: Sendable {
  /// The fields of an ARP packet (RFC 826).
  public struct ARP: Hashable, Sendable {
    /// 1 request, 2 reply.
    public var operation: Int
    public var senderHardware: String
    public var sender: String
    public var targetHardware: String
    public var target: String
  }

  /// The fields of an advertisement, or of a message of version 2.
  public struct VRRP: Hashable, Sendable {
    public var version: Int
    public var type: Int
    public var identifier: Int
    public var priority: Int
    public var source: String
    public var destination: String
    public var hopLimit: Int
    /// The whole message behind the IP header.
    public var message: [UInt8]
  }

  /// The fields of a neighbour solicitation or advertisement (RFC 4861 section 4).
  public struct Neighbour: Hashable, Sendable {
    /// 133-137; 135 solicitation, 136 advertisement.
    public var type: Int
    public var source: String
    public var destination: String
    public var target: String
    /// Router, Solicited and Override as the upper three bits of a byte.
    public var flags: UInt8
  }

  public enum Content: Hashable, Sendable {
    case arp(ARP)
    case vrrp(VRRP)
    case neighbour(Neighbour)
    case other
  }

  public let time: Moment
  /// Sent by the interface, not received.
  public let isOutgoing: Bool
  /// From the destination's hardware address on, at most 512.
  public let bytes: [UInt8]
  public let content: Content

  public init(time: Moment, isOutgoing: Bool, bytes: [UInt8]) {
    self.time = time
    self.isOutgoing = isOutgoing
    self.bytes = bytes
    content = Frame.parse(bytes)
  }

  public var source: String { Frame.hardware(bytes, 6) }
  public var destination: String { Frame.hardware(bytes, 0) }

  public var arp: ARP? { if case .arp(let arp) = content { arp } else { nil } }
  public var vrrp: VRRP? { if case .vrrp(let vrrp) = content { vrrp } else { nil } }
  public var neighbour: Neighbour? {
    if case .neighbour(let neighbour) = content { neighbour } else { nil }
  }

  private static func parse(_ bytes: [UInt8]) -> Content {
    guard bytes.count >= 34 else { return .other }
    switch (bytes[12], bytes[13]) {
    case (0x08, 0x06) where bytes.count >= 42:
      return .arp(
        ARP(
          operation: Int(bytes[20]) << 8 | Int(bytes[21]), senderHardware: hardware(bytes, 22),
          sender: address(bytes, 28, 4), targetHardware: hardware(bytes, 32),
          target: address(bytes, 38, 4)))
    case (0x08, 0x00) where bytes[23] == 112:
      let start = 14 + Int(bytes[14] & 0xf) * 4
      let end = min(bytes.count, 14 + (Int(bytes[16]) << 8 | Int(bytes[17])))
      return vrrp(bytes, start, end, 26, 4, hopLimit: bytes[22])
    case (0x86, 0xdd) where bytes.count >= 54 && bytes[20] == 112:
      let end = min(bytes.count, 54 + (Int(bytes[18]) << 8 | Int(bytes[19])))
      return vrrp(bytes, 54, end, 22, 16, hopLimit: bytes[21])
    case (0x86, 0xdd) where bytes.count >= 78 && bytes[20] == 58:
      return .neighbour(
        Neighbour(
          type: Int(bytes[54]), source: address(bytes, 22, 16), destination: address(bytes, 38, 16),
          target: address(bytes, 62, 16), flags: bytes[58]))
    default: return .other
    }
  }

  private static func vrrp(
    _ bytes: [UInt8], _ start: Int, _ end: Int, _ source: Int, _ length: Int, hopLimit: UInt8
  ) -> Content {
    guard end - start >= 8 else { return .other }
    return .vrrp(
      VRRP(
        version: Int(bytes[start] >> 4), type: Int(bytes[start] & 0xf),
        identifier: Int(bytes[start + 1]), priority: Int(bytes[start + 2]),
        source: address(bytes, source, length),
        destination: address(bytes, source + length, length), hopLimit: Int(hopLimit),
        message: Array(bytes[start..<end])))
  }

  private static func hardware(_ bytes: [UInt8], _ offset: Int) -> String {
    bytes.dropFirst(offset).prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      .joined(separator: ":")
  }

  private static func address(_ bytes: [UInt8], _ offset: Int, _ length: Int) -> String {
    var text = [CChar](repeating: 0, count: 64)
    let address = Array(bytes[offset..<offset + length])
    inet_ntop(length == 4 ? AF_INET : AF_INET6, address, &text, 64)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
