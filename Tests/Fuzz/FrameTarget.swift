@testable import VRRP

/// Decodes an Ethernet frame as ARP, Neighbor Solicitation and Neighbor Advertisement, and what
/// decodes encodes to the same bytes.
///
/// An input is a byte of which the lowest bit makes the ICMPv6 checksum right, and the frame.
enum FrameTarget {
  static func take(_ input: Span<UInt8>) {
    guard let frame = frame(input) else { return }
    if let claim = NeighborClaim(decoding: frame.span) { check(claim) }
    if let packet = ARPPacket(decoding: frame.span) {
      var encoded: [UInt8] = []
      packet.append(to: &encoded)
      let length = ARPPacket.frameLength
      expect(encoded.prefix(length) == frame.prefix(length), "ARP encodes as received")
      expect(ARPPacket(decoding: encoded.span) == packet, "\(packet) decodes as it was encoded")
    }
    if let solicitation = NeighborSolicitation(decoding: frame.span) {
      var encoded: [UInt8] = []
      solicitation.append(to: &encoded)
      expect(
        NeighborSolicitation(decoding: encoded.span) == solicitation,
        "\(solicitation) decodes as it was encoded")
      compare(encoded, frame)
    }
    if let advertisement = NeighborAdvertisement(decoding: frame.span) {
      var encoded: [UInt8] = []
      advertisement.append(to: &encoded)
      expect(
        NeighborAdvertisement(decoding: encoded.span) == advertisement,
        "\(advertisement) decodes as it was encoded")
      // What a mark leaves empty is passed over.
      if advertisement.mark == nil { compare(encoded, frame) }
    }
  }

  /// The frame of an input; nil when that is empty.
  static func frame(_ input: Span<UInt8>) -> [UInt8]? {
    guard input.count > 0 else { return nil }
    var frame = input.extracting(1...).elements
    if input[0] & 1 != 0 { repair(&frame) }
    return frame
  }

  private static func check(_ claim: NeighborClaim) {
    expect(
      !claim.address.isUnspecified && !claim.address.isMulticast,
      "\(claim) is about an address that a host can have")
    guard claim.kind == .probes else { return }
    var encoded: [UInt8] = []
    AddressProbe(hardwareAddress: claim.hardware, address: claim.address).append(to: &encoded)
    var asked = claim
    asked.mark = nil
    expect(NeighborClaim(decoding: encoded.span) == asked, "\(claim) is a probe like ours")
  }

  // MARK: Neighbour discovery

  /// Behind the Ethernet and IPv6 headers.
  private static let messageOffset = 54

  /// Compares with a frame that has nothing that a receiver ignores: traffic class, flow label,
  /// Reserved bits, other options.
  private static func compare(_ encoded: [UInt8], _ frame: [UInt8]) {
    let length = Int(frame.span.word(at: 18))
    let reserved = frame[messageOffset] == 135 ? frame[messageOffset + 4] : 0
    guard frame[14..<18].elementsEqual([0x60, 0, 0, 0]), reserved == 0,
      frame[messageOffset + 4] & 0x1f == 0,
      frame[(messageOffset + 5)..<(messageOffset + 8)].allSatisfy({ $0 == 0 }),
      length == encoded.count - messageOffset
    else { return }
    var (encoded, received) = (encoded, Array(frame.prefix(encoded.count)))
    Checksum.clearZero(&encoded, at: messageOffset + 2)
    Checksum.clearZero(&received, at: messageOffset + 2)
    expect(encoded == received, "\(encoded) is encoded as it was received: \(received)")
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
