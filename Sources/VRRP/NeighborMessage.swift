/// What a Neighbor Solicitation and a Neighbor Advertisement have in common (RFC 4861 sections 4.3
/// and 4.4): the layout, and the checks of sections 7.1.1 and 7.1.2.
struct NeighborMessage: Equatable, Sendable {
  enum Kind: UInt8, Sendable {
    case solicitation = 135
    case advertisement = 136

    /// The link-layer address option that belongs to it, 1 or 2, and its length in units of 8 bytes.
    var hardwareOption: UInt16 { self == .solicitation ? 0x0101 : 0x0201 }
  }

  var destinationHardware: HardwareAddress
  var sourceHardware: HardwareAddress
  var source: IPv6Address
  var destination: IPv6Address
  var kind: Kind
  /// R, S and O of an advertisement in the upper bits; reserved in a solicitation.
  var flags: UInt8
  var target: IPv6Address
  /// The link-layer address option that belongs to the kind.
  var hardware: HardwareAddress?
  var mark: ClaimMark?

  init(
    destinationHardware: HardwareAddress, sourceHardware: HardwareAddress, source: IPv6Address,
    destination: IPv6Address, kind: Kind, flags: UInt8, target: IPv6Address,
    hardware: HardwareAddress?, mark: ClaimMark? = nil
  ) {
    self.destinationHardware = destinationHardware
    self.sourceHardware = sourceHardware
    self.source = source
    self.destination = destination
    self.kind = kind
    self.flags = flags
    self.target = target
    self.hardware = hardware
    self.mark = mark
  }

  /// Appends the frame to a buffer: Hop Limit 255, traffic class and flow label 0.
  func append(to buffer: inout [UInt8]) {
    let length =
      Wire.fixedLength + (hardware == nil ? 0 : Wire.hardwareOptionLength)
      + (mark == nil ? 0 : ClaimMark.optionLength)
    buffer.append(destinationHardware)
    buffer.append(sourceHardware)
    buffer.append(word: Wire.etherType)
    buffer.append(number: 0x6000_0000, count: 4)
    buffer.append(word: UInt16(truncatingIfNeeded: length))
    buffer.append(Wire.nextHeader)
    buffer.append(255)
    buffer.append(.v6(source))
    buffer.append(.v6(destination))

    let start = buffer.count
    buffer.append(word: UInt16(kind.rawValue) << 8)
    buffer.append(word: 0)
    buffer.append(number: UInt64(flags) << 24, count: 4)
    buffer.append(.v6(target))
    if let hardware {
      buffer.append(word: kind.hardwareOption)
      buffer.append(hardware)
    }
    mark?.appendOption(to: &buffer)
    var sum = InternetChecksum()
    sum.add(buffer.span.extracting(start...))
    sum.addPseudoHeader(
      from: .v6(source), to: .v6(destination), protocolNumber: Wire.nextHeader, length: length)
    buffer.replaceWord(at: start + 2, with: sum.field)
  }

  /// From a received Ethernet frame, padding allowed; nil when it is neither kind or not valid.
  init?(decoding frame: Span<UInt8>) {
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
    guard sum.verifies, let kind = Kind(rawValue: message[0]), message[1] == 0,
      !IPAddress.v6(target).isMulticast
    else { return nil }
    self.init(
      destinationHardware: frame.hardwareAddress(at: 0),
      sourceHardware: frame.hardwareAddress(at: 6), source: source, destination: destination,
      kind: kind, flags: message[4], target: target, hardware: nil)
    guard readOptions(message.extracting(Wire.fixedLength...)) else { return nil }
  }

  /// Takes what it knows from the options and passes over the others (RFC 4861 section 4.6); false
  /// when one does not fit.
  private mutating func readOptions(_ options: Span<UInt8>) -> Bool {
    var offset = 0
    while offset < options.count {
      guard offset + 2 <= options.count, options[offset + 1] > 0 else { return false }
      let end = offset + Int(options[offset + 1]) * 8
      guard end <= options.count else { return false }
      let option = options.extracting(offset..<end)
      if option.word(at: 0) == kind.hardwareOption {
        hardware = option.hardwareAddress(at: 2)
      } else if let mark = ClaimMark(option: option) {
        self.mark = mark
      }
      offset = end
    }
    return true
  }

  private enum Wire {
    static let etherType: UInt16 = 0x86dd
    /// ICMPv6.
    static let nextHeader: UInt8 = 58
    /// Ethernet and IPv6 header.
    static let messageOffset = 54
    /// Type, code, checksum, flags and target.
    static let fixedLength = 24
    static let hardwareOptionLength = 8
  }
}
