import VRRP

/// The connections that a node still had when the addresses had left it, as it tells whom it has handed
/// the role to.
///
/// Only the list that began last counts. It is forgotten when its clients are taken out to be told, and
/// otherwise as the lists of `SharedConnections` are.
public struct LateConnections: Sendable {
  /// How long after a takeover the former holder is listened to.
  static let useful = Duration.seconds(5)

  private var list: ConnectionList?
  private var peer = ""
  private var isWhole = false
  private var keptUntil: Instant?

  public init() {}

  public var isEmpty: Bool { list == nil }

  /// Takes in a piece, in their order; whether the list is whole with it.
  public mutating func take(
    _ piece: ConnectionParcel.Piece, from peer: String, at now: Instant
  ) -> Bool {
    if let addresses = piece.beginning {
      list = ConnectionList(addresses: addresses, family: piece.family)
      self.peer = peer
      isWhole = false
    }
    guard var list, self.peer == peer, !isWhole, list.family == piece.family else { return false }
    // The copy of the list must be the only one while it changes.
    self.list = nil
    var beyondLimit = 0
    guard list.apply(piece, &beyondLimit) else { return false }
    self.list = list
    isWhole = piece.isEnd
    keptUntil = now + SharedConnections.keeping
    return isWhole
  }

  /// Whether the clients of a list that has just become whole are to be told now: soon after this node
  /// took over from whoever sends it. Before that the takeover will tell them; what comes later is
  /// forgotten, for by then the clients have found the new holder, and the next takeover is about others.
  public mutating func isTold(
    takenOverFrom former: String?, at takeover: Instant, isHolding: Bool, at now: Instant
  ) -> Bool {
    guard isWhole, isHolding, peer == former else { return false }
    if now - takeover <= Self.useful { return true }
    forget()
    return false
  }

  /// Takes out those of the addresses that are configured here; none before the list is whole.
  public mutating func takeAll(of addresses: [IPAddress]) -> Set<TCPConnection> {
    guard isWhole, let list else { return [] }
    forget()
    return list.connections(of: Set(addresses))
  }

  public mutating func forget() { self = Self() }

  /// Forgets a list whose time is over.
  public mutating func passTime(at now: Instant) {
    if let keptUntil, keptUntil <= now { forget() }
  }
}
