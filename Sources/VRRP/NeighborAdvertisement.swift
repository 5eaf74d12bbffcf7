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

  public init(
    destinationHardware: HardwareAddress, sourceHardware: HardwareAddress, source: IPv6Address,
    destination: IPv6Address, isRouter: Bool, isSolicited: Bool, overrides: Bool,
    target: IPv6Address, targetHardware: HardwareAddress?
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
  }

  /// Appends the frame to a buffer: Hop Limit 255, traffic class and flow label 0.
  public func append(to buffer: inout [UInt8]) {
    buffer.append(destinationHardware)
    buffer.append(sourceHardware)
    buffer.append(word: Wire.etherType)
    buffer.append(number: 0x6000_0000, count: 4)
    let length = Wire.fixedLength + (targetHardware == nil ? 0 : Wire.optionLength)
    buffer.append(word: UInt16(truncatingIfNeeded: length))
    buffer.append(Wire.nextHeader)
    buffer.append(255)
    buffer.append(.v6(source))
    buffer.append(.v6(destination))

    let start = buffer.count
    buffer.append(word: Wire.typeAndCode)
    buffer.append(word: 0)
    let flags: UInt8 = (isRouter ? 0x80 : 0) | (isSolicited ? 0x40 : 0) | (overrides ? 0x20 : 0)
    buffer.append(number: UInt64(flags) << 24, count: 4)
    buffer.append(.v6(target))
    if let targetHardware {
      buffer.append(word: Wire.targetOption)
      buffer.append(targetHardware)
    }
    var sum = InternetChecksum()
    sum.add(buffer.span.extracting(start...))
    sum.addPseudoHeader(
      from: .v6(source), to: .v6(destination), protocolNumber: Wire.nextHeader, length: length)
    buffer.replaceWord(at: start + 2, with: sum.field)
  }

  /// From a received Ethernet frame, padding allowed; nil when it is not a Neighbor Advertisement
  /// that RFC 4861 section 7.1.2 calls valid.
  public init?(decoding frame: Span<UInt8>) {
    guard frame.count >= Wire.messageOffset + Wire.fixedLength,
      frame.word(at: 12) == Wire.etherType, frame[14] >> 4 == 6, frame[20] == Wire.nextHeader,
      frame[21] == 255
    else { return nil }
    let length = Int(frame.word(at: 18))
    guard length >= Wire.fixedLength, frame.count >= Wire.messageOffset + length else { return nil }
    let message = frame.extracting(Wire.messageOffset..<(Wire.messageOffset + length))
    let source = frame.ipv6Address(at: 22)
    let destination = frame.ipv6Address(at: 38)
    var sum = InternetChecksum()
    sum.add(message)
    sum.addPseudoHeader(
      from: .v6(source), to: .v6(destination), protocolNumber: Wire.nextHeader, length: length)
    let target = message.ipv6Address(at: 8)
    let isSolicited = message[4] & 0x40 != 0
    guard sum.verifies, message.word(at: 0) == Wire.typeAndCode,
      !IPAddress.v6(target).isMulticast,
      !(isSolicited && IPAddress.v6(destination).isMulticast)
    else { return nil }

    var targetHardware: HardwareAddress?
    var offset = Wire.fixedLength
    while offset < length {
      guard offset + 2 <= length, message[offset + 1] > 0 else { return nil }
      let end = offset + Int(message[offset + 1]) * 8
      guard end <= length else { return nil }
      if message.word(at: offset) == Wire.targetOption {
        targetHardware = message.hardwareAddress(at: offset + 2)
      }
      offset = end
    }
    self.init(
      destinationHardware: frame.hardwareAddress(at: 0),
      sourceHardware: frame.hardwareAddress(at: 6), source: source, destination: destination,
      isRouter: message[4] & 0x80 != 0, isSolicited: isSolicited,
      overrides: message[4] & 0x20 != 0, target: target, targetHardware: targetHardware)
  }

  private enum Wire {
    static let etherType: UInt16 = 0x86dd
    /// ICMPv6.
    static let nextHeader: UInt8 = 58
    /// Ethernet and IPv6 header.
    static let messageOffset = 54
    /// Type, code, checksum, flags and target.
    static let fixedLength = 24
    static let typeAndCode: UInt16 = 136 << 8
    /// Option 2, in units of 8 bytes: 1.
    static let targetOption: UInt16 = 0x0201
    static let optionLength = 8
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

  public init(hardwareAddress: HardwareAddress, address: IPv6Address) {
    self.hardwareAddress = hardwareAddress
    self.address = address
  }

  /// Appends the Ethernet frame of 86 bytes to a buffer.
  public func append(to buffer: inout [UInt8]) {
    NeighborAdvertisement(
      destinationHardware: HardwareAddress(0x33, 0x33, 0, 0, 0, 1),
      sourceHardware: hardwareAddress, source: address,
      destination: IPv6Address(high: 0xff02_0000_0000_0000, low: 1), isRouter: true,
      isSolicited: false, overrides: true, target: address, targetHardware: hardwareAddress
    ).append(to: &buffer)
  }
}
