import CNetlink
import Glibc
import VRRP

/// One connection as the kernel tells it (struct inet_diag_msg of linux/inet_diag.h).
struct ListedConnection {
  /// Its ends; of IPv4 also for a socket of IPv6 that uses it (RFC 4291 section 2.5.5.2).
  let connection: TCPConnection
  /// The interface that it is bound to, 0 for none.
  let interfaceIndex: Int32
  /// Whether the last word of its handshake has not come yet: SYN-RECEIVED.
  let isHalfOpen: Bool
  private let family: UInt8
  private let identity: inet_diag_sockid

  /// nil when the message is too short or of a family that is not IP.
  init?(_ body: Span<UInt8>) {
    guard body.count >= MemoryLayout<inet_diag_msg>.size else { return nil }
    family = body[0]
    isHalfOpen = 1 << UInt32(body[1]) == ConnectionDump.halfOpen
    identity = body.bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: inet_diag_sockid.self)
    interfaceIndex = Int32(bitPattern: identity.idiag_if)
    guard let local = Self.address(body, at: 8, family),
      let remote = Self.address(body, at: 24, family)
    else { return nil }
    connection = TCPConnection(
      local: local, localPort: UInt16(bigEndian: identity.idiag_sport), remote: remote,
      remotePort: UInt16(bigEndian: identity.idiag_dport))
  }

  private static func address(_ body: Span<UInt8>, at offset: Int, _ family: UInt8) -> IPAddress? {
    // Without arrays: this is done ten thousand times in a row.
    func number(_ offset: Int) -> UInt64 {
      UInt64(bigEndian: body.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    let (high, low) = (number(offset), number(offset + 8))
    switch Int32(family) {
    case AF_INET: return .v4(IPv4Address(number: UInt32(truncatingIfNeeded: high >> 32)))
    case AF_INET6:
      let isMapped = high == 0 && low >> 32 == 0xffff
      return isMapped
        ? .v4(IPv4Address(number: UInt32(truncatingIfNeeded: low)))
        : .v6(IPv6Address(high: high, low: low))
    default: return nil
    }
  }

  /// What SOCK_DESTROY takes.
  var request: inet_diag_req_v2 {
    var request = inet_diag_req_v2()
    request.sdiag_family = family
    request.sdiag_protocol = UInt8(IPPROTO_TCP)
    request.id = identity
    return request
  }
}
