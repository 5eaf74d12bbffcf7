import CNetlink
import Glibc
import VRRP

/// Resets the TCP connections of addresses that are about to leave, so that both ends learn it at
/// once (NETLINK_SOCK_DIAG of sock_diag(7)).
///
/// The peers are told by an RST that needs the source address: reset before the address is removed.
/// A socket that listens stays, and so does one in TIME-WAIT. What was found is named by its cookie, so
/// that another socket that came to the same place meanwhile is safe.
public struct ConnectionTable: ~Copyable {
  /// What became of the connections.
  public struct Result: Equatable, Sendable {
    public var reset = 0
    /// Found and not reset: the time was over, there were too many, or the kernel refused.
    public var left = 0
  }

  /// Up to how many addresses the kernel picks the sockets; of more it tells all.
  static let filteredAddresses = 64
  /// Requests in one go; the kernel sends their RSTs before the call returns.
  private static let batch = 128

  private var socket: NetlinkSocket

  private init(_ socket: consuming NetlinkSocket) { self.socket = socket }

  /// Resetting needs CAP_NET_ADMIN, and a kernel with CONFIG_INET_DIAG_DESTROY (4.9).
  public static func open() throws(SystemError) -> ConnectionTable {
    ConnectionTable(
      try NetlinkSocket.open(NETLINK_SOCK_DIAG, receiveBuffer: 1 << 20))
  }

  /// Resets the connections whose local address is one of those given, IPv4 in IPv6 sockets
  /// included. A link-local address counts on the interface alone.
  ///
  /// Ends after `limit` connections or when the time is over. Throws when the sockets could not be
  /// told, ETIMEDOUT when that alone took all the time, or when each one was refused: EPERM, or
  /// EOPNOTSUPP where the kernel cannot reset.
  public mutating func reset(
    _ addresses: [IPAddress], interfaceIndex: Int32, limit: Int = 1 << 16, within time: Duration
  ) throws(SystemError) -> Result {
    guard !addresses.isEmpty else { return Result() }
    let deadline = Clock.now() + time
    var result = Result()
    var found: [Connection] = []
    for family in AddressFamily.allCases {
      found += try connections(
        of: addresses, family, interfaceIndex, &result, limit: limit - found.count,
        until: deadline)
    }
    var refusal: SystemError?
    var next = 0
    while next < found.count, Clock.now() < deadline {
      let end = min(next + Self.batch, found.count)
      socket.patience = deadline - Clock.now()
      let answer = try destroy(found[next..<end])
      let refused = answer.errors.values.filter { !Self.isGone($0) }
      result.reset += end - next - answer.errors.count
      result.left += refused.count
      if let code = refused.first { refusal = SystemError("SOCK_DESTROY", code) }
      next = end
    }
    result.left += found.count - next
    if result.reset == 0, let refusal { throw refusal }
    return result
  }

  /// Whether a connection ended by itself between the two looks at it.
  private static func isGone(_ code: Int32) -> Bool { code == ENOENT || code == ESTALE }

  /// Asks for the connections of a family, picked by the kernel where there are not too many
  /// addresses.
  static func request(
    for addresses: [IPAddress], _ family: AddressFamily
  ) throws(SystemError) -> NetlinkRequest {
    var header = inet_diag_req_v2()
    header.sdiag_family = UInt8(family.socketFamily)
    header.sdiag_protocol = UInt8(IPPROTO_TCP)
    header.idiag_states = Connection.states
    let request = try NetlinkRequest.make(
      Int(SOCK_DIAG_BY_FAMILY), flags: NLM_F_ROOT | NLM_F_MATCH, header: header)
    if addresses.count <= filteredAddresses {
      try request.append(
        INET_DIAG_REQ_BYTECODE, bytes: ConnectionFilter.bytes(for: addresses, family))
    }
    return request
  }

  private mutating func connections(
    of addresses: [IPAddress], _ family: AddressFamily, _ interfaceIndex: Int32,
    _ result: inout Result, limit: Int, until deadline: Instant
  ) throws(SystemError) -> [Connection] {
    let wanted = Set(addresses)
    let request = try Self.request(for: addresses, family)
    socket.patience = max(.zero, deadline - Clock.now())
    var count = 0
    let found = try socket.dump(request) { message, body -> Connection? in
      guard message.type == Int(SOCK_DIAG_BY_FAMILY), let connection = Connection(body),
        wanted.contains(connection.local),
        !connection.local.isLinkLocal || connection.interfaceIndex == interfaceIndex
      else { return nil }
      count += 1
      return count <= limit ? connection : nil
    }
    result.left += max(0, count - max(0, limit))
    return found
  }

  private mutating func destroy(
    _ connections: ArraySlice<Connection>
  ) throws(SystemError) -> NetlinkSocket.Answer {
    var batch = socket.makeBatch()
    for connection in connections {
      batch.append(
        try NetlinkRequest.make(Int(SOCK_DESTROY), flags: 0, header: connection.request))
    }
    batch.acknowledgeLast()
    return try socket.exchange(batch)
  }
}

/// One connection as the kernel tells it (struct inet_diag_msg of linux/inet_diag.h).
struct Connection {
  /// Every state but LISTEN (10), TIME-WAIT (6) and CLOSE (7), a bit each.
  static let states: UInt32 = [1, 2, 3, 4, 5, 8, 9, 11].reduce(0) { $0 | 1 << UInt32($1) }

  /// Its local address; one of IPv4 also for a socket of IPv6 that uses it (RFC 4291 section
  /// 2.5.5.2).
  let local: IPAddress
  /// The interface that it is bound to, 0 for none.
  let interfaceIndex: Int32
  private let family: UInt8
  private let identity: inet_diag_sockid

  /// nil when the message is too short or of a family that is not IP.
  init?(_ body: Span<UInt8>) {
    guard body.count >= MemoryLayout<inet_diag_msg>.size else { return nil }
    family = body[0]
    identity = body.bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: inet_diag_sockid.self)
    interfaceIndex = Int32(bitPattern: identity.idiag_if)
    let source = body.extracting(8..<24).array
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
    let isIPv4 = Int32(family) == AF_INET
    guard isIPv4 || Int32(family) == AF_INET6,
      let address = isIPv4
        ? IPAddress(bytes: source[..<4])
        : IPAddress(bytes: source.starts(with: mapped) ? source[12...] : source[...])
    else { return nil }
    local = address
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
