/// The question whether somebody has an address already, which changes nobody's neighbour cache: an
/// ARP Probe (RFC 5227 section 2.1.1) or the Neighbor Solicitation of Duplicate Address Detection
/// (RFC 4862 section 5.4.2).
public struct AddressProbe: Hashable, Sendable {
  /// Who asks: the hardware address of the interface.
  public var hardwareAddress: HardwareAddress
  /// The address that is asked for.
  public var address: IPAddress

  public init(hardwareAddress: HardwareAddress, address: IPAddress) {
    self.hardwareAddress = hardwareAddress
    self.address = address
  }

  /// Bytes of the frame: 42 or 78.
  public static func frameLength(_ family: AddressFamily) -> Int {
    family == .ipv4 ? ARPPacket.frameLength : 78
  }

  /// Appends the Ethernet frame to a buffer.
  public func append(to buffer: inout [UInt8]) {
    switch address {
    case .v4(let address):
      ARPPacket(
        destination: .broadcast, source: hardwareAddress, operation: .request,
        senderHardware: hardwareAddress, sender: IPv4Address(number: 0),
        targetHardware: HardwareAddress(number: 0), target: address
      ).append(to: &buffer)
    case .v6(let address):
      let group = address.solicitedNodeGroup
      NeighborSolicitation(
        destinationHardware: group.groupHardwareAddress, sourceHardware: hardwareAddress,
        source: IPv6Address(high: 0, low: 0), destination: group, target: address,
        senderHardware: nil
      ).append(to: &buffer)
    }
  }
}
