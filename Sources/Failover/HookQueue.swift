import VRRP

/// The hooks of one virtual router: orders one after the other, the programs of an order in the
/// listed order, one at a time.
///
/// The queue knows neither processes nor clocks: it says what to start and what to signal, and is
/// told how programs ended. A result is known as soon as it is certain: a gate whose time is over
/// has failed at that moment, although its program may need seconds more to die; the next order
/// waits until it is gone. A program that even SIGKILL does not move is given up after another
/// while, so that nothing waits forever.
public struct HookQueue: Sendable {
  public enum Effect: Hashable, Sendable {
    case start(HookRun)
    /// SIGTERM to the program's process group.
    case terminate(HookRun.Identifier)
    /// SIGKILL to the program's process group.
    case kill(HookRun.Identifier)
    /// One program of an order ended, or its time was over.
    case ended(HookRun, HookResult)
    /// The whole order is decided.
    case completed(HookOrder, HookResult)
  }

  /// From SIGTERM to SIGKILL, and from there until the program is given up.
  static let grace = Duration.seconds(5)
  /// From exit status 75 to the next try.
  static let retryPause = Duration.milliseconds(500)
  /// The most orders that wait. A notice makes room; a gate never does, so one too many fails.
  static let capacity = 32

  private enum Stage: Sendable {
    case idle
    case running(HookRun, deadline: Instant)
    case pausing(HookRun, until: Instant, deadline: Instant)
    /// The order is decided; its program got SIGTERM, or SIGKILL when `isKilled`.
    case ending(HookRun.Identifier, until: Instant, isKilled: Bool)
  }

  private var hooks: [HookSettings]
  private var stage = Stage.idle
  private var waiting: [HookOrder] = []
  /// The programs of the running order that come after the present one.
  private var remaining: [HookSettings] = []
  private var hasWarned = false
  private var lastRun: UInt64 = 0

  /// `firstRun` keeps the runs of two queues of one virtual router apart.
  public init(_ hooks: [HookSettings], firstRun: UInt64 = 0) {
    self.hooks = hooks
    lastRun = firstRun
  }

  /// Whether nothing runs and nothing waits.
  public var isIdle: Bool {
    if case .idle = stage { return waiting.isEmpty }
    return false
  }

  /// The program that runs now or is about to be tried again.
  public var running: HookRun? {
    switch stage {
    case .running(let run, _), .pausing(let run, _, _): run
    case .idle, .ending: nil
    }
  }

  /// When `deadlineReached` is due.
  public var nextDeadline: Instant? {
    switch stage {
    case .idle: nil
    case .running(_, let deadline): deadline
    case .pausing(_, let until, _): until
    case .ending(_, let until, _): until
    }
  }

  /// Whether any program runs for `event`.
  public func hasHook(for event: HookEvent) -> Bool {
    hooks.contains { $0.events.contains(event) }
  }

  /// Puts an order at the end of the queue. An order without programs is decided in its turn, so a
  /// gate that nobody set passes at once when nothing is before it.
  public mutating func submit(_ order: HookOrder, at now: Instant) -> [Effect] {
    // Of the notices that have not begun only the newest still says something true, and none once
    // the node is elected: a long `standby` must not hold up the `promote` of the same node.
    if order.event.isNotice || order.event == .promote {
      waiting.removeAll { $0.event.isNotice }
    }
    if waiting.count >= Self.capacity {
      if let notice = waiting.firstIndex(where: { $0.event.isNotice }) {
        waiting.remove(at: notice)
      } else if order.event.isNotice {
        return []
      } else {
        return [.completed(order, .crowdedOut)]
      }
    }
    waiting.append(order)
    return advance(at: now)
  }

  /// Takes other programs for the orders that have not begun.
  public mutating func replaceHooks(_ hooks: [HookSettings]) { self.hooks = hooks }

  /// Whether a `promote`, `demote` or `undo` runs or waits.
  public var isBusyWithGate: Bool {
    switch stage {
    case .running(let run, _), .pausing(let run, _, _):
      if !run.order.event.isNotice { return true }
    case .idle, .ending: break
    }
    return waiting.contains { !$0.event.isNotice }
  }

  /// Ends a `promote` that runs or waits, since the role is gone.
  public mutating func overtakePromote(at now: Instant) -> [Effect] {
    let dropped = waiting.filter { $0.event == .promote }
    waiting.removeAll { $0.event == .promote }
    let completions = dropped.map { Effect.completed($0, .overtaken) }
    switch stage {
    case .running(let run, _) where run.order.event == .promote:
      return completions + decide(run, .overtaken, isAlive: true, at: now)
    case .pausing(let run, _, _) where run.order.event == .promote:
      return completions + decide(run, .overtaken, isAlive: false, at: now)
    case .idle, .running, .pausing, .ending: return completions
    }
  }

  /// What happened meanwhile leaves a `demote` that runs or waits no choice: when it fails, `fence` runs.
  public mutating func demoteMustSucceed() {
    for place in waiting.indices where waiting[place].event == .demote {
      waiting[place].mustSucceed = true
    }
    switch stage {
    case .running(var run, let deadline) where run.order.event == .demote:
      run.order.mustSucceed = true
      stage = .running(run, deadline: deadline)
    case .pausing(var run, let until, let deadline) where run.order.event == .demote:
      run.order.mustSucceed = true
      stage = .pausing(run, until: until, deadline: deadline)
    case .idle, .running, .pausing, .ending: break
    }
  }

  /// A program that was started has ended.
  public mutating func programEnded(
    _ identifier: HookRun.Identifier, _ end: ProgramEnd, at now: Instant
  ) -> [Effect] {
    switch stage {
    case .running(let run, let deadline) where run.identifier == identifier:
      return judge(run, end, deadline: deadline, at: now)
    case .ending(identifier, _, _):
      stage = .idle
      return advance(at: now)
    case .idle, .running, .pausing, .ending: return []
    }
  }

  /// The time of `nextDeadline` has come.
  public mutating func deadlineReached(at now: Instant) -> [Effect] {
    switch stage {
    case .running(let run, let deadline) where now >= deadline:
      return decide(run, .timedOut, isAlive: true, at: now)
    case .pausing(let run, let until, let deadline) where now >= until:
      return start(run.hook, run.order, attempt: run.attempt + 1, deadline: deadline, at: now)
    case .ending(let identifier, let until, isKilled: false) where now >= until:
      stage = .ending(identifier, until: now + Self.grace, isKilled: true)
      return [.kill(identifier)]
    case .ending(_, let until, isKilled: true) where now >= until:
      stage = .idle
      return advance(at: now)
    case .idle, .running, .pausing, .ending: return []
    }
  }

  // MARK: One order after the other

  private mutating func advance(at now: Instant) -> [Effect] {
    guard case .idle = stage, !waiting.isEmpty else { return [] }
    let order = waiting.removeFirst()
    hasWarned = false
    remaining = hooks.filter { $0.events.contains(order.event) }
    return next(order, at: now)
  }

  private mutating func next(_ order: HookOrder, at now: Instant) -> [Effect] {
    guard !remaining.isEmpty else {
      stage = .idle
      return [.completed(order, hasWarned ? .warning : .done)] + advance(at: now)
    }
    let hook = remaining.removeFirst()
    return start(
      hook, order, attempt: 1, deadline: now + hook.timeout(for: order.event), at: now)
  }

  private mutating func start(
    _ hook: HookSettings, _ order: HookOrder, attempt: Int, deadline: Instant, at now: Instant
  ) -> [Effect] {
    lastRun += 1
    let run = HookRun(
      identifier: HookRun.Identifier(lastRun), order: order, hook: hook, attempt: attempt,
      timeout: deadline - now)
    stage = .running(run, deadline: deadline)
    return [.start(run)]
  }

  private mutating func judge(
    _ run: HookRun, _ end: ProgramEnd, deadline: Instant, at now: Instant
  ) -> [Effect] {
    switch end {
    case .exited(0):
      return [.ended(run, .done)] + next(run.order, at: now)
    case .exited(10):
      hasWarned = true
      return [.ended(run, .warning)] + next(run.order, at: now)
    case .exited(75):
      let again = now + Self.retryPause
      guard again < deadline else { return decide(run, .timedOut, isAlive: false, at: now) }
      stage = .pausing(run, until: again, deadline: deadline)
      return []
    case .exited(69):
      return decide(run, .unfit, isAlive: false, at: now)
    case .exited, .signalled, .notStarted:
      return decide(run, .failed(end), isAlive: false, at: now)
    }
  }

  /// The order is decided by this program; the ones after it do not run.
  private mutating func decide(
    _ run: HookRun, _ result: HookResult, isAlive: Bool, at now: Instant
  ) -> [Effect] {
    remaining = []
    var effects: [Effect] = []
    if run.order.needsFence, !result.passes, hasHook(for: .fence) {
      var fence = run.order
      fence.event = .fence
      waiting.insert(fence, at: 0)
    }
    if isAlive {
      stage = .ending(run.identifier, until: now + Self.grace, isKilled: false)
      effects.append(.terminate(run.identifier))
    } else {
      stage = .idle
    }
    effects += [.ended(run, result), .completed(run.order, result)]
    return effects + advance(at: now)
  }
}

extension HookEvent {
  /// Whether it only tells a state that is reached, so that a newer one makes it pointless.
  var isNotice: Bool {
    switch self {
    case .active, .standby, .fault, .maintenance: true
    case .promote, .demote, .undo, .precheck, .fence: false
    }
  }
}
