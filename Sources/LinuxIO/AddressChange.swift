import CNetlink
import Glibc
import VRRP

/// What a batch does with addresses; the flags are NLM_F_*.
enum AddressChange {
  /// With a lifetime in seconds, `UInt32.max` for ever.
  case add(flags: Int32, lifetime: UInt32)
  case remove

  /// The type of the request, as an error names it.
  var name: String {
    switch self {
    case .add: "RTM_NEWADDR"
    case .remove: "RTM_DELADDR"
    }
  }

  func request(
    _ address: InterfaceAddress, _ interfaceIndex: Int32
  ) throws(SystemError) -> NetlinkRequest {
    let family = address.address.family
    var header = ifaddrmsg()
    header.ifa_family = UInt8(family.socketFamily)
    header.ifa_prefixlen = address.prefixLength
    header.ifa_index = UInt32(bitPattern: interfaceIndex)
    let bytes = address.address.bytes
    switch self {
    case .add(let flags, let lifetime):
      if family == .ipv6 { header.ifa_flags = UInt8(IFA_F_NODAD) }
      let request = try NetlinkRequest.make(Int(RTM_NEWADDR), flags: flags, header: header)
      try request.append(Int(IFA_LOCAL), bytes: bytes)
      try request.append(Int(IFA_ADDRESS), bytes: bytes)
      try request.append(Int(IFA_PROTO), AddressTable.protocolTag)
      if family == .ipv6 || lifetime != .max {
        // Over IPv6 never preferred, so that no connection of this host starts from it.
        try request.append(
          Int(IFA_CACHEINFO),
          ifa_cacheinfo(
            ifa_prefered: family == .ipv6 ? 0 : lifetime, ifa_valid: lifetime, cstamp: 0,
            tstamp: 0))
      }
      return request
    case .remove:
      let request = try NetlinkRequest.make(Int(RTM_DELADDR), flags: 0, header: header)
      try request.append(Int(IFA_LOCAL), bytes: bytes)
      // Without it the kernel passes over the length of an IPv4 prefix.
      try request.append(Int(IFA_ADDRESS), bytes: bytes)
      return request
    }
  }
}
