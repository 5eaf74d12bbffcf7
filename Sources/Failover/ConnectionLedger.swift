import VRRP

/// The holder's side: the connections of the addresses of one virtual router, and what each peer has
/// yet to hear of them.
///
/// A survey is noted connection by connection, so that ten thousand cost no single moment much. What
/// has come and gone since is kept for each peer until it is cut into parcels; the peer answers the
/// last one with the sum of what it holds, and where that differs the list begins anew.
public struct ConnectionLedger: Sendable {
  /// Connections that are kept of one address, and of all.
  public static let mostOfAddress = 10_000
  public static let most = 65_536
  /// Surveys without a change until an empty one is sent: the peer keeps the list by it.
  static let silence = 60
  /// Surveys until an answer is waited for no longer.
  static let patience = 10

  /// What is shared is counted through this list.
  public let addresses: [IPAddress]
  private let places: [IPAddress: UInt8]
  private let family: AddressFamily
  /// With the survey that saw them last.
  private var present: [ConnectionEntry: UInt32] = [:]
  private var counts: [Int]
  private var survey: UInt32 = 0
  private var accounts: [String: ConnectionAccount] = [:]
  /// Connections of the present survey, or of the last, that were too many.
  public private(set) var beyondLimit = 0

  /// Of the addresses as they are configured, at most 256, all of one family.
  public init(addresses: [IPAddress]) {
    self.addresses = Array(addresses.prefix(256))
    places = Dictionary(
      self.addresses.enumerated().map { ($1, UInt8(truncatingIfNeeded: $0)) },
      uniquingKeysWith: { first, _ in first })
    family = addresses.first?.family ?? .ipv4
    counts = Array(repeating: 0, count: self.addresses.count)
  }

  public var count: Int { present.count }

  // MARK: Survey

  public mutating func beginSurvey() {
    survey &+= 1
    beyondLimit = 0
  }

  /// Takes in one connection of the survey. Those with an end at one of the addresses themselves are
  /// the holder's own business.
  public mutating func note(_ connection: TCPConnection) {
    guard let place = places[connection.local], places[connection.remote] == nil,
      connection.remote.family == family, connection.remote.canBeAnEnd,
      connection.remotePort != 0, connection.localPort != 0
    else { return }
    let entry = ConnectionEntry(connection, place: place)
    if present[entry] == nil {
      guard counts[Int(place)] < Self.mostOfAddress, present.count < Self.most else {
        beyondLimit += 1
        return
      }
      counts[Int(place)] += 1
      change(entry, isComing: true)
    }
    present[entry] = survey
  }

  /// What was not seen by the survey has gone.
  public mutating func endSurvey() {
    // Collected first: a table that changes while it is walked is copied.
    var gone: [ConnectionEntry] = []
    for (entry, seen) in present where seen != survey { gone.append(entry) }
    for entry in gone {
      present[entry] = nil
      counts[Int(entry.place)] -= 1
      change(entry, isComing: false)
    }
    for peer in accounts.keys { accounts[peer]?.pass() }
  }

  private mutating func change(_ entry: ConnectionEntry, isComing: Bool) {
    for peer in accounts.keys { accounts[peer]?.note(entry, isComing: isComing) }
  }

  // MARK: Peers

  /// The next parcel for a peer; nil when it has been sent everything, or its answer is waited for.
  public mutating func parcel(for peer: String) -> ConnectionParcel? {
    // Changed in place: none of what it holds is copied.
    if accounts[peer] == nil { accounts[peer] = ConnectionAccount(isDue: true) }
    if accounts[peer]?.hasNews == true { accounts[peer]?.begin(present) }
    guard accounts[peer]?.isSending == true else { return nil }
    guard let piece = accounts[peer]?.cut(family, addresses) else { return nil }
    return .piece(piece)
  }

  /// Takes in the answer of a peer.
  public mutating func answered(_ holding: ConnectionParcel.Holding, by peer: String) {
    guard let account = accounts[peer], account.waited != nil, account.number == holding.number
    else { return }
    if account.count == holding.count, account.digest == holding.digest {
      accounts[peer]?.waited = nil
    } else {
      forget(peer)
    }
  }

  /// The peer is new, has started again, or lacks the list: it gets all of it after the next survey.
  public mutating func forget(_ peer: String) {
    // Numbers go on: an answer to what was sent before must not fit.
    let number = accounts[peer]?.number ?? 0
    accounts[peer] = ConnectionAccount()
    accounts[peer]?.number = number
  }

  /// The peer is not to be told any longer.
  public mutating func remove(_ peer: String) { accounts[peer] = nil }
}
