import VRRP

/// This node's part in one virtual router: the election, the tenure above it, the hooks and the
/// checks, joined into one value with one way in and one way out.
///
/// What the kernel and the processes say comes in as events with the time; what is to be done comes
/// out as effects, in an order that is part of the contract. The daemon performs them one after the
/// other, and so does a test or a simulation with a clock of its own.
public struct Participant: Sendable {
  /// A router hears at least one of that many advertisements in a row, or it is cut off.
  static let beatsToBeHeard = 3
  /// In which two routers that claim at the same moment hear of each other; an eighth of the interval
  /// where that is shorter.
  static let settlingTime = Duration.milliseconds(10)

  public internal(set) var settings: ParticipantSettings
  public internal(set) var router: VirtualRouter
  public internal(set) var tenure: Tenure
  public internal(set) var hooks: HookQueue
  public internal(set) var checks: [Check]
  /// Who else has the addresses.
  public internal(set) var conflicts: ConflictWatch
  /// Grows by one at every change of owner that this node sees or makes.
  public internal(set) var term: UInt64
  /// The highest term that any node is known to have had; an Active Router that did not know of it keeps
  /// its own, and the next claim goes beyond it.
  public internal(set) var highestTerm: UInt64
  /// What the other nodes last said, by their names; without those that have fallen silent.
  public internal(set) var peers: [String: PeerView] = [:]
  public internal(set) var maintenance: MaintenanceMark
  /// The mark of an order for maintenance that was given here and still counts, and the peers that
  /// have not said yet that they know of it.
  var orderedMaintenance: (mark: MaintenanceMark, untold: Set<String>)?
  /// Why the prechecks failed when they last ran; nil when they passed.
  public internal(set) var precheckFailure: String?
  /// The mark of maintenance that each other node last had, also of those that have fallen silent.
  var confirmed: [String: MaintenanceMark] = [:]
  /// Those that have reported and do not any more.
  var silentPeers: Set<String> = []
  /// The node that is Active although its advertisements do not arrive.
  public internal(set) var unheardPeer: String?
  /// Since when the role is what it is.
  public internal(set) var since: Instant
  /// Who was last heard as Active, and with which priority.
  public internal(set) var activeRouter: (address: IPAddress, priority: Priority)?

  /// Who was Active before this node was elected: the peer of its `promote`.
  var formerRouter: IPAddress?
  /// Who was last heard saying goodbye, when nobody has been Active since.
  var goneRouter: IPAddress?
  /// The planned failover that this node takes part in.
  var handover: PlannedFailover?
  /// Operations that are over: what is still said of them begins nothing.
  var endedOperations: [OperationIdentifier] = []
  /// How the next `takeOver` of the router came about.
  var entry: Entry?
  var lastReport: PeerReport?
  /// When the Active Router was last heard, or the wait for it began.
  var heardAt: Instant
  /// When an advertisement of an Active Router was last heard.
  var lastAdvertisement: Instant?
  /// Whether the peers were asked in this silence.
  var hasAsked = false
  /// Since when this node claims.
  var claimBegan: Instant?
  /// Who may have a long lease, and until when.
  var longLease: (keeper: IPAddress?, until: Instant)?
  /// Whether addresses may be here: brought, and not seen gone since.
  var mayAnswer = false
  /// Whether this node's own lease is long.
  var hasLongLease = false
  /// Whether nobody is known to have had the role since this node: it stays its own in maintenance.
  var heldLast = false
  /// When this node takes its role up again unless another one has it.
  var resumeDue: Instant?
  /// The prechecks, beside the hooks that change something: read-only, they hold up none.
  var prechecks: HookQueue
  var precheckDue: Instant?
  var announcements: AnnouncementSchedule?
  var heartbeat = Heartbeat()
  /// How many more advertisements have to leave before the addresses may come: another router is
  /// Active, and hears at least one of three.
  var beatsToSend = 0
  /// The interval of whoever was last heard as Active: its lease goes by it.
  var rivalInterval: AdvertisementInterval
  /// Before this its lease may not have ended.
  var rivalEnds: Instant?
  /// The shorter lease of earlier settings, for as long as a Backup may not know the new interval.
  var earlierLease: Duration?
  /// When the lifetime of the addresses is renewed, from which place on.
  var refresh: (due: Instant, place: Int)?
  /// How much longer than others a Backup waits after it has joined for the first time.
  var patience: Duration
  var linkFaults: Set<Fault> = []
  var source: IPAddress?
  var hardware: Set<HardwareAddress> = []
  /// Before this nobody is asked again for whom nothing but unreadable advertisements speak.
  var unreadableAllowed: Instant?
  var isReady = false
  var hasStarted = false
  var lastRole = RoleState.initialize
  var lastOrder: UInt64 = 0

  /// A participant that has not started; `term` is the last one this node knew. `isRestart` says that
  /// an earlier run ended without a goodbye: the peers wait already, and are let go first, so that the
  /// role does not move twice.
  ///
  /// `resumes`: an earlier run held the addresses under maintenance, and they are still here.
  public init(
    _ settings: ParticipantSettings, term: UInt64, isRestart: Bool = false,
    maintenance: MaintenanceMark = MaintenanceMark(), resumes: Bool = false, at now: Instant
  ) {
    patience = isRestart ? settings.router.advertisementInterval.duration : .zero
    rivalInterval = settings.router.advertisementInterval
    self.settings = settings
    router = VirtualRouter(settings.router)
    self.maintenance = maintenance
    tenure = Tenure(isResuming: resumes)
    heardAt = now
    hooks = HookQueue(settings.hooks)
    prechecks = HookQueue(settings.hooks, firstRun: Self.firstPrecheck)
    checks = settings.checks.map { Check($0, at: now) }
    conflicts = ConflictWatch(
      ConflictWatch.Identity(
        identifier: settings.router.identifier, priority: settings.router.priority, primary: nil,
        hardware: []),
      addresses: settings.router.addresses)
    self.term = min(term, Self.lastTerm)
    highestTerm = self.term
    since = now
  }

  /// The state in the words of status and hooks.
  public var role: RoleState { tenure.role }

  /// Whether the role is given up for good and nothing is left to be done but notices.
  public var isOut: Bool { tenure.isOut && !hooks.isBusyWithGate }

  /// A term beyond this is nobody's: at a change of owner a second it takes longer than there will be
  /// computers to count so far.
  public static let lastTerm: UInt64 = 1 << 62

  /// Runs of prechecks are numbered from here on.
  static let firstPrecheck: UInt64 = 1 << 32

  /// When `.timer` is due; nil for never.
  public var nextDeadline: Instant? {
    var next = earliest(
      earliest(router.nextDeadline, tenure.nextDeadline),
      earliest(hooks.nextDeadline, earliest(announcements?.nextDeadline, refresh?.due)))
    next = earliest(next, conflicts.nextDeadline)
    next = earliest(next, earliest(askDue, earliest(resumeDue, handoverDue)))
    next = earliest(next, earliest(precheckDue, prechecks.nextDeadline))
    for index in checks.indices { next = earliest(next, checks[index].nextDeadline) }
    return next
  }

  /// What this event makes the node do, in order.
  public mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
    if case .advertisement(let advertisement, let sender) = event,
      isRoutine(advertisement, from: sender)
    {
      // A Backup that hears its Active Router again: the one thing that happens all the time.
      _ = router.handle(.advertisement(advertisement, from: sender), at: now)
      heardActive(sender, at: now)
      return []
    }
    if case .peerReport(let report, let name, let notBefore) = event,
      isRoutine(report, from: name)
    {
      // The same as a second ago, only later.
      peers[name]?.notBefore = notBefore
      return []
    }
    var effects: [Effect] = []
    // Before anything else: whoever woke too late must not speak as if nothing had happened.
    if heartbeat.hasEnded(at: now) { lapse(at: now, &effects) }
    route(event, at: now, &effects)
    followHandover(at: now, &effects)
    noteRole(at: now, &effects)
    tellPeers(at: now, &effects)
    return effects
  }

  /// When the lease ends, as long as this router is Active.
  public var leaseEnd: Instant? { heartbeat.end }

  /// The least time that a Backup waits which goes by the shortest interval known here.
  public var peerWaits: Duration {
    let intervals = [
      settings.router.advertisementInterval, router.activeAdvertisementInterval,
    ].map(\.duration)
    return LeaseSettings.peerWaits(
      interval: intervals.min() ?? .zero, isVersion2: settings.router.version == .version2)
  }

  // MARK: Events

  func isRoutine(_ advertisement: Advertisement, from sender: IPAddress) -> Bool {
    // Whom a probe finds has to be heard advertising, or it is a conflict.
    guard case .backup = router.state, let activeRouter, !conflicts.isProbing else {
      return false
    }
    return activeRouter.address == sender && activeRouter.priority == advertisement.priority
      && advertisement.interval == rivalInterval && advertisement.priority != .release
  }

  mutating func route(_ event: Event, at now: Instant, _ effects: inout [Effect]) {
    switch event {
    case .start:
      isReady = true
      startWhenChecked(at: now, &effects)
    case .neighbor(let claim): watch(.claim(claim), at: now, &effects)
    case .hardware(let addresses):
      hardware = addresses
      identify(at: now, &effects)
    case .link(let faults, let source):
      linkFaults = faults
      if let source, source != self.source {
        self.source = source
        elect(.source(source), at: now, &effects)
        identify(at: now, &effects)
      }
      applyFaults(at: now, &effects)
      startWhenChecked(at: now, &effects)
    case .advertisement(let advertisement, let sender):
      hear(advertisement, from: sender, at: now, &effects)
    case .timer: timer(at: now, &effects)
    case .installed(let failure): perform(.installed(failure: failure), at: now, &effects)
    case .removed(let failure):
      if failure == nil { mayAnswer = false }
      perform(.removed(failure: failure), at: now, &effects)
    case .addressesLost: perform(.addressesLost, at: now, &effects)
    case .beatFailed(let why):
      heartbeat.failed(why)
      if beatsToSend > 0 || tenure.state.isClaiming {
        beatsToSend = min(beatsToSend + 1, Self.beatsToBeHeard)
        holdOff(at: now, &effects)
      }
      if heartbeat.hasEnded(at: now) { lapse(at: now, &effects) }
    case .leaseLost: if tenure.isHolding { lapse(at: now, &effects) }
    case .leaseRefused(let why): perform(.leaseRefused(why), at: now, &effects)
    case .hookEnded(let run, let end) where run.number >= Self.firstPrecheck:
      follow(prechecks.programEnded(run, end, at: now), at: now, &effects)
    case .hookEnded(let run, let end):
      follow(hooks.programEnded(run, end, at: now), at: now, &effects)
    case .checkEnded(let index, let failure):
      guard checks.indices.contains(index) else { return }
      follow(checks[index].ended(failure: failure, at: now), of: index, at: now, &effects)
      startWhenChecked(at: now, &effects)
    case .failover(let order): begin(order, at: now, &effects)
    case .peerReport(let report, let name, let notBefore):
      heed(report, from: name, notBefore: notBefore, at: now, &effects)
    case .peerLost(let name): lose(name, at: now, &effects)
    case .peerInformed(let operation): informed(of: operation, at: now, &effects)
    case .connectionsReset(let reset, let left):
      noteReset(reset, left)
      perform(.connectionsReset(reset: reset, left: left), at: now, &effects)
    case .connectionsTold(let count): told(count, at: now, &effects)
    case .maintenance(let isOn):
      orderMaintenance(maintenance.switched(isOn), at: now, &effects)
    case .announce: announceAgain(at: now, &effects)
    case .advertisementsMissed: elect(.advertisementsMissed, at: now, &effects)
    case .advertisementsUnreadable: askForUnreadable(at: now, &effects)
    case .settings(let settings): adopt(settings, at: now, &effects)
    case .shutdown(let operation): shutDown(operation, at: now, &effects)
    case .suspend: suspend(at: now, &effects)
    }
  }

  mutating func timer(at now: Instant, _ effects: inout [Effect]) {
    // The advertisement first: nothing else may make it late.
    if let due = router.nextDeadline, now >= due { electOrRefrain(at: now, &effects) }
    // Before the addresses may come.
    if let due = conflicts.nextDeadline, now >= due { watch(.timer, at: now, &effects) }
    if let due = tenure.nextDeadline, now >= due { perform(.timer, at: now, &effects) }
    if let due = hooks.nextDeadline, now >= due {
      follow(hooks.deadlineReached(at: now), at: now, &effects)
    }
    announceWhenDue(at: now, &effects)
    refreshWhenDue(at: now, &effects)
    askWhenDue(at: now, &effects)
    resumeWhenDue(at: now, &effects)
    precheckWhenDue(at: now, &effects)
    for index in checks.indices {
      follow(checks[index].deadlineReached(at: now), of: index, at: now, &effects)
    }
    startWhenChecked(at: now, &effects)
  }
}
