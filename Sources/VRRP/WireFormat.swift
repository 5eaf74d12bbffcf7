// Numbers and addresses in network order, out of a span and into a buffer.

extension Span where Element == UInt8 {
  /// The 16 bits that begin at `offset`; the caller has checked the length.
  func word(at offset: Int) -> UInt16 {
    UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
  }

  /// The first `count` bytes from `offset` on as one number; the caller has checked the length.
  func number(at offset: Int, count: Int) -> UInt64 {
    var number: UInt64 = 0
    for index in offset..<(offset + count) { number = number << 8 | UInt64(self[index]) }
    return number
  }

  func hardwareAddress(at offset: Int) -> HardwareAddress {
    HardwareAddress(number: number(at: offset, count: 6))
  }

  func ipv4Address(at offset: Int) -> IPv4Address {
    IPv4Address(number: UInt32(truncatingIfNeeded: number(at: offset, count: 4)))
  }

  func ipv6Address(at offset: Int) -> IPv6Address {
    IPv6Address(high: number(at: offset, count: 8), low: number(at: offset + 8, count: 8))
  }

  func address(at offset: Int, _ family: AddressFamily) -> IPAddress {
    switch family {
    case .ipv4: .v4(ipv4Address(at: offset))
    case .ipv6: .v6(ipv6Address(at: offset))
    }
  }
}

extension [UInt8] {
  mutating func append(word: UInt16) {
    append(UInt8(truncatingIfNeeded: word >> 8))
    append(UInt8(truncatingIfNeeded: word))
  }

  /// The lowest `count` bytes of a number.
  mutating func append(number: UInt64, count: Int) {
    for index in (0..<count).reversed() {
      append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))))
    }
  }

  mutating func append(_ address: HardwareAddress) { append(number: address.number, count: 6) }

  mutating func append(_ address: IPAddress) {
    switch address {
    case .v4(let address): append(number: UInt64(address.number), count: 4)
    case .v6(let address):
      append(number: address.high, count: 8)
      append(number: address.low, count: 8)
    }
  }

  /// Writes 16 bits over those at `offset`, which exist.
  mutating func replaceWord(at offset: Int, with word: UInt16) {
    self[offset] = UInt8(truncatingIfNeeded: word >> 8)
    self[offset + 1] = UInt8(truncatingIfNeeded: word)
  }
}
