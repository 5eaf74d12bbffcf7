@testable import VRRP

/// Decodes an Ethernet frame as ARP and as a Neighbor Advertisement, and what decodes encodes to
/// the same bytes.
///
/// An input is a byte of which the lowest bit makes the ICMPv6 checksum right, and the frame.
enum FrameTarget {
  static func take(_ input: Span<UInt8>) {
    guard input.count > 0 else { return }
    var frame = input.extracting(1...).elements
    if input[0] & 1 != 0 { repair(&frame) }
    if let packet = ARPPacket(decoding: frame.span) {
      var encoded: [UInt8] = []
      packet.append(to: &encoded)
      expect(encoded.elementsEqual(frame.prefix(ARPPacket.frameLength)), "ARP encodes as received")
    }
    guard let advertisement = NeighborAdvertisement(decoding: frame.span) else { return }
    var encoded: [UInt8] = []
    advertisement.append(to: &encoded)
    expect(
      NeighborAdvertisement(decoding: encoded.span) == advertisement,
      "\(advertisement) decodes as it was encoded")
    guard isPlain(frame, advertisement) else { return }
    Checksum.clearZero(&encoded, at: messageOffset + 2)
    Checksum.clearZero(&frame, at: messageOffset + 2)
    expect(
      encoded.elementsEqual(frame.prefix(encoded.count)),
      "a Neighbor Advertisement encodes as received")
  }

  /// Behind the Ethernet and IPv6 headers.
  private static let messageOffset = 54

  /// Whether the frame has nothing that a receiver ignores: traffic class, flow label, Reserved
  /// bits, other options.
  private static func isPlain(
    _ frame: [UInt8], _ advertisement: NeighborAdvertisement
  ) -> Bool {
    let length = advertisement.targetHardware == nil ? 24 : 32
    return Array(frame[14..<18]) == [0x60, 0, 0, 0] && frame[messageOffset + 4] & 0x1f == 0
      && frame[(messageOffset + 5)..<(messageOffset + 8)].allSatisfy { $0 == 0 }
      && frame.span.word(at: 18) == length
  }

  private static func repair(_ frame: inout [UInt8]) {
    let length = frame.count - messageOffset
    guard length >= 8 else { return }
    frame.replaceWord(at: 18, with: UInt16(truncatingIfNeeded: length))
    frame.replaceWord(at: messageOffset + 2, with: 0)
    var sum = InternetChecksum()
    sum.add(frame.span.extracting(messageOffset...))
    sum.addPseudoHeader(
      from: .v6(frame.span.ipv6Address(at: 22)), to: .v6(frame.span.ipv6Address(at: 38)),
      protocolNumber: 58, length: length)
    frame.replaceWord(at: messageOffset + 2, with: sum.field)
  }
}
