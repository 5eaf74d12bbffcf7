import VRRP

/// Watches for other hosts that have the addresses of one virtual router: Address Conflict Detection
/// (RFC 5227) and Duplicate Address Detection (RFC 4862 section 5.4) for addresses that move.
///
/// Before a claim it probes; while the addresses are here it hears what others claim. A host that is
/// no node of ours is told off at the rate of RFC 5227 section 2.4 (c) and the addresses stay. Of two
/// nodes of ours that are Active without hearing each other's advertisements, each sees the other's
/// mark in its announcements, and the one that the election would have made Backup yields: the lower
/// priority, then the lower primary address, then the lower hardware address. It stays out until its
/// probes find nobody, and the other one announces the addresses again.
///
/// Where it differs from RFC 5227:
/// - Another host's *probe* is no conflict while this node probes or stays out: two nodes that start
///   together would keep each other out for ever, and the election decides between them.
/// - The result of probing is told at the end of its time, so that a peer that holds the addresses
///   by right can be heard advertising first.
/// - Of many addresses only the first few are probed: a peer that is Active answers for all of them.
public struct ConflictWatch: Sendable {
  /// PROBE_NUM (RFC 5227 section 1.1).
  static let probeCount = 3
  /// Addresses that are probed.
  static let probedAddresses = 16
  /// The shortest time to probe in.
  static let shortestWindow = Duration.milliseconds(30)
  /// Between two probes of a node that stays out.
  static let probeInterval = Duration.seconds(1)
  /// DEFEND_INTERVAL (RFC 5227 section 1.1).
  static let defendInterval = Duration.seconds(10)
  /// The same towards a node of ours and towards a probe, which are to learn our priority quickly.
  static let peerDefendInterval = Duration.milliseconds(100)
  /// Defences of all addresses together in one `peerDefendInterval`.
  static let defenceBurst = 16
  /// Between two new beginnings of the announcements, and from the last claim of a node of ours to
  /// one.
  static let lastWordInterval = Duration.seconds(5)
  static let lastWordDelay = Duration.milliseconds(100)
  /// How long a claim may be late when the addresses have come here by right.
  static let settlingTime = Duration.milliseconds(50)
  /// How long the advertisement that deposes this node may be later than the announcement.
  static let yieldDelay = Duration.milliseconds(20)
  /// Between two notices, and between two about the same claimant.
  static let noticeInterval = Duration.seconds(1)
  static let reminderInterval = Duration.seconds(60)

  var state = State.idle
  public private(set) var identity: Identity
  public private(set) var addresses: [IPAddress]
  /// The last conflict, over or not; nil when there was none.
  public internal(set) var lastConflict: AddressConflict?
  public internal(set) var counters = ConflictCounters()
  private(set) var places: [IPAddress: Int]
  private var told: (hardware: HardwareAddress, at: Instant)?

  public init(_ identity: Identity, addresses: [IPAddress]) {
    self.identity = identity
    self.addresses = addresses
    places = Self.places(of: addresses)
  }

  /// Who keeps this node out of the election; nil when no conflict does.
  public var obstacle: AddressConflict? {
    if case .standingOut(let out) = state { return out.conflict }
    return nil
  }

  /// Whether `.probed` is still to come.
  public var isProbing: Bool {
    if case .probing = state { return true }
    return false
  }

  /// When `.probed` is told; nil when nothing is asked.
  public var probingEnds: Instant? {
    guard case .probing(let probing) = state else { return nil }
    return probing.next + probing.pause * (Self.probeCount - probing.sent)
  }

  /// When `.timer` is due; nil for never.
  public var nextDeadline: Instant? {
    switch state {
    case .idle: nil
    case .probing(let probing): probing.next
    case .holding(let holding): earliest(holding.contest?.due, holding.lastWord)
    case .standingOut(let out): out.next
    }
  }

  /// What this event makes the node do, in order.
  public mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
    switch (state, event) {
    // Before a claim.
    case (.idle, .probe(let window)), (.probing, .probe(let window)):
      return beginProbing(within: window, at: now)
    case (.probing(let probing), .timer): return probe(probing, at: now)
    case (.probing(let probing), .claim(let claim)):
      found(claim, probing, at: now)
      return []
    case (.probing, .advertisementHeard):
      state = .idle
      return [.probed(.overtaken)]

    // While the addresses are here.
    case (.idle, .held), (.probing, .held), (.standingOut, .held):
      state = .holding(
        Holding(settled: now + Self.settlingTime, burstEnd: now, lastWordAllowed: now))
      return []
    case (.holding, .released):
      state = .idle
      return []
    case (.holding(let holding), .claim(let claim)): return heard(claim, holding, at: now)
    case (.holding(let holding), .timer): return settle(holding, at: now)

    // After a conflict.
    case (.standingOut(let out), .timer): return ask(out, at: now)
    case (.standingOut(let out), .claim(let claim)):
      answered(claim, out, at: now)
      return []
    case (.standingOut, .advertisementHeard):
      state = .idle
      return [.cleared]

    // What changes the values.
    case (_, .stop):
      state = .idle
      return []
    case (_, .identity(let identity)):
      self.identity = identity
      return []
    case (_, .addresses(let addresses)): return adopt(addresses, at: now)

    // What has no meaning in a state.
    case (.idle, .advertisementHeard), (.idle, .released), (.idle, .claim), (.idle, .timer),
      (.probing, .released), (.holding, .probe), (.holding, .advertisementHeard), (.holding, .held),
      (.standingOut, .probe), (.standingOut, .released):
      return []
    }
  }

  // MARK: Claims

  /// The place of the address when the claim is another host's; a node that shares our hardware
  /// address, as a virtual one may be shared, is told by its primary address.
  func place(of claim: NeighborClaim) -> Int? {
    guard let place = places[claim.address] else { return nil }
    guard identity.hardware.contains(claim.hardware) else { return place }
    guard let mark = claim.mark, let primary = identity.primary else { return nil }
    return mark.primary == primary ? nil : place
  }

  /// Whether the sender of a mark is the one that the election would have made Active.
  func hasBetterRight(_ mark: ClaimMark, _ hardware: HardwareAddress) -> Bool {
    let none = IPAddress.v4(IPv4Address(number: 0))
    let ours = identity.hardware.map(\.number).max() ?? 0
    return (mark.priority, mark.primary, hardware.number)
      > (identity.priority, identity.primary ?? none, ours)
  }

  /// Remembers a conflict, and tells of it when that is due.
  mutating func note(_ conflict: AddressConflict, at now: Instant) -> [Effect] {
    lastConflict = conflict
    if let told {
      let isNew = told.hardware != conflict.hardware
      let pause = isNew ? Self.noticeInterval : Self.reminderInterval
      if now < told.at + pause { return [] }
    }
    told = (conflict.hardware, now)
    return [.noticed(conflict)]
  }

  private static func places(of addresses: [IPAddress]) -> [IPAddress: Int] {
    Dictionary(addresses.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
  }

  private mutating func adopt(_ new: [IPAddress], at now: Instant) -> [Effect] {
    addresses = new
    places = Self.places(of: new)
    switch state {
    case .idle: return []
    case .probing(var probing):
      if let found = probing.found, places[found.address] == nil { probing.found = nil }
      state = .probing(probing)
      return []
    case .holding(var holding):
      // They are by place, and a place means another address now.
      holding.defence = [:]
      holding.peerDefence = [:]
      state = .holding(holding)
      return []
    case .standingOut(let out):
      guard places[out.conflict.address] == nil else { return [] }
      state = .idle
      return [.cleared]
    }
  }
}
