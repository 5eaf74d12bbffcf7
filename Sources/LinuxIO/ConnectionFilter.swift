import CNetlink
import Glibc
import VRRP

/// The program by which the kernel picks sockets (INET_DIAG_REQ_BYTECODE of linux/inet_diag.h): those
/// whose source is one of some addresses.
enum ConnectionFilter {
  /// Each condition is followed by a jump to the end, which means yes, and goes to the condition
  /// behind that jump when it fails; the last one goes past the end, which means no.
  ///
  /// A socket of IPv6 may use an IPv4 address, and the kernel compares the two as it should.
  static func bytes(for addresses: [IPAddress], _ family: AddressFamily) -> [UInt8] {
    let wanted = addresses.filter { family == .ipv6 || $0.family == .ipv4 }
    // Without a condition the program would let every socket through: one that none fulfils.
    let conditions = wanted.isEmpty ? [IPAddress.v4(IPv4Address(255, 255, 255, 255))] : wanted
    let jump = 4
    let lengths = conditions.map { 12 + $0.family.addressLength }
    var rest = lengths.reduce(0, +) + jump * (conditions.count - 1)
    var bytes: [UInt8] = []
    for (address, length) in zip(conditions, lengths) {
      append(INET_DIAG_BC_S_COND, yes: length, no: length + jump, to: &bytes)
      bytes.append(UInt8(address.family.socketFamily))
      bytes.append(address.family.addressBits)
      bytes += [0, 0]
      // Any port.
      bytes += [0xff, 0xff, 0xff, 0xff]
      bytes += address.bytes
      rest -= length
      guard rest > 0 else { break }
      append(INET_DIAG_BC_JMP, yes: jump, no: rest, to: &bytes)
      rest -= jump
    }
    return bytes
  }

  /// An operation and how far it goes on yes and on no (struct inet_diag_bc_op).
  private static func append(_ code: Int, yes: Int, no: Int, to bytes: inout [UInt8]) {
    bytes.append(UInt8(truncatingIfNeeded: code))
    bytes.append(UInt8(truncatingIfNeeded: yes))
    withUnsafeBytes(of: UInt16(truncatingIfNeeded: no)) { bytes += $0 }
  }
}
