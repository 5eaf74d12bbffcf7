import VRRP

/// Telling the clients of a former holder that the role has moved: five rounds within a second, each
/// in pieces, and before each a look at what this host has connections to by now. Clients that become
/// known later have their own five rounds.
public struct ClientTelling: Sendable {
  /// When each round begins: the first few against frames that get lost while switches and neighbours
  /// still learn, the later ones for whoever was out of reach.
  static let rounds: [Duration] = [
    .zero, .milliseconds(20), .milliseconds(100), .milliseconds(300), .seconds(1),
  ]
  /// How long a full queue is given.
  static let pause = Duration.milliseconds(1)
  /// Groups of clients that are told beside each other at most.
  static let mostGroups = 4

  /// Clients whose rounds begin together.
  private struct Group {
    let clients: [TCPConnection]
    let began: Instant
    var roundsSent = 0

    /// When the next round begins.
    var due: Instant { began + ClientTelling.rounds[min(roundsSent, rounds.count - 1)] }
  }

  private enum Phase {
    /// The next round begins when it is due.
    case waiting
    /// The host's own connections are being listed.
    case looking
    /// Those from this place on are next, not before that time.
    case sending([TCPConnection], next: Int, notBefore: Instant)
  }

  /// Those that it began with.
  public let clients: [TCPConnection]
  private var groups: [Group]
  /// Whose round is under way.
  private var current = 0
  private var phase = Phase.waiting
  /// Rounds that have ended, of all groups.
  public private(set) var roundsSent = 0

  public init(_ clients: [TCPConnection], at now: Instant) {
    self.clients = clients
    groups = clients.isEmpty ? [] : [Group(clients: clients, began: now)]
  }

  public var isOver: Bool { groups.isEmpty }

  /// When there is something to do; nil while the host's own connections are looked at, and at the
  /// end.
  public var nextDeadline: Instant? {
    switch phase {
    case .waiting: groups.map(\.due).min()
    case .sending(_, _, let time): time
    case .looking: nil
    }
  }

  /// More clients, whose first round begins now; how many of them are not being told already. None
  /// when there are too many groups.
  public mutating func add(_ more: Set<TCPConnection>, at now: Instant) -> Int {
    guard groups.count < Self.mostGroups else { return 0 }
    var new = more
    for group in groups { new.subtract(group.clients) }
    guard !new.isEmpty else { return 0 }
    groups.append(Group(clients: Array(new), began: now))
    return new.count
  }

  /// Whether the host's own connections have to be listed now; answer with `looked`.
  public mutating func beginsToLook(at now: Instant) -> Bool {
    guard case .waiting = phase,
      let next = groups.indices.min(by: { groups[$0].due < groups[$1].due }),
      now >= groups[next].due
    else { return false }
    current = next
    phase = .looking
    return true
  }

  /// The host's own connections, for which nothing may be sent.
  public mutating func looked(_ own: Set<TCPConnection>, at now: Instant) {
    guard case .looking = phase else { return }
    let clients = groups[current].clients
    let rest = own.isEmpty ? clients : clients.filter { !own.contains($0) }
    phase = .sending(rest, next: 0, notBefore: now)
    if rest.isEmpty { endRound() }
  }

  /// Those to be told now, at most `limit`; answer with `sent`.
  public func due(at now: Instant, limit: Int) -> ArraySlice<TCPConnection> {
    guard case .sending(let rest, let next, let time) = phase, now >= time else { return [] }
    return rest[next...].prefix(limit)
  }

  /// So many of those that were due are settled; fewer than all when a queue was full.
  public mutating func sent(_ count: Int, isQueueFull: Bool, at now: Instant) {
    guard case .sending(let rest, let next, _) = phase else { return }
    let end = min(next + count, rest.count)
    phase = .sending(rest, next: end, notBefore: isQueueFull ? now + Self.pause : now)
    if end == rest.count { endRound() }
  }

  private mutating func endRound() {
    roundsSent += 1
    phase = .waiting
    groups[current].roundsSent += 1
    if groups[current].roundsSent == Self.rounds.count { groups.remove(at: current) }
  }
}
