// Addresses as text: dotted decimal for IPv4, RFC 4291 section 2.2 in and RFC 5952 out for IPv6.

extension IPv4Address: CustomStringConvertible {
  public var description: String {
    "\(number >> 24).\(number >> 16 & 0xff).\(number >> 8 & 0xff).\(number & 0xff)"
  }

  /// Four decimal numbers of 0-255 without leading zeros, as inet_pton(3) takes them.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var number: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
        part == "0" || part.utf8.first != 48, let byte = UInt8(part)
      else { return nil }
      number = number << 8 | UInt32(byte)
    }
    self.init(number: number)
  }
}

extension IPv6Address: CustomStringConvertible {
  /// The eight groups of 16 bits.
  var groups: [UInt16] {
    (0..<8).map { UInt16(truncatingIfNeeded: ($0 < 4 ? high : low) >> (48 - 16 * ($0 % 4))) }
  }

  init(groups: [UInt16]) {
    self.init(
      high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
      low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
  }

  /// The form of RFC 5952: lower case, the longest run of two or more zero groups shortened, an
  /// IPv4-mapped address (RFC 4291 section 2.5.5.2) ending in dotted decimal.
  public var description: String {
    if high == 0, low >> 32 == 0xffff {
      return "::ffff:\(IPv4Address(number: UInt32(truncatingIfNeeded: low)))"
    }
    let groups = groups
    var longest = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > longest.count { longest = start..<end }
      start = max(end, start + 1)
    }
    let hex = groups.map { String($0, radix: 16) }
    guard longest.count >= 2 else { return hex.joined(separator: ":") }
    return hex[..<longest.lowerBound].joined(separator: ":") + "::"
      + hex[longest.upperBound...].joined(separator: ":")
  }

  /// Any form of RFC 4291 section 2.2, the one that ends in dotted decimal included; no zone.
  public init?(_ text: some StringProtocol) {
    var text = String(text)
    if let colon = text.lastIndex(of: ":"), text[colon...].contains(".") {
      guard let last = IPv4Address(text[text.index(after: colon)...]) else { return nil }
      text =
        text[...colon] + String(last.number >> 16, radix: 16) + ":"
        + String(last.number & 0xffff, radix: 16)
    }
    guard let shortened = text.firstRange(of: "::") else {
      guard let groups = Self.groups(text), groups.count == 8 else { return nil }
      self.init(groups: groups)
      return
    }
    guard let front = Self.groups(text[..<shortened.lowerBound]),
      let back = Self.groups(text[shortened.upperBound...]), front.count + back.count <= 7
    else { return nil }
    let zeros = [UInt16](repeating: 0, count: 8 - front.count - back.count)
    self.init(groups: front + zeros + back)
  }

  private static func groups(_ text: some StringProtocol) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    var groups: [UInt16] = []
    for part in text.split(separator: ":", omittingEmptySubsequences: false) {
      guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
        let group = UInt16(part, radix: 16)
      else { return nil }
      groups.append(group)
    }
    return groups
  }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }

  /// An address of either family as text; nil when it is neither.
  public init?(_ text: some StringProtocol) {
    if let address = IPv4Address(text) {
      self = .v4(address)
    } else if let address = IPv6Address(text) {
      self = .v6(address)
    } else {
      return nil
    }
  }
}
