import Failover
import LinuxIO
import VRRP

/// What is under way with the TCP connections of the addresses.
///
/// Three things are done with them, each in steps of about a millisecond, so that the loop never waits:
/// a node that gives the role up resets them; one that holds it lists them once in a second and tells
/// its peers what has changed; one that takes over tells the clients that its peers have told it of. What
/// came in while a handover took the addresses away is looked for behind it (`LateWork`).
final class Connections {
  /// What a token's number means.
  enum Work: UInt64, CaseIterable {
    /// The connections of all that is held here, for the peers.
    case survey = 0
    /// The same just before clients are told: to those nothing may be sent.
    case look = 1
    case reset = 2
    /// What a handover has left behind, to be listed and to be ended.
    case late = 3
  }

  /// A list that is being read.
  final class Listing {
    var survey: ConnectionSurvey
    let routers: [LocalRouter]
    /// What was found for each of them, where it is not noted elsewhere.
    var found: [Set<TCPConnection>]

    init(_ survey: consuming ConnectionSurvey, _ routers: [LocalRouter]) {
      self.survey = survey
      self.routers = routers
      found = Array(repeating: [], count: routers.count)
    }
  }

  /// One virtual router whose connections are reset, and why.
  struct ResetOrder {
    enum Purpose {
      /// It gives the role up: all of its addresses, as they are when their turn comes.
      case release
      /// It keeps the role and gives up these addresses.
      case drop(ConnectionScope)
    }

    let router: LocalRouter
    let purpose: Purpose
  }

  /// A reset that is under way.
  final class Resetting {
    var reset: ConnectionReset
    let orders: [ResetOrder]

    init(_ reset: consuming ConnectionReset, _ orders: [ResetOrder]) {
      self.reset = reset
      self.orders = orders
    }
  }

  /// How long a reset may take.
  static let resetLimit = Duration.milliseconds(200)
  /// How long one turn of the loop is spent on resets that have just begun.
  static let mostAtOnce = Duration.milliseconds(1)
  /// What is reset at most at once.
  static let mostResets = 1 << 16
  /// Time between two surveys.
  static let surveyPause = Duration.seconds(1)
  /// How long one turn of the loop is spent on parcels.
  static let sharingLimit = Duration.milliseconds(1)

  let sender: TickleSender
  var neighbors: NeighborTable
  var survey: Listing?
  var surveyDue: Instant?
  var look: Listing?
  /// Those who wait for a look.
  var lookers: [LocalRouter] = []
  var resetting: Resetting?
  /// Those whose connections are reset next.
  var toReset: [ResetOrder] = []
  /// How long this turn of the loop may still spend on resets that have just begun.
  var atOnce = Connections.mostAtOnce
  /// Those whose clients are being told.
  var tellers: [LocalRouter] = []
  /// What handovers have left behind: those of which it is looked for next, and when.
  var released: [LateWork.Part] = []
  var lateDue: Instant?
  var late: LateWork?
  /// How long a stop waits at most until a successor knows of it.
  var lateUntil: Instant?
  /// Parcels that may have to be sent.
  var sharing: [(router: LocalRouter, peer: String)] = []

  /// The peers that can be reached.
  var reachablePeers: () -> [String] = { [] }
  /// Sends a parcel about a virtual router to a peer, behind all earlier ones; whether it was taken.
  var send: (_ parcel: [UInt8], _ router: String, _ peer: String) -> Bool = { _, _, _ in false }

  init(_ sender: consuming TickleSender, _ neighbors: consuming NeighborTable) {
    self.sender = sender
    self.neighbors = neighbors
  }

  /// When something is to be done that no descriptor tells.
  var nextDeadline: Instant? {
    var next = earliest(surveyDue, resetting?.reset.deadline)
    if !sharing.isEmpty { next = earliest(next, .longAgo) }
    next = earliest(next, earliest(late?.nextDeadline ?? lateDue, lateUntil))
    for router in tellers { next = earliest(next, router.telling?.nextDeadline) }
    return next
  }
}

extension Instant {
  /// Due in any case.
  static let longAgo = Instant(sinceBoot: .zero)
}

extension LocalRouter {
  /// The connections of its addresses; nil without an interface or an address.
  var connectionScope: ConnectionScope? {
    guard let link, !configuration.router.addresses.isEmpty else { return nil }
    return ConnectionScope(
      addresses: configuration.router.addresses, interfaceIndex: link.index,
      ports: configuration.connections.ports)
  }
}

// What is common to all three.
extension Daemon {
  /// A step of what the descriptor with this number stands for.
  func proceedConnections(_ number: UInt64) {
    switch Connections.Work(rawValue: number) {
    case .survey: proceedSurvey()
    case .look: proceedLook()
    case .reset: proceedReset(at: Clock.now())
    case .late: proceedLate(at: Clock.now())
    case nil: break
    }
  }

  /// What the time asks for.
  func passConnectionTime(at now: Instant) {
    connections.atOnce = Connections.mostAtOnce
    if let resetting = connections.resetting, resetting.reset.deadline <= now {
      proceedReset(at: now)
    }
    tellClients(at: now)
    passLateTime(at: now)
    shareConnections()
    if let due = connections.surveyDue, due <= now {
      connections.surveyDue = now + Connections.surveyPause
      survey(at: now)
    }
  }

  /// Begins to list the connections of some virtual routers; nil when that is not possible.
  func list(_ routers: [LocalRouter], _ work: Connections.Work) -> Connections.Listing? {
    let scopes = routers.map(\.connectionScope)
    let present = scopes.compactMap(\.self)
    guard !present.isEmpty, present.count == scopes.count else { return nil }
    do throws(SystemError) {
      let listing = Connections.Listing(try ConnectionSurvey.start(present), routers)
      try loop.watch(
        listing.survey.descriptor, for: .readable, token: Token.connections.with(work.rawValue))
      return listing
    } catch {
      complain(error)
      return nil
    }
  }

  func complain(_ error: SystemError) {
    log.writeLimited(
      .warning, about: "connections", at: Clock.now(),
      "connections of the addresses could not be listed: \(error)")
  }
}
