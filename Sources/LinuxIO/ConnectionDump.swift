import CNetlink
import Glibc
import VRRP

/// The kernel's list of the TCP connections of some addresses (NETLINK_SOCK_DIAG of sock_diag(7)), a
/// datagram at a time: of IPv4 sockets, and of IPv6 ones, which may use IPv4.
///
/// A socket that listens is not told, nor one in TIME-WAIT.
struct ConnectionDump {
  /// Up to how many addresses the kernel picks the sockets; of more it tells all.
  static let filteredAddresses = 64
  /// SYN-RECEIVED, a bit.
  static let halfOpen: UInt32 = 1 << 3
  /// Every state but LISTEN (10), TIME-WAIT (6) and CLOSE (7), a bit each.
  static let allStates: UInt32 = [1, 2, 3, 4, 5, 8, 9, 11].reduce(0) { $0 | 1 << UInt32($1) }

  let scopes: ConnectionScopes
  private let addresses: [IPAddress]
  private let states: UInt32
  private var families: [AddressFamily]
  /// Of the request that is being answered.
  private var sequence: UInt32 = 0

  init(_ scopes: ConnectionScopes, states: UInt32 = Self.allStates) {
    self.scopes = scopes
    self.states = states
    addresses = scopes.addresses
    families = scopes.families
  }

  /// Asks for the next family; false when there is none.
  mutating func ask(_ socket: inout NetlinkSocket) throws(SystemError) -> Bool {
    guard let family = families.first else { return false }
    families.removeFirst()
    var batch = socket.makeBatch()
    sequence = batch.firstSequence
    batch.append(try Self.request(for: addresses, family, states: states))
    try socket.post(batch)
    return true
  }

  /// Takes one datagram that waits, and asks for the next family behind the last one of the first;
  /// true when all has been told.
  mutating func proceed(
    _ socket: inout NetlinkSocket, _ visit: (Int, ListedConnection) -> Void
  ) throws(SystemError) -> Bool {
    var isOver = false
    var failure: Int32 = 0
    let (sequence, scopes) = (sequence, scopes)
    _ = try socket.receive { message, body in
      guard message.sequence == sequence else { return }
      switch message.type {
      case Int(NLMSG_ERROR), Int(NLMSG_DONE):
        isOver = true
        failure = body.hostInteger(at: 0) ?? 0
      case Int(SOCK_DIAG_BY_FAMILY):
        guard let listed = ListedConnection(body), let place = scopes.place(of: listed) else {
          return
        }
        visit(place, listed)
      default: break
      }
    }
    // IPv6 may not be there at all.
    guard failure == 0 || -failure == ENOENT else {
      throw SystemError("sock_diag dump", failure == .min ? EPROTO : abs(failure))
    }
    return isOver ? try !ask(&socket) : false
  }

  /// Asks for the connections of a family, picked by the kernel where there are not too many
  /// addresses.
  static func request(
    for addresses: [IPAddress], _ family: AddressFamily, states: UInt32 = Self.allStates
  ) throws(SystemError) -> NetlinkRequest {
    var header = inet_diag_req_v2()
    header.sdiag_family = UInt8(family.socketFamily)
    header.sdiag_protocol = UInt8(IPPROTO_TCP)
    header.idiag_states = states
    let request = try NetlinkRequest.make(
      Int(SOCK_DIAG_BY_FAMILY), flags: NLM_F_ROOT | NLM_F_MATCH, header: header)
    if addresses.count <= filteredAddresses {
      try request.append(
        INET_DIAG_REQ_BYTECODE, bytes: ConnectionFilter.bytes(for: addresses, family))
    }
    return request
  }
}
