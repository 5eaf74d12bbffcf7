/// The Internet checksum (RFC 1071), fed piece by piece; every piece begins on an even offset.
struct InternetChecksum: Equatable, Sendable {
  // 65535 words of 16 bits would not fill 32 bits; no message comes near.
  private var sum: UInt64 = 0

  mutating func add(_ word: UInt16) { sum &+= UInt64(word) }

  mutating func add(_ address: IPAddress) {
    switch address {
    case .v4(let address): add(number: UInt64(address.number))
    case .v6(let address):
      add(number: address.high)
      add(number: address.low)
    }
  }

  /// An odd last byte counts as if a zero byte followed it.
  mutating func add(_ bytes: Span<UInt8>) {
    var offset = 0
    while offset + 1 < bytes.count {
      add(bytes.word(at: offset))
      offset += 2
    }
    if offset < bytes.count { add(UInt16(bytes[offset]) << 8) }
  }

  /// The pseudo-header of IPv4 (RFC 793 section 3.1) or IPv6 (RFC 8200 section 8.1); they sum alike.
  mutating func addPseudoHeader(
    from source: IPAddress, to destination: IPAddress, protocolNumber: UInt8, length: Int
  ) {
    add(source)
    add(destination)
    add(UInt16(protocolNumber))
    add(number: UInt64(truncatingIfNeeded: length))
  }

  private mutating func add(number: UInt64) {
    sum &+= number >> 48
    sum &+= number >> 32 & 0xffff
    sum &+= number >> 16 & 0xffff
    sum &+= number & 0xffff
  }

  /// The sum in one's complement, 16 bits.
  private var folded: UInt16 {
    var sum = sum
    while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
    return UInt16(truncatingIfNeeded: sum)
  }

  /// What goes into the checksum field, when the field itself was fed as zero.
  var field: UInt16 { ~folded }

  /// Whether the checksum is right, when the field was fed as received.
  var verifies: Bool { folded == 0xffff }
}
