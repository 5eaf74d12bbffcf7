import VRRP

/// One connection as two nodes tell each other of it, short: its local address is a place in a list
/// that both know.
struct ConnectionEntry: Hashable, Sendable {
  /// Of the local address in the list.
  let place: UInt8
  let localPort: UInt16
  let clientPort: UInt16
  // Of an IPv4 client all is in `low`.
  private let high: UInt64
  private let low: UInt64

  init(_ connection: TCPConnection, place: UInt8) {
    self.place = place
    localPort = connection.localPort
    clientPort = connection.remotePort
    switch connection.remote {
    case .v4(let address):
      high = 0
      low = UInt64(address.number)
    case .v6(let address):
      high = address.high
      low = address.low
    }
  }

  /// From `length(family)` bytes at `offset`; the caller has checked that they are there.
  init(_ bytes: Span<UInt8>, at offset: Int, _ family: AddressFamily) {
    var end = offset
    func number(_ count: Int) -> UInt64 {
      end += count
      return (end - count..<end).reduce(0) { $0 << 8 | UInt64(bytes[$1]) }
    }
    high = family == .ipv4 ? 0 : number(8)
    low = number(family == .ipv4 ? 4 : 8)
    clientPort = UInt16(truncatingIfNeeded: number(2))
    localPort = UInt16(truncatingIfNeeded: number(2))
    place = UInt8(truncatingIfNeeded: number(1))
  }

  /// Bytes of one entry: 9 for IPv4, 21 for IPv6.
  static func length(_ family: AddressFamily) -> Int { family.addressLength + 5 }

  func append(to buffer: inout [UInt8], _ family: AddressFamily) {
    if family == .ipv6 { buffer.append(big: high) }
    if family == .ipv6 {
      buffer.append(big: low)
    } else {
      buffer.append(big: UInt32(truncatingIfNeeded: low))
    }
    buffer.append(big: clientPort)
    buffer.append(big: localPort)
    buffer.append(place)
  }

  func client(_ family: AddressFamily) -> IPAddress {
    family == .ipv4
      ? .v4(IPv4Address(number: UInt32(truncatingIfNeeded: low)))
      : .v6(IPv6Address(high: high, low: low))
  }

  /// A number that two lists add up to find out whether they are the same: the steps of SplitMix64 over
  /// the client's address, and over its port, the local port and the place.
  var digest: UInt64 {
    let rest = UInt64(clientPort) << 24 | UInt64(localPort) << 8 | UInt64(place)
    return [high, low, rest].reduce(0) { sum, word in
      var mixed = (sum ^ word) &+ 0x9e37_79b9_7f4a_7c15
      mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
      return mixed ^ mixed >> 31
    }
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(high)
    hasher.combine(low)
    hasher.combine(UInt64(clientPort) << 24 | UInt64(localPort) << 8 | UInt64(place))
  }
}

extension [UInt8] {
  /// The bytes of a number in network order.
  mutating func append(big number: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
  }
}
