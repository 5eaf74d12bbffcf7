/// The addresses of a virtual router, prepared once for the comparison with received lists.
public struct AddressList: Equatable, Sendable {
  /// In the order they are advertised; all of one family, no two alike, at most 255.
  public let addresses: [IPAddress]
  private let sorted: [IPAddress]

  public init(_ addresses: [IPAddress]) {
    self.addresses = addresses
    sorted = addresses.sorted()
  }

  /// The family of the addresses; IPv4 when there are none.
  var family: AddressFamily { addresses.first?.family ?? .ipv4 }

  /// The place of an address in the sorted order.
  fileprivate func place(of address: IPAddress) -> Int? {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < address { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == address ? low : nil
  }
}

extension Advertisement {
  /// Whether the message lists exactly the configured addresses, in any order.
  ///
  /// `message` is the one this advertisement was decoded from. Allocates nothing; the usual case,
  /// the same order on both sides (RFC 9568 section 5.2.9), is one pass.
  public func lists(_ configured: AddressList, in message: Span<UInt8>) -> Bool {
    let family = configured.family
    guard addressCount == configured.addresses.count,
      message.count == Self.length(version, family, addresses: addressCount)
        + (hasTrailer ? AuthenticationTrailer.length : 0)
    else { return false }

    for index in 0..<addressCount
    where Self.address(index, in: message, family) != configured.addresses[index] {
      return listsInOtherOrder(configured, in: message)
    }
    return true
  }

  /// Every received address has a place of its own in the configured list. Costs n log n.
  private func listsInOtherOrder(
    _ configured: AddressList, in message: Span<UInt8>
  ) -> Bool {
    // One bit for each of at most 255 places.
    var taken = SIMD4<UInt64>()
    for index in 0..<addressCount {
      let received = Self.address(index, in: message, configured.family)
      guard let place = configured.place(of: received) else { return false }
      let bit = UInt64(1) << UInt64(place % 64)
      guard taken[place / 64] & bit == 0 else { return false }
      taken[place / 64] |= bit
    }
    return true
  }

  private static func address(
    _ index: Int, in message: Span<UInt8>, _ family: AddressFamily
  ) -> IPAddress {
    message.address(at: headerLength + index * family.addressLength, family)
  }
}
