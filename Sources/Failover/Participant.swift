import VRRP

/// This node's part in one virtual router: the election, the tenure above it, the hooks and the
/// checks, joined into one value with one way in and one way out.
///
/// What the kernel and the processes say comes in as events with the time; what is to be done comes
/// out as effects, in an order that is part of the contract. The daemon performs them one after the
/// other, and so does a test or a simulation with a clock of its own.
public struct Participant: Sendable {
  public enum Event: Sendable {
    /// The daemon is ready: everything left over from an earlier run is gone.
    case start
    /// What another host on the segment says about an address.
    case neighbor(NeighborClaim)
    /// The hardware addresses of this host.
    case hardware(Set<HardwareAddress>)
    /// What the interface says: why it cannot serve, and the address to send from.
    case link(Set<Fault>, source: IPAddress?)
    /// An advertisement that `router.admit` let through.
    case advertisement(Advertisement, from: IPAddress)
    /// The time of `nextDeadline` has come.
    case timer
    /// The addresses were added and read back; which failed, and how.
    case installed(failure: String?)
    /// The addresses were removed and read back; which failed, and how.
    case removed(failure: String?)
    /// Somebody else removed addresses that are held.
    case addressesLost
    /// The last advertisement did not leave, or the kernel refused to extend the lease after it for a
    /// passing reason: the lease ends when it would have ended before.
    case beatFailed(String)
    /// The kernel's lease had ended when it was to be extended.
    case leaseLost
    /// The kernel did not open the lease: why.
    case leaseRefused(String)
    case hookEnded(HookRun.Identifier, ProgramEnd)
    /// The run of the check at this index ended; why it failed, nil when it passed.
    case checkEnded(Int, failure: String?)
    /// An operator wants the role elsewhere.
    case failover(OperationIdentifier)
    /// An operator wants the addresses announced again.
    case announce
    /// Advertisements may have come that nobody heard: the machine slept, or the socket's buffer
    /// overflowed. Comes right behind those that still waited, and ahead of everything else.
    case advertisementsMissed
    /// The configuration changed in values that need no new election.
    case settings(ParticipantSettings)
    case shutdown
  }

  public enum Effect: Equatable, Sendable {
    /// Multicast an advertisement with this priority; answer with `beatFailed` when it could not be
    /// sent. A goodbye (priority 0) is not sent while this node may still answer: when closing the
    /// lease and removing the addresses both failed.
    case send(Priority)
    /// Extend the kernel's lease; comes behind the `send` that it is counted from, and is passed over
    /// when that one failed. A lease that has ended is not revived but answered with `leaseLost`.
    case renewLease(until: Instant)
    /// Open the kernel's lease; answer with `leaseRefused` when it does not.
    case openLease(until: Instant)
    /// End the kernel's lease now.
    case closeLease
    /// Renew the lifetime of the addresses at these places of the list.
    case refreshAddresses(Range<Int>)
    /// Destroy the connections of the addresses on this host.
    case resetConnections
    /// Add the addresses, read them back and answer with `installed`.
    case install
    /// Remove the addresses, read back and answer with `removed`.
    case remove
    /// Announce the addresses at these places of the list.
    case announce(Range<Int>)
    /// Ask whether anybody has the addresses at these places.
    case probe(Range<Int>)
    /// Another host claims an address: worth telling people.
    case conflict(AddressConflict)
    case startHook(HookRun)
    /// SIGTERM to the program's process group.
    case terminateHook(HookRun.Identifier)
    /// SIGKILL to the program's process group.
    case killHook(HookRun.Identifier)
    /// One hook program was judged.
    case hookEnded(HookRun, HookResult)
    /// Run the check at this index.
    case startCheck(Int)
    /// SIGKILL to the process group of the check at this index.
    case killCheck(Int)
    /// The check at this index passes or fails from now on.
    case checkChanged(Int, passing: Bool)
    case roleChanged(from: RoleState, to: RoleState, Reason)
    case phase(OperationIdentifier, Phase)
    case finished(OperationIdentifier, OperationResult, [Phase])
    case record(HistoryRecord)
  }

  /// A router hears at least one of that many advertisements in a row, or it is cut off.
  static let beatsToBeHeard = 3
  /// In which two routers that claim at the same moment hear of each other; an eighth of the interval
  /// where that is shorter.
  static let settlingTime = Duration.milliseconds(10)

  public private(set) var settings: ParticipantSettings
  public private(set) var router: VirtualRouter
  public private(set) var tenure = Tenure()
  public private(set) var hooks: HookQueue
  public private(set) var checks: [Check]
  /// Who else has the addresses.
  public internal(set) var conflicts: ConflictWatch
  /// Grows by one at every change of owner that this node sees or makes.
  public private(set) var term: UInt64
  /// Since when the role is what it is.
  public private(set) var since: Instant
  /// Who was last heard as Active, and with which priority.
  public private(set) var activeRouter: (address: IPAddress, priority: Priority)?

  /// Who was Active before this node was elected: the peer of its `promote`.
  private var formerRouter: IPAddress?
  /// Who was last heard saying goodbye, when nobody has been Active since.
  private var goneRouter: IPAddress?
  private var announcements: AnnouncementSchedule?
  private var heartbeat = Heartbeat()
  /// How many more advertisements have to leave before the addresses may come: another router is
  /// Active, and hears at least one of three.
  private var beatsToSend = 0
  /// The interval of whoever was last heard as Active: its lease goes by it.
  private var rivalInterval: AdvertisementInterval
  /// Before this its lease may not have ended.
  private var rivalEnds: Instant?
  /// The shorter lease of earlier settings, for as long as a Backup may not know the new interval.
  private var earlierLease: Duration?
  /// When the lifetime of the addresses is renewed, from which place on.
  private var refresh: (due: Instant, place: Int)?
  /// How much longer than others a Backup waits after it has joined for the first time.
  private var patience: Duration
  private var linkFaults: Set<Fault> = []
  var source: IPAddress?
  var hardware: Set<HardwareAddress> = []
  private var isReady = false
  private var hasStarted = false
  private var lastRole = RoleState.initialize
  private var lastOrder: UInt64 = 0

  /// A participant that has not started; `term` is the last one this node knew. `isRestart` says that
  /// an earlier run ended without a goodbye: the peers wait already, and are let go first, so that the
  /// role does not move twice.
  public init(
    _ settings: ParticipantSettings, term: UInt64, isRestart: Bool = false, at now: Instant
  ) {
    patience = isRestart ? settings.router.advertisementInterval.duration : .zero
    rivalInterval = settings.router.advertisementInterval
    self.settings = settings
    router = VirtualRouter(settings.router)
    hooks = HookQueue(settings.hooks)
    checks = settings.checks.map { Check($0, at: now) }
    conflicts = ConflictWatch(
      ConflictWatch.Identity(
        identifier: settings.router.identifier, priority: settings.router.priority, primary: nil,
        hardware: []),
      addresses: settings.router.addresses)
    self.term = term
    since = now
  }

  /// The state in the words of status and hooks.
  public var role: RoleState { tenure.role }

  /// Whether the role is given up for good and nothing is left to be done but notices.
  public var isOut: Bool { tenure.isOut && !hooks.isBusyWithGate }

  /// When `.timer` is due; nil for never.
  public var nextDeadline: Instant? {
    var next = earliest(
      earliest(router.nextDeadline, tenure.nextDeadline),
      earliest(hooks.nextDeadline, earliest(announcements?.nextDeadline, refresh?.due)))
    next = earliest(next, conflicts.nextDeadline)
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
      return []
    }
    var effects: [Effect] = []
    // Before anything else: whoever woke too late must not speak as if nothing had happened.
    if heartbeat.hasEnded(at: now) { lapse(at: now, &effects) }
    route(event, at: now, &effects)
    noteRole(at: now, &effects)
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

  private func isRoutine(_ advertisement: Advertisement, from sender: IPAddress) -> Bool {
    // Whom a probe finds has to be heard advertising, or it is a conflict.
    guard case .backup = router.state, let activeRouter, !conflicts.isProbing else {
      return false
    }
    return activeRouter.address == sender && activeRouter.priority == advertisement.priority
      && advertisement.interval == rivalInterval && advertisement.priority != .release
  }

  private mutating func route(_ event: Event, at now: Instant, _ effects: inout [Effect]) {
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
    case .removed(let failure): perform(.removed(failure: failure), at: now, &effects)
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
    case .hookEnded(let run, let end):
      follow(hooks.programEnded(run, end, at: now), at: now, &effects)
    case .checkEnded(let index, let failure):
      guard checks.indices.contains(index) else { return }
      follow(checks[index].ended(failure: failure, at: now), of: index, at: now, &effects)
      startWhenChecked(at: now, &effects)
    case .failover(let operation): perform(.failover(operation), at: now, &effects)
    case .announce: announceAgain(at: now, &effects)
    case .advertisementsMissed: elect(.advertisementsMissed, at: now, &effects)
    case .settings(let settings): adopt(settings, at: now, &effects)
    case .shutdown: perform(.shutdown, at: now, &effects)
    }
  }

  private mutating func timer(at now: Instant, _ effects: inout [Effect]) {
    // The advertisement first: nothing else may make it late.
    if let due = router.nextDeadline, now >= due { elect(.timer, at: now, &effects) }
    // Before the addresses may come.
    if let due = conflicts.nextDeadline, now >= due { watch(.timer, at: now, &effects) }
    if let due = tenure.nextDeadline, now >= due { perform(.timer, at: now, &effects) }
    if let due = hooks.nextDeadline, now >= due {
      follow(hooks.deadlineReached(at: now), at: now, &effects)
    }
    announceWhenDue(at: now, &effects)
    refreshWhenDue(at: now, &effects)
    for index in checks.indices {
      follow(checks[index].deadlineReached(at: now), of: index, at: now, &effects)
    }
    startWhenChecked(at: now, &effects)
  }

  /// A node joins once every check has told something, so that the first word of a check that
  /// fails closed is not a fault.
  private mutating func startWhenChecked(at now: Instant, _ effects: inout [Effect]) {
    guard isReady, !hasStarted, checks.allSatisfy(\.hasRun) else { return }
    // Nothing is known of the interface yet.
    guard source != nil || !linkFaults.isEmpty else { return }
    hasStarted = true
    applyFaults(at: now, &effects)
    perform(.start, at: now, &effects)
  }

  mutating func applyFaults(at now: Instant, _ effects: inout [Effect]) {
    guard hasStarted else { return }
    var faults = linkFaults
    for check in checks where !check.isPassing && check.settings.onFailure == .fault {
      faults.insert(.check(check.settings.name))
    }
    if let obstacle = conflicts.obstacle {
      faults.insert(.conflict(obstacle.address, obstacle.hardware))
    }
    perform(.faults(faults), at: now, &effects)
  }

  private mutating func applyPriority(at now: Instant, _ effects: inout [Effect]) {
    let base = Int(settings.router.priority.number)
    var moved = base
    for check in checks where !check.isPassing {
      if case .priority(let change) = check.settings.onFailure { moved += change }
    }
    // Only the operator makes an owner; a failed check unmakes one.
    let highest = moved == base ? 255 : 254
    let priority = Priority(UInt8(max(1, min(moved, highest))))
    guard priority != router.priority else { return }
    elect(.priority(priority), at: now, &effects)
    identify(at: now, &effects)
  }

  // MARK: Election

  private mutating func hear(
    _ advertisement: Advertisement, from sender: IPAddress, at now: Instant,
    _ effects: inout [Effect]
  ) {
    if advertisement.priority != .release {
      rivalInterval = advertisement.interval
      watch(.advertisementHeard, at: now, &effects)
    }
    elect(.advertisement(advertisement, from: sender), at: now, &effects)
    guard case .backup = router.state else {
      if advertisement.priority != .release { rivalHeard(at: now, &effects) }
      return
    }
    if advertisement.priority == .release {
      // Its goodbye may be the first we hear of it: it was Active all the same.
      if activeRouter?.address != sender, goneRouter != sender { term += 1 }
      activeRouter = nil
      goneRouter = sender
      return
    }
    let isNew = activeRouter?.address != sender
    activeRouter = (sender, advertisement.priority)
    formerRouter = nil
    goneRouter = nil
    if isNew { term += 1 }
    perform(.heardActive(sender), at: now, &effects)
  }

  private mutating func elect(
    _ event: VirtualRouter.Event, at now: Instant, _ effects: inout [Effect]
  ) {
    for action in router.handle(event, at: now) {
      switch action {
      case .send(let priority): send(priority, at: now, &effects)
      case .elected(let cause):
        formerRouter = activeRouter?.address ?? goneRouter
        activeRouter = nil
        goneRouter = nil
        term += 1
        perform(
          .elected(Reason(cause), notBefore: firstHoldOff(after: cause, at: now)), at: now, &effects
        )
      case .deposed(let other, let priority):
        heartbeat.stop()
        activeRouter = (other, priority)
        formerRouter = nil
        goneRouter = nil
        term += 1
        perform(.deposed(by: other), at: now, &effects)
      }
    }
  }

  // MARK: Lease

  private mutating func send(
    _ priority: Priority, at now: Instant, _ effects: inout [Effect]
  ) {
    guard priority != .release else {
      heartbeat.stop()
      // Whoever was being pushed aside may still answer: no goodbye tells the others to hurry.
      if let rivalEnds, now < rivalEnds { return }
      return effects.append(.send(priority))
    }
    effects.append(.send(priority))
    if beatsToSend > 0 {
      beatsToSend -= 1
      holdOff(at: now, &effects)
    }
    if !router.isSlowingDown { earlierLease = nil }
    heartbeat.beat(
      lasting: min(settings.lease.duration, earlierLease ?? settings.lease.duration), at: now)
    if let end = heartbeat.end, tenure.isHolding { effects.append(.renewLease(until: end)) }
  }

  /// Before an advertisement tells of a shorter interval the kernel keeps to its lease: a daemon that
  /// stops between the two must not answer longer than the others wait.
  private mutating func shortenLease(at now: Instant, _ effects: inout [Effect]) {
    let limit = now + settings.lease.duration
    guard let end = heartbeat.end, limit < end else { return }
    heartbeat.shorten(to: limit)
    if tenure.isHolding { effects.append(.renewLease(until: limit)) }
  }

  /// From Active to Backup without a word.
  mutating func leaveSilently(at now: Instant, _ effects: inout [Effect]) {
    heartbeat.stop()
    elect(.lapse, at: now, &effects)
  }

  private mutating func openLease(at now: Instant, _ effects: inout [Effect]) {
    if let end = heartbeat.end { effects.append(.openLease(until: end)) }
    refresh = settings.lease.addressLifetime.map { (now + $0 * 3 / 10, 0) }
    watch(.held, at: now, &effects)
  }

  private mutating func lapse(at now: Instant, _ effects: inout [Effect]) {
    let failure = heartbeat.failure
    leaveSilently(at: now, &effects)
    perform(.lapsed(failure: failure), at: now, &effects)
  }

  // MARK: Other claims

  /// Until when a claim waits with its addresses.
  ///
  /// A router that is pushed aside, Active as it is, hears of it by one of three advertisements. After
  /// a silence or a goodbye only another Backup may claim at the same moment, and the two hear of
  /// each other within the time that the network and the scheduler take; in a pair there is none.
  private mutating func firstHoldOff(
    after cause: VirtualRouter.Cause, at now: Instant
  ) -> Instant? {
    switch cause {
    case .silence, .release:
      beatsToSend = 0
      rivalEnds = nil
      let isAlone = settings.isPair && formerRouter != nil
      return isAlone ? nil : now + min(interval / 8, Self.settlingTime)
    case .ownership, .preemption:
      pushAside(at: now)
      return heldOff(at: now)
    }
  }

  /// Another router is Active; the first advertisement that it can hear has just left.
  private mutating func pushAside(at now: Instant) {
    beatsToSend = Self.beatsToBeHeard - 1
    rivalEnds = now + rivalInterval.duration * Self.beatsToBeHeard
  }

  /// Until when the addresses stay away: the other router has heard all the advertisements that it
  /// may take, or its lease has ended, which is less than three of its own intervals.
  private func heldOff(at now: Instant) -> Instant {
    let heard = now + interval * (beatsToSend + 1)
    return max(heard, rivalEnds ?? heard)
  }

  private mutating func holdOff(at now: Instant, _ effects: inout [Effect]) {
    perform(.holdOff(until: heldOff(at: now)), at: now, &effects)
  }

  /// Another router is Active and has not heard of this one's better claim.
  private mutating func rivalHeard(at now: Instant, _ effects: inout [Effect]) {
    guard tenure.state.isClaiming else { return }
    pushAside(at: now)
    holdOff(at: now, &effects)
  }

  private var interval: Duration { settings.router.advertisementInterval.duration }

  private mutating func refreshWhenDue(at now: Instant, _ effects: inout [Effect]) {
    guard let due = refresh, now >= due.due else { return }
    guard tenure.isHolding, let lifetime = settings.lease.addressLifetime else {
      refresh = nil
      return
    }
    let count = settings.router.addresses.count
    let end = min(due.place + AnnouncementSchedule.piece, count)
    effects.append(.refreshAddresses(min(due.place, end)..<end))
    refresh = end < count ? (now, end) : (now + lifetime * 3 / 10, 0)
  }

  // MARK: Tenure

  private mutating func perform(
    _ event: Tenure.Event, at now: Instant, _ effects: inout [Effect]
  ) {
    for effect in tenure.handle(event, at: now) {
      switch effect {
      case .joinElection:
        if let source {
          elect(.startup(source: source, patience: patience), at: now, &effects)
          patience = .zero
          probe(at: now, &effects)
        }
      case .leaveElection:
        elect(.shutdown, at: now, &effects)
        heartbeat.stop()
        activeRouter = nil
        // Whom a conflict keeps out goes on asking.
        if conflicts.obstacle == nil { watch(.stop, at: now, &effects) }
      case .yieldElection: elect(.yield, at: now, &effects)
      case .runHooks(let event, let reason, let isPlanned, let operation):
        order(event, reason, isPlanned, operation, at: now, &effects)
      case .overtakePromote: follow(hooks.overtakePromote(at: now), at: now, &effects)
      case .install: effects.append(.install)
      case .remove:
        refresh = nil
        watch(.released, at: now, &effects)
        effects.append(.remove)
      case .openLease: openLease(at: now, &effects)
      case .closeLease: effects.append(.closeLease)
      case .resetConnections: effects.append(.resetConnections)
      case .startAnnouncing: announceAgain(at: now, &effects)
      case .stopAnnouncing: announcements = nil
      case .phase(let operation, let phase): effects.append(.phase(operation, phase))
      case .finished(let operation, let result, let phases):
        effects.append(.finished(operation, result, phases))
      case .record(var record):
        record.term = term
        effects.append(.record(record))
      }
    }
  }

  /// Begins the announcements; the first goes out at once, ahead of everything that only tells
  /// of the change.
  mutating func announceAgain(at now: Instant, _ effects: inout [Effect]) {
    // Addresses that somebody removed are announced once they are back.
    guard tenure.isHolding, !tenure.isRestoring else { return }
    announcements = AnnouncementSchedule(
      addressCount: settings.router.addresses.count, refresh: settings.announcementRefresh,
      at: now)
    announceWhenDue(at: now, &effects)
  }

  private mutating func announceWhenDue(at now: Instant, _ effects: inout [Effect]) {
    guard let addresses = announcements?.deadlineReached(at: now), !addresses.isEmpty else {
      return
    }
    effects.append(.announce(addresses))
  }

  private mutating func noteRole(at now: Instant, _ effects: inout [Effect]) {
    guard role != lastRole else { return }
    // Before the programs that the change starts, after what makes it safe.
    let place = effects.firstIndex { if case .startHook = $0 { true } else { false } }
    effects.insert(
      .roleChanged(from: lastRole, to: role, tenure.reason), at: place ?? effects.endIndex)
    lastRole = role
    since = now
  }

  // MARK: Hooks and checks

  private mutating func order(
    _ event: HookEvent, _ reason: Reason, _ isPlanned: Bool, _ operation: OperationIdentifier?,
    at now: Instant, _ effects: inout [Effect]
  ) {
    // An owner was elected while it joined: it is no Backup.
    if event == .standby, tenure.state != .none { return }
    lastOrder += 1
    let order = HookOrder(
      number: lastOrder, event: event, operation: operation, reason: reason,
      isPlanned: isPlanned, oldState: lastRole, newState: event.destination(from: role),
      term: term, priority: router.priority, peer: activeRouter?.address ?? formerRouter)
    tenure.gateIs(order.number, for: event)
    follow(hooks.submit(order, at: now), at: now, &effects)
  }

  private mutating func follow(
    _ hookEffects: [HookQueue.Effect], at now: Instant, _ effects: inout [Effect]
  ) {
    for effect in hookEffects {
      switch effect {
      case .start(let run):
        if run.order.event == .promote { tenure.promoteBegan() }
        effects.append(.startHook(run))
      case .terminate(let run): effects.append(.terminateHook(run))
      case .kill(let run): effects.append(.killHook(run))
      case .ended(let run, let result): effects.append(.hookEnded(run, result))
      case .completed(let order, let result):
        perform(.hooksCompleted(order, result), at: now, &effects)
      }
    }
  }

  private mutating func follow(
    _ checkEffects: [Check.Effect], of index: Int, at now: Instant, _ effects: inout [Effect]
  ) {
    for effect in checkEffects {
      switch effect {
      case .start: effects.append(.startCheck(index))
      case .kill: effects.append(.killCheck(index))
      case .changed(let passing):
        effects.append(.checkChanged(index, passing: passing))
        applyPriority(at: now, &effects)
        applyFaults(at: now, &effects)
      }
    }
  }

  // MARK: Settings

  private mutating func adopt(
    _ new: ParticipantSettings, at now: Instant, _ effects: inout [Effect]
  ) {
    let addressesChanged = new.router.addresses != settings.router.addresses
    let kept = Dictionary(checks.map { ($0.settings, $0) }, uniquingKeysWith: { first, _ in first })
    let lease = settings.lease.duration
    settings = new
    elect(.settings(new.router), at: now, &effects)
    if router.isSlowingDown {
      earlierLease = min(lease, earlierLease ?? lease)
    } else {
      shortenLease(at: now, &effects)
    }
    followConflictSettings(at: now, &effects)
    if tenure.isHolding { refresh = new.lease.addressLifetime == nil ? nil : (now, 0) }
    hooks.replaceHooks(new.hooks)
    // A check that is new counts as passing until it has had its say: a reload moves no role.
    checks = new.checks.map { kept[$0] ?? Check($0, at: now, assumedPassing: hasStarted) }
    applyPriority(at: now, &effects)
    applyFaults(at: now, &effects)
    if addressesChanged, tenure.isHolding {
      // The places of the old list mean nothing in the new one; announced again once it is here.
      announcements = nil
      effects.append(.install)
    }
    startWhenChecked(at: now, &effects)
  }
}

/// What an operator sets for this node's part in one virtual router.
public struct ParticipantSettings: Hashable, Sendable {
  public var router: VirtualRouterSettings
  /// Whether there is exactly one other node.
  public var isPair: Bool
  public var lease: LeaseSettings
  /// Whether others that have the addresses are looked for.
  public var detectsConflicts: Bool
  /// Time between two announcements while Active.
  public var announcementRefresh: Duration
  public var checks: [CheckSettings]
  public var hooks: [HookSettings]

  public init(
    router: VirtualRouterSettings, isPair: Bool = false, lease: LeaseSettings? = nil,
    detectsConflicts: Bool = false, announcementRefresh: Duration = .seconds(60),
    checks: [CheckSettings] = [],
    hooks: [HookSettings] = []
  ) {
    self.router = router
    self.isPair = isPair
    self.detectsConflicts = detectsConflicts
    self.lease = lease ?? .standard(for: router.advertisementInterval.duration)
    self.announcementRefresh = announcementRefresh
    self.checks = checks
    self.hooks = hooks
  }
}

extension Reason {
  init(_ cause: VirtualRouter.Cause) {
    switch cause {
    case .ownership: self = .startup
    case .silence: self = .peerTimeout
    case .release: self = .peerReleased
    case .preemption: self = .preempted
    }
  }
}

extension HookEvent {
  /// The state that an event belongs to on its way from `role`.
  func destination(from role: RoleState) -> RoleState {
    switch self {
    case .promote, .undo, .active: .active
    case .demote, .standby: role == .fault ? .fault : .backup
    case .fault: .fault
    }
  }
}
