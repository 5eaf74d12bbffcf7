import CNetlink
import Glibc
import VRRP

/// Resets the TCP connections of addresses that are about to leave, so that both ends learn it at
/// once, without blocking (NETLINK_SOCK_DIAG of sock_diag(7)).
///
/// The peers are told by an RST that needs the source address: the reset comes to its end before the
/// address is removed. A socket that listens stays, and so does one in TIME-WAIT. What was found is
/// named by its cookie, so that another socket that came to the same place meanwhile is safe. The list
/// is read once more: connections may have come in while others were reset.
///
/// Watch `descriptor` for reading and call `proceed` each time, and when `deadline` has come. Needs
/// CAP_NET_ADMIN, and a kernel with CONFIG_INET_DIAG_DESTROY (4.9).
public struct ConnectionReset: ~Copyable {
  /// What became of the connections.
  public struct Result: Equatable, Sendable {
    public var reset: Int
    /// Found and not reset: the time was over, there were too many, or the kernel refused.
    public var left: Int

    public init(reset: Int = 0, left: Int = 0) {
      self.reset = reset
      self.left = left
    }
  }

  /// Requests in one go; the kernel sends their RSTs before the call returns, in 1-2 ms.
  private static let batch = 100
  /// How often the list is read at most: clients that come back at once could keep it going for ever.
  private static let mostPasses = 2

  private enum Phase {
    case listing(ConnectionDump)
    /// Those from this place of the list on are next; the batch before it is unanswered.
    case destroying(next: Int, unanswered: Int)
  }

  public let deadline: Instant
  /// The last refusal of the kernel: EPERM, or EOPNOTSUPP where it cannot reset.
  public private(set) var refusal: SystemError?
  /// In the order of the scopes.
  public private(set) var results: [Result]

  private var socket: NetlinkSocket
  private let scopes: ConnectionScopes
  private let limit: Int
  private var phase: Phase
  private var passes = 1
  private var found: [(scope: Int, listed: ListedConnection)] = []
  /// Found in this pass, and in all passes together taken on.
  private var foundTotal = 0
  private var taken = 0
  private var resetInPass = 0
  private var firstSequence: UInt32 = 0

  private init(
    _ socket: consuming NetlinkSocket, _ scopes: ConnectionScopes, limit: Int,
    until deadline: Instant
  ) {
    self.socket = socket
    self.scopes = scopes
    self.limit = limit
    self.deadline = deadline
    phase = .listing(ConnectionDump(scopes))
    results = Array(repeating: Result(), count: scopes.scopes.count)
  }

  /// Begins with the connections in the scopes, which have an address at least; at most `limit` of
  /// them, IPv4 in IPv6 sockets included.
  public static func start(
    _ scopes: [ConnectionScope], limit: Int = 1 << 16, until deadline: Instant
  ) throws(SystemError) -> ConnectionReset {
    var reset = ConnectionReset(
      try NetlinkSocket.open(NETLINK_SOCK_DIAG, receiveBuffer: 1 << 18), ConnectionScopes(scopes),
      limit: limit, until: deadline)
    guard try reset.list() else { throw SystemError("sock_diag dump", EINVAL) }
    return reset
  }

  public var descriptor: Int32 { socket.descriptor }

  /// Takes one step; true when it was the last one.
  public mutating func proceed(at now: Instant) throws(SystemError) -> Bool {
    switch phase {
    case .listing(var dump):
      guard now < deadline else { return giveUp(from: 0) }
      var (found, total, left) = (found, foundTotal, [Int: Int]())
      let room = limit - taken
      self.found = []
      let isListed = try dump.proceed(&socket) { scope, listed in
        total += 1
        if total <= room {
          found.append((scope, listed))
        } else {
          left[scope, default: 0] += 1
        }
      }
      (self.found, foundTotal) = (found, total)
      for (scope, count) in left { results[scope].left += count }
      guard isListed else {
        phase = .listing(dump)
        return false
      }
      guard !found.isEmpty else { return true }
      taken += found.count
      return try destroy(from: 0, at: now)
    case .destroying(let next, let unanswered):
      guard try takeAnswers(to: next - unanswered..<next) else {
        return now >= deadline ? giveUp(from: next) : false
      }
      if next < found.count { return try destroy(from: next, at: now) }
      // Whatever was refused would be again.
      guard resetInPass > 0, passes < Self.mostPasses, now < deadline else { return true }
      passes += 1
      for place in results.indices { results[place].left = 0 }
      return try !list()
    }
  }
}

extension ConnectionReset {
  /// Asks for the list, again after a pass.
  private mutating func list() throws(SystemError) -> Bool {
    found.removeAll(keepingCapacity: true)
    foundTotal = 0
    resetInPass = 0
    var dump = ConnectionDump(scopes)
    defer { phase = .listing(dump) }
    return try dump.ask(&socket)
  }

  private mutating func destroy(from next: Int, at now: Instant) throws(SystemError) -> Bool {
    guard now < deadline else { return giveUp(from: next) }
    let end = min(next + Self.batch, found.count)
    var batch = socket.makeBatch()
    firstSequence = batch.firstSequence
    for (_, listed) in found[next..<end] {
      batch.append(try NetlinkRequest.make(Int(SOCK_DESTROY), flags: 0, header: listed.request))
    }
    batch.acknowledgeLast()
    try socket.post(batch)
    phase = .destroying(next: end, unanswered: end - next)
    return false
  }

  /// Takes what the kernel has said about a batch; whether it has said all.
  private mutating func takeAnswers(to places: Range<Int>) throws(SystemError) -> Bool {
    var errors: [Int: Int32] = [:]
    var isOver = false
    let first = firstSequence
    var isMore = true
    while isMore, !isOver {
      isMore = try socket.receive { message, body in
        let place = Int(message.sequence &- first)
        guard message.type == Int(NLMSG_ERROR), place < places.count else { return }
        let code: Int32 = body.hostInteger(at: 0) ?? 0
        if code != 0 { errors[place] = code == .min ? EPROTO : abs(code) }
        if place == places.count - 1 { isOver = true }
      }
    }
    guard isOver else { return false }
    for (place, (scope, _)) in found[places].enumerated() {
      switch errors[place] {
      case nil:
        results[scope].reset += 1
        resetInPass += 1
      // It ended by itself between the two looks at it.
      case ENOENT, ESTALE: break
      case let code?:
        results[scope].left += 1
        refusal = SystemError("SOCK_DESTROY", code)
      }
    }
    return true
  }

  /// The time is over.
  private mutating func giveUp(from next: Int) -> Bool {
    for (scope, _) in found[next...] { results[scope].left += 1 }
    found = []
    return true
  }
}
