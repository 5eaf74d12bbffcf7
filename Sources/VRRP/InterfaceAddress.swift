/// An address with the length of its prefix, written as CIDR: `192.0.2.100/24`.
public struct InterfaceAddress: Hashable, Sendable, CustomStringConvertible {
  public let address: IPAddress
  /// Bits of the network part: 0-32 or 0-128.
  public let prefixLength: UInt8

  /// nil when the prefix is longer than the address.
  public init?(_ address: IPAddress, prefixLength: UInt8) {
    guard prefixLength <= address.family.addressBits else { return nil }
    self.address = address
    self.prefixLength = prefixLength
  }

  /// `ADDRESS/LENGTH`, or an address alone, which stands for its full length; nil when it is neither.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let address = IPAddress(first) else { return nil }
    guard parts.count == 2 else {
      self.init(address, prefixLength: address.family.addressBits)
      return
    }
    guard (1...3).contains(parts[1].utf8.count),
      parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
      parts[1] == "0" || parts[1].utf8.first != 48, let length = UInt8(parts[1])
    else { return nil }
    self.init(address, prefixLength: length)
  }

  public var description: String { "\(address)/\(prefixLength)" }

  /// Whether `other` lies in the network that this address and its prefix name.
  public func contains(_ other: IPAddress) -> Bool {
    switch (address, other) {
    case (.v4(let mine), .v4(let theirs)):
      return prefixLength == 0 || (mine.number ^ theirs.number) >> (32 - UInt32(prefixLength)) == 0
    case (.v6(let mine), .v6(let theirs)):
      let high = mine.high ^ theirs.high
      let low = mine.low ^ theirs.low
      if prefixLength == 0 { return true }
      if prefixLength <= 64 { return high >> (64 - UInt64(prefixLength)) == 0 }
      return high == 0 && low >> (128 - UInt64(prefixLength)) == 0
    case (.v4, .v6), (.v6, .v4): return false
    }
  }
}
