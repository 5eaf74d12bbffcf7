/// A Neighbor Solicitation (RFC 4861 section 4.3), with the IPv6 and Ethernet headers around it.
public struct NeighborSolicitation: Hashable, Sendable {
  /// The Ethernet header's destination and source.
  public var destinationHardware: HardwareAddress
  public var sourceHardware: HardwareAddress
  /// The IPv6 header's source, :: while an address is probed, and destination.
  public var source: IPv6Address
  public var destination: IPv6Address
  /// The address that is asked for.
  public var target: IPv6Address
  /// The source link-layer address option; nil when it is absent, as it is in a probe.
  public var senderHardware: HardwareAddress?

  public init(
    destinationHardware: HardwareAddress, sourceHardware: HardwareAddress, source: IPv6Address,
    destination: IPv6Address, target: IPv6Address, senderHardware: HardwareAddress?
  ) {
    self.destinationHardware = destinationHardware
    self.sourceHardware = sourceHardware
    self.source = source
    self.destination = destination
    self.target = target
    self.senderHardware = senderHardware
  }

  /// Whether it asks if somebody has the address already (RFC 4862 section 5.4.2).
  public var isProbe: Bool { IPAddress.v6(source).isUnspecified }

  /// Appends the frame to a buffer: Hop Limit 255, traffic class and flow label 0.
  public func append(to buffer: inout [UInt8]) {
    NeighborMessage(
      destinationHardware: destinationHardware, sourceHardware: sourceHardware, source: source,
      destination: destination, kind: .solicitation, flags: 0, target: target,
      hardware: senderHardware
    ).append(to: &buffer)
  }

  /// From a received Ethernet frame, padding allowed; nil when it is not a Neighbor Solicitation
  /// that RFC 4861 section 7.1.1 calls valid.
  public init?(decoding frame: Span<UInt8>) {
    guard let message = NeighborMessage(decoding: frame), message.kind == .solicitation
    else { return nil }
    self.init(message)
  }

  /// nil when a probe goes elsewhere than to a solicited-node group, or tells a link-layer address.
  init?(_ message: NeighborMessage) {
    self.init(
      destinationHardware: message.destinationHardware, sourceHardware: message.sourceHardware,
      source: message.source, destination: message.destination, target: message.target,
      senderHardware: message.hardware)
    guard !isProbe || (destination.isSolicitedNodeGroup && senderHardware == nil)
    else { return nil }
  }
}

extension IPv6Address {
  /// ff02::1:ff00:0/104, of which each address has the group with its own last 24 bits (RFC 4291
  /// section 2.7.1).
  static let solicitedNodePrefix = IPv6Address(high: 0xff02_0000_0000_0000, low: 0x1_ff00_0000)

  var solicitedNodeGroup: IPv6Address {
    IPv6Address(
      high: Self.solicitedNodePrefix.high, low: Self.solicitedNodePrefix.low | low & 0xff_ffff)
  }

  var isSolicitedNodeGroup: Bool {
    high == Self.solicitedNodePrefix.high && low & ~0xff_ffff == Self.solicitedNodePrefix.low
  }

  /// The Ethernet address of a group: 33-33 and its last 32 bits (RFC 2464 section 7).
  var groupHardwareAddress: HardwareAddress {
    HardwareAddress(number: 0x3333_0000_0000 | low & 0xffff_ffff)
  }
}
