/// An ARP request or reply for IPv4 over Ethernet (RFC 826), with the Ethernet header around it.
public struct ARPPacket: Hashable, Sendable {
  public enum Operation: UInt16, Hashable, Sendable {
    case request = 1
    case reply = 2
  }

  /// The Ethernet header's destination and source.
  public var destination: HardwareAddress
  public var source: HardwareAddress
  public var operation: Operation
  /// Who speaks.
  public var senderHardware: HardwareAddress
  public var sender: IPv4Address
  /// Who is meant.
  public var targetHardware: HardwareAddress
  public var target: IPv4Address
  /// Who stands behind it, in the padding; nil when it tells nothing.
  public var mark: ClaimMark?

  /// Bytes of the frame, without padding and frame check sequence.
  public static let frameLength = 42
  /// The same with a mark: the shortest frame of Ethernet.
  public static let markedFrameLength = frameLength + ClaimMark.paddingLength

  public init(
    destination: HardwareAddress, source: HardwareAddress, operation: Operation,
    senderHardware: HardwareAddress, sender: IPv4Address, targetHardware: HardwareAddress,
    target: IPv4Address, mark: ClaimMark? = nil
  ) {
    self.destination = destination
    self.source = source
    self.operation = operation
    self.senderHardware = senderHardware
    self.sender = sender
    self.targetHardware = targetHardware
    self.target = target
    self.mark = mark
  }

  /// From a received Ethernet frame, padding allowed; nil when it is not an ARP request or reply for
  /// IPv4 over Ethernet.
  public init?(decoding frame: Span<UInt8>) {
    guard frame.count >= Self.frameLength, frame.number(at: 12, count: 8) == Self.fixedFields,
      let operation = Operation(rawValue: frame.word(at: 20))
    else { return nil }
    self.init(
      destination: frame.hardwareAddress(at: 0), source: frame.hardwareAddress(at: 6),
      operation: operation, senderHardware: frame.hardwareAddress(at: 22),
      sender: frame.ipv4Address(at: 28), targetHardware: frame.hardwareAddress(at: 32),
      target: frame.ipv4Address(at: 38),
      mark: ClaimMark(padding: frame.extracting(Self.frameLength...)))
  }

  /// Appends the frame to a buffer.
  public func append(to buffer: inout [UInt8]) {
    buffer.append(destination)
    buffer.append(source)
    buffer.append(number: Self.fixedFields, count: 8)
    buffer.append(word: operation.rawValue)
    buffer.append(senderHardware)
    buffer.append(.v4(sender))
    buffer.append(targetHardware)
    buffer.append(.v4(target))
    mark?.appendPadding(to: &buffer)
  }

  /// EtherType 0x0806, hardware type 1 (Ethernet), protocol type 0x0800 (IPv4), their address
  /// lengths 6 and 4.
  private static let fixedFields: UInt64 = 0x0806_0001_0800_0604
}

/// The broadcast that tells every host on the link which hardware address has an IPv4 address now
/// (RFC 9568 sections 6.4.1 and 6.4.2 with errata 7947 and 7949).
public struct GratuitousARP: Hashable, Sendable {
  /// RFC 3768 asks for a request, RFC 9568 for a "message"; some hosts listen to replies only.
  public var operation: ARPPacket.Operation
  /// The hardware address that hosts shall send to, and the frame's source: the virtual router MAC
  /// address, or the interface's own.
  public var hardwareAddress: HardwareAddress
  /// The address that is announced.
  public var address: IPv4Address
  /// Who announces it, for other nodes of ours.
  public var mark: ClaimMark?

  public init(
    _ operation: ARPPacket.Operation, hardwareAddress: HardwareAddress, address: IPv4Address,
    mark: ClaimMark? = nil
  ) {
    self.operation = operation
    self.hardwareAddress = hardwareAddress
    self.address = address
    self.mark = mark
  }

  /// Appends the Ethernet frame to a buffer: 42 bytes, 60 with a mark.
  public func append(to buffer: inout [UInt8]) {
    ARPPacket(
      destination: .broadcast, source: hardwareAddress, operation: operation,
      senderHardware: hardwareAddress, sender: address, targetHardware: hardwareAddress,
      target: address, mark: mark
    ).append(to: &buffer)
  }
}
