import VRRP

/// Telling the clients of a former holder that the role has moved: five rounds within a second, each
/// in pieces, and before each a look at what this host has connections to by now.
public struct ClientTelling: Sendable {
  /// When each round begins: the first few against frames that get lost while switches and neighbours
  /// still learn, the later ones for whoever was out of reach.
  static let rounds: [Duration] = [
    .zero, .milliseconds(20), .milliseconds(100), .milliseconds(300), .seconds(1),
  ]
  /// How long a full queue is given.
  static let pause = Duration.milliseconds(1)

  private enum Phase {
    /// The next round begins then.
    case waiting(until: Instant)
    /// The host's own connections are being listed.
    case looking
    /// Those from this place on are next, not before that time.
    case sending([TCPConnection], next: Int, notBefore: Instant)
    case over
  }

  public let clients: [TCPConnection]
  private let began: Instant
  private var phase: Phase
  /// Rounds that have ended.
  public private(set) var roundsSent = 0

  public init(_ clients: [TCPConnection], at now: Instant) {
    self.clients = clients
    began = now
    phase = clients.isEmpty ? .over : .waiting(until: now)
  }

  public var isOver: Bool {
    if case .over = phase { true } else { false }
  }

  /// When there is something to do; nil while the host's own connections are looked at, and at the
  /// end.
  public var nextDeadline: Instant? {
    switch phase {
    case .waiting(let time): time
    case .sending(_, _, let time): time
    case .looking, .over: nil
    }
  }

  /// Whether the host's own connections have to be listed now; answer with `looked`.
  public mutating func beginsToLook(at now: Instant) -> Bool {
    guard case .waiting(let time) = phase, now >= time else { return false }
    phase = .looking
    return true
  }

  /// The host's own connections, for which nothing may be sent.
  public mutating func looked(_ own: Set<TCPConnection>, at now: Instant) {
    guard case .looking = phase else { return }
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
    phase =
      roundsSent < Self.rounds.count
      ? .waiting(until: began + Self.rounds[roundsSent]) : .over
  }
}
