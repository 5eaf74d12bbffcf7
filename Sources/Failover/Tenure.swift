import VRRP

/// Whether the addresses are here: the machine above the election.
///
/// `VirtualRouter` decides who is Active. Elected is not yet held: between the two stands the
/// `promote` gate, for as long as it needs, while advertisements go on. The other way, a planned
/// release keeps the addresses and the role until the `demote` gate has passed. What was not
/// planned takes the addresses away first and is polite afterwards.
///
/// The orders that are part of the contract:
/// - claim: `promote` - addresses in, read back - lease open - announce - clients told - `active`;
/// - planned release: `demote` - connections reset - lease closed - addresses out, read back -
///   "released" to the node that waits, or priority 0 - `standby`;
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
  /// How long connections may take to be reset.
  static let resetLimit = Duration.seconds(1)

  public internal(set) var state = State.none
  /// What speaks against serving from outside: links and checks.
  var outerFaults: Set<Fault> = []
  /// What speaks against it since a claim failed, until then.
  var penalty: (fault: Fault, until: Instant)?
  var nextPenalty = Tenure.firstPenalty
  /// Whether a `promote` began or passed that no `demote` has answered.
  var isPromoted = false
  var hasStarted = false
  public internal(set) var isShuttingDown = false
  /// The reason of the last change of state.
  public internal(set) var reason = Reason.startup
  /// Whether this router takes part in the election.
  var hasJoined = false
  /// The operation under way: a release, and then the wait for another node to become Active.
  public internal(set) var operation: OperationIdentifier?
  var phases = PhaseLog()
  var removalRetry: Instant?
  var restoreAt: Instant?
  /// Whether lost addresses are being put back.
  public internal(set) var isRestoring = false
  var failedRestores = 0
  /// Whether the gate of this claim or release has passed, so that the addresses are on their way.
  var isGatePassed = false
  /// Whether the addresses of an earlier run are here, and nothing is decided about them.
  public internal(set) var isResuming = false
  /// Whether another node waits for the role that is being released.
  public internal(set) var isHandover = false
  /// Whether `demote` has passed and the successor is given what it needs.
  var isDemoted = false
  /// Until when the connections of a planned release may be reset.
  var resetDue: Instant?
  /// Whether the role was handed over and the successor is not known to have it.
  public internal(set) var isHandingOver = false
  /// Why the successor of the operation under way does not have the role.
  var setback: String?
  /// The operation by which another node handed the role over to this one.
  var receivedBy: OperationIdentifier?
  /// Before this the addresses of a claim must not come: another router may not have heard of it.
  var notBefore: Instant?
  /// When addresses whose gate has passed may come.
  var claimDue: Instant?

  /// `isResuming`: an earlier run of the daemon held the addresses, which are still here; nothing is told
  /// to anybody before `resumed` or `notResumed`.
  public init(isResuming: Bool = false) {
    self.isResuming = isResuming
    isPromoted = isResuming
  }

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
    earliest(
      earliest(penalty?.until, claimDue), earliest(earliest(removalRetry, restoreAt), resetDue))
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
    isSuspended
      || isShuttingDown && (state == .none || state == .barred) && removalRetry == nil
        && !isHandingOver
  }

  /// Whether the daemon stops and the addresses stay.
  public internal(set) var isSuspended = false

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
    case .handedOver(let why, let operation):
      notBefore = nil
      receivedBy = operation
      return claim(why, at: now)
    case .resumed: return resume(at: now)
    case .notResumed(let why): return stopResuming(why)
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
    case .failover(let operation, let isHandover):
      return failover(operation, isHandover, at: now)
    case .letGo: return letGo(at: now)
    case .connectionsReset(_, let left):
      return connectionsReset(left == 0 ? "done" : "\(left) left", at: now)
    case .succeeded(let other, let passage): return succeeded(other, passage, at: now)
    case .relieved: return relieved()
    case .successorLost(let why):
      guard case .none = state else { return [] }
      return abandonOperation(why)
    case .handoverFailed(let why): return handoverFailed(why, at: now)
    case .refused(let operation, let why): return [.finished(operation, .refused(why), [])]
    case .shutdown(let isHandover): return shutDown(isHandover, at: now)
    case .notSuspended:
      guard isSuspended else { return [] }
      isSuspended = false
      isShuttingDown = false
      return []
    case .suspended:
      isSuspended = true
      isShuttingDown = true
      return record(.shutdown, .maintenance, "the addresses stay for a restart of the daemon")
    case .timer: return timer(at: now)
    }
  }

  // MARK: Time

  mutating func timer(at now: Instant) -> [Effect] {
    var effects: [Effect] = []
    if let retry = removalRetry, now >= retry {
      removalRetry = nil
      effects.append(.remove)
    }
    if let due = claimDue, now >= due {
      effects += endPhase("silence", at: now) + bringAddresses()
    }
    if let due = resetDue, now >= due {
      effects += connectionsReset("no answer in \(Self.resetLimit)", at: now)
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
  mutating func endPhase(
    _ name: String, _ result: String = "done", at now: Instant,
    of ended: OperationIdentifier? = nil
  ) -> [Effect] {
    let phase = phases.end(name, result, at: now)
    return (ended ?? operation ?? receivedBy).map { [.phase($0, phase)] } ?? []
  }

  func record(
    _ event: HistoryRecord.Event, _ why: Reason, _ detail: String, isPlanned: Bool = false,
    _ operation: OperationIdentifier? = nil, peer: IPAddress? = nil, passage: Passage? = nil
  ) -> [Effect] {
    let told = event == .active || event == .failover || event == .shutdown ? phases.ended : []
    let operation = operation ?? (event == .active ? receivedBy : nil)
    return [
      .record(
        HistoryRecord(
          event: event, reason: why, term: 0, isPlanned: isPlanned, operation: operation,
          phases: told, peer: peer, detail: detail, passage: passage))
    ]
  }
}
