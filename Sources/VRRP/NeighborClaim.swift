/// What a received ARP, Neighbor Solicitation or Neighbor Advertisement frame says about who has an
/// address.
public struct NeighborClaim: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// The sender has the address: an ARP request or reply from it (RFC 5227 section 2.4), a
    /// Neighbor Advertisement for it (RFC 4862 section 5.4.4).
    case claims
    /// The sender wants the address and asks whether somebody has it: an ARP Probe (RFC 5227 section
    /// 2.1.1), a Neighbor Solicitation from :: (RFC 4862 section 5.4.3).
    case probes
  }

  /// The address in question, neither unspecified nor a group.
  public var address: IPAddress
  /// Whom the frame tells to have or want it: the sender hardware address of ARP, the target
  /// link-layer address of an advertisement, else the frame's source.
  public var hardware: HardwareAddress
  public var kind: Kind
  /// Who stands behind it, when that is a node of ours.
  public var mark: ClaimMark?

  public init(
    address: IPAddress, hardware: HardwareAddress, kind: Kind, mark: ClaimMark? = nil
  ) {
    self.address = address
    self.hardware = hardware
    self.kind = kind
    self.mark = mark
  }

  /// From a received Ethernet frame without VLAN tag, padding allowed; nil when it is damaged or
  /// says nothing about who has an address.
  public init?(decoding frame: Span<UInt8>) {
    if let packet = ARPPacket(decoding: frame) {
      self.init(packet)
    } else if let message = NeighborMessage(decoding: frame) {
      self.init(message)
    } else {
      return nil
    }
    guard !address.isUnspecified, !address.isMulticast, address != Self.limitedBroadcast
    else { return nil }
  }

  private init?(_ packet: ARPPacket) {
    if packet.sender.number != 0 {
      self.init(
        address: .v4(packet.sender), hardware: packet.senderHardware, kind: .claims,
        mark: packet.mark)
    } else if packet.operation == .request {
      self.init(
        address: .v4(packet.target), hardware: packet.senderHardware, kind: .probes,
        mark: packet.mark)
    } else {
      return nil
    }
  }

  private init?(_ message: NeighborMessage) {
    switch message.kind {
    case .advertisement:
      guard let advertisement = NeighborAdvertisement(message) else { return nil }
      self.init(
        address: .v6(advertisement.target),
        hardware: advertisement.targetHardware ?? advertisement.sourceHardware, kind: .claims,
        mark: advertisement.mark)
    case .solicitation:
      guard let solicitation = NeighborSolicitation(message), solicitation.isProbe
      else { return nil }
      self.init(
        address: .v6(solicitation.target), hardware: solicitation.sourceHardware, kind: .probes)
    }
  }

  private static let limitedBroadcast = IPAddress.v4(IPv4Address(255, 255, 255, 255))
}
