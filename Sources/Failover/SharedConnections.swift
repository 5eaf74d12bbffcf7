import VRRP

/// The other side: the connections of one virtual router that its holders have shared.
///
/// A list outlives the node that sent it, for that is its use. It goes when the clients in it have
/// been told, here or by another node that took over, or ten minutes after its holder's last word.
public struct SharedConnections: Sendable {
  /// How long a list is kept without a word of who sent it.
  public static let keeping = Duration.seconds(600)

  private struct Account {
    var list: ConnectionList?
    /// A list that begins anew; it takes the place of the other when it has arrived.
    var coming: ConnectionList?
    var keptUntil: Instant
  }

  private var accounts: [String: Account] = [:]
  /// Entries that did not fit.
  public private(set) var beyondLimit = 0

  public init() {}

  public var isEmpty: Bool { accounts.isEmpty }
  public var count: Int { accounts.values.reduce(0) { $0 + ($1.list?.entries.count ?? 0) } }
  /// When the next list is forgotten.
  public var nextDeadline: Instant? { accounts.values.map(\.keptUntil).min() }

  /// Takes in a parcel of a peer, in their order; what is to be sent back.
  public mutating func take(
    _ parcel: ConnectionParcel, from peer: String, at now: Instant
  ) -> ConnectionParcel? {
    switch parcel {
    case .piece(let piece): return take(piece, from: peer, at: now)
    case .told:
      forget(allBut: peer)
      return nil
    case .holding, .missing, .late: return nil
    }
  }

  private mutating func take(
    _ piece: ConnectionParcel.Piece, from peer: String, at now: Instant
  ) -> ConnectionParcel? {
    var account = accounts[peer] ?? Account(keptUntil: now)
    if let addresses = piece.beginning {
      account.coming = ConnectionList(addresses: addresses, family: piece.family)
    }
    // While a list is on its way, what comes belongs to it.
    let isComing = account.coming != nil
    guard var list = isComing ? account.coming : account.list, list.family == piece.family else {
      accounts[peer]?.coming = nil
      return .missing
    }
    account.keptUntil = now + Self.keeping
    // The copy of the list must be the only one while it changes.
    if isComing { account.coming = nil } else { account.list = nil }
    accounts[peer] = nil
    let isWhole = list.apply(piece, &beyondLimit)
    let answer = ConnectionParcel.Holding(
      number: piece.number, count: UInt32(truncatingIfNeeded: list.entries.count),
      digest: list.digest)
    if isComing, !piece.isEnd { account.coming = list } else { account.list = list }
    accounts[peer] = account
    guard isWhole else { return .missing }
    return piece.isEnd ? .holding(answer) : nil
  }

  /// This node has told the clients.
  public mutating func forgetAll() { accounts = [:] }

  private mutating func forget(allBut peer: String) {
    accounts = accounts.filter { $0.key == peer }
  }

  /// Forgets the lists whose time is over.
  public mutating func passTime(at now: Instant) {
    accounts = accounts.filter { $0.value.keptUntil > now }
  }

  /// The connections of the addresses that are configured here.
  public func connections(of addresses: [IPAddress]) -> Set<TCPConnection> {
    let wanted = Set(addresses)
    return accounts.values.reduce(into: []) { found, account in
      if let list = account.list { found.formUnion(list.connections(of: wanted)) }
    }
  }
}
