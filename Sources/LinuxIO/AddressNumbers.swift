import CLinux
import Glibc
import VRRP

extension AddressFamily {
  /// AF_INET or AF_INET6.
  var socketFamily: Int32 { self == .ipv4 ? AF_INET : AF_INET6 }
}

extension IPAddress {
  /// The address as the C side passes it.
  var numbers: clinux_address {
    switch self {
    case .v4(let address): clinux_address(high: 0, low: UInt64(address.number))
    case .v6(let address): clinux_address(high: address.high, low: address.low)
    }
  }

  init(_ numbers: clinux_address, _ family: AddressFamily) {
    switch family {
    case .ipv4: self = .v4(IPv4Address(number: UInt32(truncatingIfNeeded: numbers.low)))
    case .ipv6: self = .v6(IPv6Address(high: numbers.high, low: numbers.low))
    }
  }
}
