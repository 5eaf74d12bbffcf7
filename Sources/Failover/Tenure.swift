import VRRP

/// Whether the addresses are here: the machine above the election.
///
/// `VirtualRouter` decides who is Active. Elected is not yet held: between the two stands the
/// `promote` gate, for as long as it needs, while advertisements go on. The other way, a planned
/// release keeps the addresses and the role until the `demote` gate has passed. What was not
/// planned takes the addresses away first and is polite afterwards.
///
/// The orders that are part of the contract:
/// - claim: `promote` - addresses in, read back - lease open - announce - `active`;
/// - planned release: `demote` - lease closed - addresses out, read back - priority 0 - `standby`;
/// - involuntary loss: lease closed - connections reset - addresses out - priority 0 where the
///   election is left - `demote` - `standby` or `fault`.
///
/// `promote` and `demote` alternate: whatever a `promote` that began has done is undone by one
/// `demote`, also when it failed.
public struct Tenure: Sendable {
  public enum State: Equatable, Sendable {
    /// Not Active: nothing is here.
    case none
    /// Elected and advertising; the `promote` gate of this number runs, no address is here.
    case claiming(gate: UInt64?)
    /// The addresses are here and announced.
    case held
    /// Still Active, the addresses still here; the `demote` gate of this number runs.
    case releasing(gate: UInt64?, Release)
    /// Out of the election because of `faults`.
    case barred

    var isClaiming: Bool { if case .claiming = self { true } else { false } }
  }

  /// Who wanted a planned release.
  public enum Release: Equatable, Sendable {
    case operation(OperationIdentifier)
    case shutdown
  }

  /// How long a node stays out after its first failed claim; doubled up to `longestPenalty`.
  static let firstPenalty = Duration.seconds(10)
  static let longestPenalty = Duration.seconds(300)
  /// Time between two tries to remove an address that would not go.
  static let removalPause = Duration.seconds(1)
  /// How long addresses that somebody removed are waited for before they are put back: events of a
  /// link that went down with them arrive in that time.
  static let restorePause = Duration.milliseconds(1)

  public private(set) var state = State.none
  /// What speaks against serving from outside: links and checks.
  private var outerFaults: Set<Fault> = []
  /// What speaks against it since a claim failed, until then.
  private var penalty: (fault: Fault, until: Instant)?
  private var nextPenalty = Tenure.firstPenalty
  /// Whether a `promote` began or passed that no `demote` has answered.
  private var isPromoted = false
  private var hasStarted = false
  public private(set) var isShuttingDown = false
  /// The reason of the last change of state.
  public private(set) var reason = Reason.startup
  /// Whether this router takes part in the election.
  private var hasJoined = false
  /// The operation under way: a release, and then the wait for another node to become Active.
  public private(set) var operation: OperationIdentifier?
  private var phases = PhaseLog()
  private var removalRetry: Instant?
  private var restoreAt: Instant?
  /// Whether lost addresses are being put back.
  public private(set) var isRestoring = false
  private var failedRestores = 0
  /// Whether the gate of this claim or release has passed, so that the addresses are on their way.
  private var isGatePassed = false
  /// Before this the addresses of a claim must not come: another router may not have heard of it.
  private var notBefore: Instant?
  /// When addresses whose gate has passed may come.
  private var claimDue: Instant?

  public init() {}

  /// Everything that speaks against serving.
  public var faults: Set<Fault> {
    penalty.map { outerFaults.union([$0.fault]) } ?? outerFaults
  }

  /// The state in the words of status and hooks.
  public var role: RoleState {
    switch state {
    case .none: hasStarted && !isShuttingDown ? .backup : .initialize
    case .claiming: .claiming
    case .held: .active
    case .releasing: .releasing
    case .barred: .fault
    }
  }

  /// When `.timer` is due.
  public var nextDeadline: Instant? {
    earliest(earliest(penalty?.until, claimDue), earliest(removalRetry, restoreAt))
  }

  /// Whether the addresses belong here: held, or still here while the `demote` gate runs.
  public var isHolding: Bool {
    switch state {
    case .held: true
    case .releasing: !isGatePassed
    case .none, .claiming, .barred: false
    }
  }

  /// Whether a planned release or stop may still change something here: addresses that would not
  /// go, a role that has not been left.
  public var isOut: Bool {
    isShuttingDown && (state == .none || state == .barred) && removalRetry == nil
  }

  /// The gate that `runHooks` queued has this number.
  mutating func gateIs(_ number: UInt64, for event: HookEvent) {
    switch (state, event) {
    case (.claiming(gate: nil), .promote): state = .claiming(gate: number)
    case (.releasing(gate: nil, let release), .demote):
      state = .releasing(gate: number, release)
    default: break
    }
  }

  /// A program of a `promote` was started: from now on there is something to demote.
  mutating func promoteBegan() { isPromoted = true }

  /// What this event does to the addresses, in order.
  public mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
    switch event {
    case .start:
      hasStarted = true
      return settle(at: now)
    case .elected(let why, let notBefore):
      self.notBefore = notBefore
      return claim(why, at: now)
    case .holdOff(let until):
      guard case .claiming = state, !isGatePassed else { return [] }
      notBefore = until
      if claimDue != nil { claimDue = until }
      return []
    case .deposed(let other): return lose(.preempted, to: other, at: now)
    case .heardActive(let other): return successor(other, at: now)
    case .hooksCompleted(let order, let result): return completed(order, result, at: now)
    case .installed(let failure): return installed(failure, at: now)
    case .removed(let failure): return removed(failure, at: now)
    case .addressesLost: return lost(at: now)
    case .lapsed(let failure): return lapse(failure, at: now)
    case .leaseRefused(let why):
      guard isHolding else { return [] }
      return penalise(.leaseRefused(why), at: now)
    case .faults(let faults):
      guard faults != outerFaults else { return [] }
      outerFaults = faults
      return settle(at: now)
    case .failover(let operation): return failover(operation, at: now)
    case .shutdown: return shutDown(at: now)
    case .timer: return timer(at: now)
    }
  }

  // MARK: In and out of the election

  /// Brings the state in line with the faults.
  private mutating func settle(at now: Instant) -> [Effect] {
    guard hasStarted, !isShuttingDown else { return [] }
    switch (state, faults.isEmpty) {
    case (.none, true) where !hasJoined:
      return join(at: now)
    case (.barred, true):
      state = .none
      return join(at: now)
    case (.none, false), (.claiming, false), (.held, false), (.releasing, false):
      return bar(at: now)
    case (.barred, false), (.none, true), (.claiming, true), (.held, true), (.releasing, true):
      return []
    }
  }

  /// An owner is elected while it joins, so nothing that a Backup does comes after that.
  private mutating func join(at now: Instant) -> [Effect] {
    hasJoined = true
    return record(.backup, reason, "joined the election") + [
      .joinElection, .runHooks(.standby, reason, isPlanned: false, nil),
    ]
  }

  private mutating func bar(at now: Instant) -> [Effect] {
    let told = faults.sorted { $0.description < $1.description }
    reason = told.first?.reason ?? .health
    let detail = told.map(\.description).joined(separator: "; ")
    var effects = takeAway()
    if hasJoined { effects.append(.leaveElection) }
    hasJoined = false
    effects += demoteIfPromoted(reason)
    state = .barred
    effects.append(.runHooks(.fault, reason, isPlanned: false, nil))
    return effects + abandonOperation(detail) + record(.fault, reason, detail)
  }

  private mutating func shutDown(at now: Instant) -> [Effect] {
    guard !isShuttingDown else { return [] }
    isShuttingDown = true
    restoreAt = nil
    switch state {
    case .held:
      reason = .shutdown
      return beginRelease(.shutdown, at: now)
    case .releasing(let gate, _):
      reason = .shutdown
      state = .releasing(gate: gate, .shutdown)
      return abandonOperation("the daemon stops")
    case .claiming:
      reason = .shutdown
      hasJoined = false
      return takeAway() + [.leaveElection] + demoteIfPromoted(.shutdown)
        + abandonOperation("the daemon stops")
        + record(.shutdown, .shutdown, "stopped while claiming")
    case .none, .barred:
      reason = .shutdown
      let effects: [Effect] = hasJoined ? [.leaveElection] : []
      hasJoined = false
      return effects + abandonOperation("the daemon stops")
    }
  }

  // MARK: Claim

  private mutating func claim(_ why: Reason, at now: Instant) -> [Effect] {
    guard case .none = state, !isShuttingDown else { return [] }
    state = .claiming(gate: nil)
    isGatePassed = false
    var effects: [Effect] = []
    if operation == nil {
      reason = why
      phases.begin(at: now)
    } else {
      reason = .rollback
      effects = endPhase("takeover", "no other node became Active", at: now)
    }
    return effects + [.runHooks(.promote, reason, isPlanned: operation != nil, operation)]
  }

  private mutating func installed(_ failure: String?, at now: Instant) -> [Effect] {
    switch state {
    case .claiming:
      // An answer to an earlier claim: the gate of this one has not passed.
      guard isGatePassed else { return [.remove] }
      return claimed(failure, at: now)
    case .held, .releasing:
      // The order to remove came after this: its answer counts.
      guard isHolding else { return [] }
      return restored(failure, at: now)
    case .none, .barred:
      // Too late: nothing may be here.
      return [.remove]
    }
  }

  private mutating func claimed(_ failure: String?, at now: Instant) -> [Effect] {
    var effects = endPhase("addresses", failure ?? "done", at: now)
    if let failure { return effects + penalise(.addressesRefused(failure), at: now) }
    state = .held
    nextPenalty = Self.firstPenalty
    failedRestores = 0
    effects += [
      .openLease, .startAnnouncing, .runHooks(.active, reason, isPlanned: false, operation),
    ]
    effects += record(.active, reason, "")
    if let operation {
      self.operation = nil
      let why = "no other node became Active: is a Backup running and reachable?"
      effects.append(.finished(operation, .rolledBack(why), phases.ended))
    }
    return effects
  }

  /// The addresses were put back, or others were added to those that are held.
  private mutating func restored(_ failure: String?, at now: Instant) -> [Effect] {
    guard let failure else {
      failedRestores = 0
      defer { isRestoring = false }
      let told = record(.addressesRestored, reason, "somebody else removed them")
      return [.openLease, .startAnnouncing] + (isRestoring ? told : [])
    }
    failedRestores += 1
    if failedRestores < 3 {
      restoreAt = now + Self.removalPause
      return []
    }
    return penalise(.addressesRefused(failure), at: now)
  }

  /// A claim failed: out of the election for a while, so that a peer may try.
  private mutating func penalise(_ fault: Fault, at now: Instant) -> [Effect] {
    penalty = (fault, now + nextPenalty)
    nextPenalty = min(nextPenalty * 2, Self.longestPenalty)
    return bar(at: now)
  }

  private mutating func lost(at now: Instant) -> [Effect] {
    guard isHolding else { return [] }
    isRestoring = true
    restoreAt = restoreAt ?? now + Self.restorePause
    return [.stopAnnouncing]
  }

  // MARK: Release

  private mutating func failover(
    _ asked: OperationIdentifier, at now: Instant
  ) -> [Effect] {
    guard case .held = state, !isShuttingDown else {
      let why = "this node does not hold the role: its state is \(role.rawValue)"
      return [.finished(asked, .refused(why), [])]
    }
    reason = .manual
    operation = asked
    return beginRelease(.operation(asked), at: now)
  }

  private mutating func beginRelease(_ release: Release, at now: Instant) -> [Effect] {
    state = .releasing(gate: nil, release)
    isGatePassed = false
    phases.begin(at: now)
    return [.runHooks(.demote, reason, isPlanned: true, operation)]
  }

  private mutating func removed(_ failure: String?, at now: Instant) -> [Effect] {
    guard case .releasing(_, let release) = state, isGatePassed else {
      // Where the addresses belong here again, this is the answer to an earlier order.
      let isDue = failure != nil && !belongsHere
      removalRetry = isDue ? now + Self.removalPause : nil
      return []
    }
    let effects = endPhase("addresses", failure ?? "done", at: now)
    switch (release, failure) {
    case (.operation(let operation), let failure?):
      return effects + [.install]
        + rollBack(operation, "an address could not be removed: \(failure)")
    case (.operation(let operation), nil):
      state = .none
      isPromoted = false
      return effects + [
        .yieldElection, .runHooks(.standby, .manual, isPlanned: true, operation),
      ] + record(.backup, .manual, "gave the role up", isPlanned: true, operation)
    case (.shutdown, let failure):
      state = .none
      isPromoted = false
      hasJoined = false
      removalRetry = failure == nil ? nil : now + Self.removalPause
      return effects + [.leaveElection]
        + record(.shutdown, .shutdown, failure ?? "", isPlanned: true)
    }
  }

  private mutating func successor(_ other: IPAddress, at now: Instant) -> [Effect] {
    guard case .none = state, let operation else { return [] }
    let effects = endPhase("takeover", at: now)
    self.operation = nil
    return effects + [.finished(operation, .done(newActive: other), phases.ended)]
      + record(.failover, .manual, "moved", isPlanned: true, operation, peer: other)
  }

  // MARK: Loss

  private mutating func lose(
    _ why: Reason, to other: IPAddress, at now: Instant
  ) -> [Effect] {
    switch state {
    case .none, .barred: return []
    case .claiming, .held, .releasing:
      reason = why
      var effects = takeAway() + demoteIfPromoted(why)
      if isShuttingDown {
        hasJoined = false
        effects.append(.leaveElection)
      } else {
        effects.append(.runHooks(.standby, why, isPlanned: false, nil))
      }
      return effects + abandonOperation("\(other) became Active meanwhile")
        + record(.backup, why, "another node is Active", peer: other)
    }
  }

  /// The peers may have stopped waiting: away with everything, and no word to anybody. Where
  /// advertisements could not be sent, the next election would end in the same way.
  private mutating func lapse(_ failure: String?, at now: Instant) -> [Effect] {
    guard state != .none, state != .barred else { return [] }
    if let failure { return penalise(.advertisementsRefused(failure), at: now) }
    reason = .lease
    var effects = takeAway() + demoteIfPromoted(.lease)
    if isShuttingDown {
      hasJoined = false
      effects.append(.leaveElection)
    } else {
      effects.append(.runHooks(.standby, .lease, isPlanned: false, nil))
    }
    let why = "the lease had ended: godwitd was stopped or starved"
    return effects + abandonOperation(why) + record(.backup, .lease, why)
  }

  /// Whether the addresses are here by right or on their way here.
  private var belongsHere: Bool {
    if case .claiming = state { return isGatePassed }
    return isHolding
  }

  /// The node falls silent and the addresses leave before anything else happens.
  private mutating func takeAway() -> [Effect] {
    restoreAt = nil
    isRestoring = false
    claimDue = nil
    switch state {
    case .held:
      state = .none
      return [.closeLease, .resetConnections, .stopAnnouncing, .remove]
    case .releasing:
      // Its `demote` runs already.
      isPromoted = false
      state = .none
      return [.closeLease, .resetConnections, .stopAnnouncing, .remove]
    case .claiming:
      state = .none
      return [.closeLease, .overtakePromote, .remove]
    case .none, .barred: return []
    }
  }

  private mutating func demoteIfPromoted(_ why: Reason) -> [Effect] {
    guard isPromoted else { return [] }
    isPromoted = false
    return [.runHooks(.demote, why, isPlanned: false, nil)]
  }

  private mutating func abandonOperation(_ why: String) -> [Effect] {
    guard let operation else { return [] }
    self.operation = nil
    return [.finished(operation, .incomplete(why), phases.ended)]
  }

  /// A step of a planned failover failed: the role stays here.
  private mutating func rollBack(_ operation: OperationIdentifier, _ why: String) -> [Effect] {
    state = .held
    self.operation = nil
    reason = .rollback
    return [
      .runHooks(.undo, .rollback, isPlanned: true, operation),
      .finished(operation, .rolledBack(why), phases.ended),
    ] + record(.failover, .rollback, why, isPlanned: true, operation)
  }

  // MARK: Gates

  private mutating func completed(
    _ order: HookOrder, _ result: HookResult, at now: Instant
  ) -> [Effect] {
    switch (state, order.event) {
    case (.claiming(gate: order.number), .promote):
      let effects = endPhase("promote", result.description, at: now)
      guard result.passes else {
        return effects + penalise(.promoteFailed(result.description), at: now)
      }
      isPromoted = true
      if let notBefore, now < notBefore {
        claimDue = notBefore
        return effects
      }
      return effects + bringAddresses()
    case (.releasing(gate: order.number, let release), .demote):
      let effects = endPhase("demote", result.description, at: now)
      if case .operation(let operation) = release, !result.passes {
        return effects + rollBack(operation, "demote \(result)")
      }
      isGatePassed = true
      restoreAt = nil
      isRestoring = false
      return effects + [.stopAnnouncing, .closeLease, .remove]
    default: return []
    }
  }

  private mutating func bringAddresses() -> [Effect] {
    claimDue = nil
    isGatePassed = true
    removalRetry = nil
    return [.install]
  }

  // MARK: Time

  private mutating func timer(at now: Instant) -> [Effect] {
    var effects: [Effect] = []
    if let retry = removalRetry, now >= retry {
      removalRetry = nil
      effects.append(.remove)
    }
    if let due = claimDue, now >= due {
      effects += endPhase("silence", at: now) + bringAddresses()
    }
    if let restore = restoreAt, now >= restore {
      restoreAt = nil
      effects.append(.install)
    }
    if let current = penalty, now >= current.until {
      penalty = nil
      effects += settle(at: now)
    }
    return effects
  }

  // MARK: History

  /// Ends a phase and tells it to whoever waits for the operation.
  private mutating func endPhase(
    _ name: String, _ result: String = "done", at now: Instant
  ) -> [Effect] {
    let phase = phases.end(name, result, at: now)
    return operation.map { [.phase($0, phase)] } ?? []
  }

  private func record(
    _ event: HistoryRecord.Event, _ why: Reason, _ detail: String, isPlanned: Bool = false,
    _ operation: OperationIdentifier? = nil, peer: IPAddress? = nil
  ) -> [Effect] {
    let told = event == .active || event == .failover || event == .shutdown ? phases.ended : []
    return [
      .record(
        HistoryRecord(
          event: event, reason: why, term: 0, isPlanned: isPlanned, operation: operation,
          phases: told, peer: peer, detail: detail))
    ]
  }
}
