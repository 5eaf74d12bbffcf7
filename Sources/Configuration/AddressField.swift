import VRRP

// Addresses as fields of the file.

extension Field {
  /// An address without a prefix that one host can have.
  func hostAddress() -> IPAddress? {
    let remedy = "write it like `192.0.2.1` or `2001:db8::1`"
    guard let text = text("an IP address", remedy) else { return nil }
    guard let address = IPAddress(text) else {
      let hasPrefix = InterfaceAddress(text) != nil
      refuse(
        "`\(shown(text))` is not an IP address",
        hasPrefix ? "leave out the prefix length" : remedy)
      return nil
    }
    return isUsable(address) ? address : nil
  }

  /// An address for an interface: `192.0.2.100/24`, or an address alone, which stands for its full
  /// length.
  func interfaceAddress() -> InterfaceAddress? {
    let remedy = "write it like `192.0.2.100/24` or `2001:db8::100/64`"
    guard let text = text("an address", remedy) else { return nil }
    guard let address = InterfaceAddress(text) else {
      refuse("`\(shown(text))` is not an address with a prefix length", remedy)
      return nil
    }
    guard isUsable(address.address) else { return nil }
    let bits = address.address.family.addressBits
    guard address.prefixLength > 0 else {
      refuse("the prefix length 0 is out of range", "use 1-\(bits)")
      return nil
    }
    if case .v4(let number) = address.address, address.prefixLength <= 30 {
      let hosts = UInt32.max >> UInt32(address.prefixLength)
      guard number.number & hosts != 0, number.number & hosts != hosts else {
        let kind = number.number & hosts == 0 ? "network" : "broadcast"
        refuse("\(address) is the \(kind) address of its network", "use a host's address")
        return nil
      }
    }
    return address
  }

  /// A network: an address whose host bits are zero, with its prefix length.
  func network() -> InterfaceAddress? {
    let remedy = "write it like `192.0.2.0/24`"
    guard let text = text("a network", remedy) else { return nil }
    guard text.contains("/"), let network = InterfaceAddress(text), network.prefixLength > 0 else {
      refuse("`\(shown(text))` is not a network", remedy)
      return nil
    }
    let base = network.base
    guard base == network else {
      refuse("\(network) has bits behind its prefix", "write `\(base)`")
      return nil
    }
    return network
  }

  private func isUsable(_ address: IPAddress) -> Bool {
    let kind: String
    if address.isMulticast {
      kind = "a multicast address"
    } else if address.isUnspecified {
      kind = "the unspecified address"
    } else if address.isLoopback {
      kind = "a loopback address"
    } else if address == .v4(IPv4Address(255, 255, 255, 255)) {
      kind = "the broadcast address"
    } else if case .v6(let six) = address, six.high == 0, six.low >> 32 == 0xffff {
      kind = "an IPv4 address written as IPv6"
    } else {
      return true
    }
    refuse("\(address) is \(kind)", "use a unicast address of a host")
    return false
  }
}

extension IPAddress {
  /// Whether it lies in 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or is ::1.
  fileprivate var isLoopback: Bool {
    switch self {
    case .v4(let address): address.number >> 24 == 127
    case .v6(let address): address.high == 0 && address.low == 1
    }
  }
}

extension InterfaceAddress {
  /// The network it lies in, with all host bits zero.
  fileprivate var base: InterfaceAddress {
    let length = UInt64(prefixLength)
    let first: IPAddress
    switch address {
    case .v4(let four):
      first = .v4(IPv4Address(number: four.number & ~(UInt32.max >> UInt32(prefixLength))))
    case .v6(let six):
      let high = length >= 64 ? six.high : six.high & ~(UInt64.max >> length)
      let low = length <= 64 ? 0 : six.low & ~(UInt64.max >> (length - 64))
      first = .v6(IPv6Address(high: high, low: low))
    }
    return InterfaceAddress(first, prefixLength: prefixLength) ?? self
  }
}
