/// A Neighbor Advertisement with its target link-layer address (RFC 4861 section 4.4), with the IPv6
/// and Ethernet headers around it.
public struct NeighborAdvertisement: Hashable, Sendable {
  /// The Ethernet header's destination and source.
  public var destinationHardware: HardwareAddress
  public var sourceHardware: HardwareAddress
  /// The IPv6 header's source and destination.
  public var source: IPv6Address
  public var destination: IPv6Address
  /// The R flag: the sender is a router.
  public var isRouter: Bool
  /// The S flag: it answers a solicitation.
  public var isSolicited: Bool
  /// The O flag: it replaces what the hosts remember.
  public var overrides: Bool
  /// The address that is advertised.
  public var target: IPv6Address
  /// The target link-layer address option; nil when it is absent.
  public var targetHardware: HardwareAddress?
  /// Who stands behind it, in an option of ours; nil when it tells nothing.
  public var mark: ClaimMark?

  public init(
    destinationHardware: HardwareAddress, sourceHardware: HardwareAddress, source: IPv6Address,
    destination: IPv6Address, isRouter: Bool, isSolicited: Bool, overrides: Bool,
    target: IPv6Address, targetHardware: HardwareAddress?, mark: ClaimMark? = nil
  ) {
    self.destinationHardware = destinationHardware
    self.sourceHardware = sourceHardware
    self.source = source
    self.destination = destination
    self.isRouter = isRouter
    self.isSolicited = isSolicited
    self.overrides = overrides
    self.target = target
    self.targetHardware = targetHardware
    self.mark = mark
  }

  /// Appends the frame to a buffer: Hop Limit 255, traffic class and flow label 0.
  public func append(to buffer: inout [UInt8]) {
    let flags: UInt8 = (isRouter ? 0x80 : 0) | (isSolicited ? 0x40 : 0) | (overrides ? 0x20 : 0)
    NeighborMessage(
      destinationHardware: destinationHardware, sourceHardware: sourceHardware, source: source,
      destination: destination, kind: .advertisement, flags: flags, target: target,
      hardware: targetHardware, mark: mark
    ).append(to: &buffer)
  }

  /// From a received Ethernet frame, padding allowed; nil when it is not a Neighbor Advertisement
  /// that RFC 4861 section 7.1.2 calls valid.
  public init?(decoding frame: Span<UInt8>) {
    guard let message = NeighborMessage(decoding: frame), message.kind == .advertisement
    else { return nil }
    self.init(message)
  }

  /// nil when it answers a solicitation and yet goes to a group.
  init?(_ message: NeighborMessage) {
    let isSolicited = message.flags & 0x40 != 0
    if isSolicited, IPAddress.v6(message.destination).isMulticast { return nil }
    self.init(
      destinationHardware: message.destinationHardware, sourceHardware: message.sourceHardware,
      source: message.source, destination: message.destination,
      isRouter: message.flags & 0x80 != 0, isSolicited: isSolicited,
      overrides: message.flags & 0x20 != 0, target: message.target,
      targetHardware: message.hardware, mark: message.mark)
  }
}

/// The multicast that tells every host on the link which hardware address has an IPv6 address now
/// (RFC 9568 sections 6.4.1 and 6.4.2, RFC 4861 section 7.2.6): to ff02::1 from the address itself,
/// R = 1, S = 0, O = 1.
public struct UnsolicitedNeighborAdvertisement: Hashable, Sendable {
  /// The hardware address that hosts shall send to, and the frame's source: the virtual router MAC
  /// address, or the interface's own.
  public var hardwareAddress: HardwareAddress
  /// The address that is announced.
  public var address: IPv6Address
  /// Who announces it, for other nodes of ours.
  public var mark: ClaimMark?

  /// Bytes of the frame without and with a mark.
  public static let frameLength = 86
  public static let markedFrameLength = frameLength + ClaimMark.optionLength

  public init(hardwareAddress: HardwareAddress, address: IPv6Address, mark: ClaimMark? = nil) {
    self.hardwareAddress = hardwareAddress
    self.address = address
    self.mark = mark
  }

  /// Appends the Ethernet frame to a buffer: 86 bytes, 118 with a mark.
  public func append(to buffer: inout [UInt8]) {
    NeighborAdvertisement(
      destinationHardware: HardwareAddress(0x33, 0x33, 0, 0, 0, 1),
      sourceHardware: hardwareAddress, source: address,
      destination: IPv6Address(high: 0xff02_0000_0000_0000, low: 1), isRouter: true,
      isSolicited: false, overrides: true, target: address, targetHardware: hardwareAddress,
      mark: mark
    ).append(to: &buffer)
  }
}
