/// One virtual router as this node sees it: the state machine of RFC 9568 section 6.4 with its
/// verified errata, and RFC 3768 section 6.4 for version 2.
///
/// It decides who is Active, nothing else. Events go in with the caller's time, actions come out in
/// an order that is part of the contract: an advertisement leaves before the change of state that it
/// belongs to is told. The timers live inside the states, so a timer of an earlier state cannot
/// fire. Addresses, announcements and hooks belong to whoever performs the actions.
///
/// Where the RFCs leave something open:
/// - A losing advertisement is answered at once (section 6.4.3), but at most every 10 ms, and one of
///   equal priority from our own address never, so that no two routers can storm.
/// - A Backup that has heard an Active Router believes no goodbye of another: one that the network
///   delivers late or twice must not make it claim what the new Active Router holds.
/// - An Active Router whose settings get a longer interval says so in three advertisements at the old
///   pace first: a Backup that missed one of them must not take the longer silence for a failure. A
///   shorter one is kept from the moment on that the settings come.
/// - After `.yield` this router does not preempt until it has been Active again: an operator's
///   decision outlasts the priorities.
/// - The role may be handed over without silence and without a goodbye, when both routers know it:
///   `.handOver` on one, `.takeOver` on the other, which passes over what the first one still said.
public struct VirtualRouter: Equatable, Sendable {
  /// The shortest time between two answers to losing advertisements.
  static let answerSpacing = Duration.milliseconds(10)
  /// Advertisements that tell of a longer interval before it is kept: as many as a Backup waits for.
  static let slowAdvertisements = 3
  /// The longest that an advertisement may be on its way when its sender hands over.
  static let longestPassage = Duration.seconds(1)

  public private(set) var settings: VirtualRouterSettings
  /// The priority that counts now: the operator's, moved by checks.
  public private(set) var priority: Priority
  public private(set) var state = State.initialize
  /// The primary address, source of our advertisements and the tie-breaker.
  public private(set) var source: IPAddress?
  /// Active_Adver_Interval: what the Active Router said of its interval. Version 2 learns nothing.
  public private(set) var activeAdvertisementInterval: AdvertisementInterval
  /// What the end of Active_Down_Timer would mean, by what was heard last.
  private var cause = Cause.silence

  public init(_ settings: VirtualRouterSettings) {
    self.settings = settings
    priority = settings.priority
    activeAdvertisementInterval = settings.advertisementInterval
  }

  /// When `.timer` is due: Active_Down_Timer, Adver_Timer or none.
  public var nextDeadline: Instant? {
    switch state {
    case .initialize: nil
    case .backup(let backup): backup.activeDownTimer
    case .active(let active): active.advertisementTimer
    }
  }

  /// What this event makes the virtual router do, in order.
  public mutating func handle(_ event: Event, at now: Instant) -> [Action] {
    switch (state, event) {
    // Section 6.4.1, Initialize.
    case (.initialize, .startup(let source, let patience, let isHeldBack)):
      self.source = source
      guard priority == .owner, !isHeldBack else {
        activeAdvertisementInterval = settings.advertisementInterval
        becomeBackup(at: now + patience, yields: false)
        return []
      }
      cause = .ownership
      return becomeActive(at: now)

    // Section 6.4.2, Backup.
    case (.backup, .shutdown):
      state = .initialize
      return []
    case (.backup(let backup), .timer):
      return now < backup.activeDownTimer ? [] : becomeActive(at: now)
    case (.backup(let backup), .advertisement(let advertisement, let sender)):
      hear(advertisement, from: sender, as: backup, at: now)
      return []

    case (.backup(let backup), .advertisementsMissed):
      becomeBackup(at: now, yields: backup.yields)
      return []
    case (.backup(var backup), .wait(let until)):
      backup.activeDownTimer = max(backup.activeDownTimer, until)
      state = .backup(backup)
      return []
    case (.backup, .takeOver(let sender)):
      cause = .handover
      let passage = min(settings.advertisementInterval.duration, Self.longestPassage)
      return becomeActive(at: now, passingOver: sender.map { ($0, now + passage) })

    // Section 6.4.3, Active.
    case (.active, .shutdown):
      state = .initialize
      return [.send(.release)]
    case (.active, .yield):
      // The last Active Router was this one: what an earlier one said of its interval is over.
      activeAdvertisementInterval = settings.advertisementInterval
      becomeBackup(at: now, yields: true)
      return [.send(.release)]
    case (.active, .lapse):
      activeAdvertisementInterval = settings.advertisementInterval
      becomeBackup(at: now, yields: false)
      return []
    case (.active, .handOver):
      activeAdvertisementInterval = settings.advertisementInterval
      becomeBackup(at: now, yields: true)
      return []
    case (.active(let active), .timer):
      return now < active.advertisementTimer ? [] : advertise(as: active, at: now)
    case (.active(let active), .advertisement(let advertisement, let sender)):
      return hear(advertisement, from: sender, as: active, at: now)

    // What changes the values and not the state.
    case (_, .priority(let priority)):
      self.priority = priority
      return []
    case (_, .source(let source)):
      self.source = source
      return []
    case (_, .settings(let settings)):
      adopt(settings, at: now)
      return []

    // What has no meaning in a state.
    case (.initialize, .shutdown), (.initialize, .timer), (.initialize, .advertisement),
      (.initialize, .yield), (.initialize, .lapse), (.initialize, .advertisementsMissed),
      (.initialize, .handOver), (.initialize, .takeOver), (.initialize, .wait),
      (.backup, .startup), (.backup, .handOver),
      (.backup, .yield), (.backup, .lapse), (.active, .startup), (.active, .advertisementsMissed),
      (.active, .takeOver), (.active, .wait):
      return []
    }
  }

  // MARK: Backup

  private mutating func becomeBackup(at now: Instant, yields: Bool) {
    cause = .silence
    state = .backup(
      Backup(activeDownTimer: now + activeDownInterval, betterSince: nil, yields: yields))
  }

  private mutating func hear(
    _ advertisement: Advertisement, from sender: IPAddress, as before: Backup, at now: Instant
  ) {
    var backup = before
    if advertisement.priority == .release {
      // A goodbye that comes late or twice is not the present Active Router's.
      guard backup.activeRouter == nil || backup.activeRouter == sender else { return }
      // The interval that this goodbye carries is not adopted.
      backup.activeDownTimer = now + skewTime
      backup.activeRouter = nil
      cause = .release
      state = .backup(backup)
      return
    }
    backup.activeRouter = sender
    if advertisement.priority >= priority {
      backup.betterSince = nil
      keepWaiting(advertisement, &backup, at: now)
    } else if preempts(&backup, at: now) {
      // Discarded: the timer runs on, and at its end this router takes over.
      cause = .preemption
    } else {
      keepWaiting(advertisement, &backup, at: now)
    }
    state = .backup(backup)
  }

  private mutating func keepWaiting(
    _ advertisement: Advertisement, _ backup: inout Backup, at now: Instant
  ) {
    learn(advertisement.interval)
    backup.activeDownTimer = now + activeDownInterval
    cause = .silence
  }

  /// Preempt_Mode as it stands now, on hearing an Active Router of lower priority.
  private func preempts(_ backup: inout Backup, at now: Instant) -> Bool {
    if backup.yields { return false }
    switch settings.preemption {
    case .never: return false
    case .always: return true
    case .after(let delay):
      let since = backup.betterSince ?? now
      backup.betterSince = since
      return now - since >= delay
    }
  }

  // MARK: Active

  private mutating func becomeActive(
    at now: Instant, passingOver passedOver: (source: IPAddress, until: Instant)? = nil
  ) -> [Action] {
    state = .active(
      Active(
        advertisementTimer: now + settings.advertisementInterval.duration, answerAllowed: now,
        passedOver: passedOver))
    return [.send(priority), .elected(cause)]
  }

  private mutating func advertise(as before: Active, at now: Instant) -> [Action] {
    var active = before
    let interval = pace(&active)
    // From the time it was due, so that the beat does not drift; from now when it is far too late,
    // so that no burst makes up for a pause.
    active.advertisementTimer += interval
    if active.advertisementTimer <= now { active.advertisementTimer = now + interval }
    state = .active(active)
    return [.send(priority)]
  }

  /// The time to the next advertisement after the one that leaves now.
  private func pace(_ active: inout Active) -> Duration {
    guard var slowing = active.slowingDown else { return settings.advertisementInterval.duration }
    slowing.left -= 1
    active.slowingDown = slowing.left > 0 ? slowing : nil
    return slowing.interval.duration
  }

  public var isBackup: Bool { if case .backup = state { true } else { false } }

  /// Whether some Backup may still wait by the shorter interval of earlier settings.
  public var isSlowingDown: Bool {
    if case .active(let active) = state { active.slowingDown != nil } else { false }
  }

  private mutating func hear(
    _ advertisement: Advertisement, from sender: IPAddress, as active: Active, at now: Instant
  ) -> [Action] {
    if let passed = active.passedOver, passed.source == sender, now < passed.until { return [] }
    if advertisement.priority == .release {
      return answer(as: active, at: now)
    }
    let ours = source ?? sender
    if advertisement.priority > priority
      || (advertisement.priority == priority && sender > ours)
    {
      learn(advertisement.interval)
      becomeBackup(at: now, yields: false)
      return [.deposed(by: sender, advertisement.priority)]
    }
    // RFC 3768 discards the loser silently; an equal in everything is nobody to argue with.
    if settings.version == .version2 || (advertisement.priority == priority && sender == ours) {
      return []
    }
    return answer(as: active, at: now)
  }

  private mutating func answer(as before: Active, at now: Instant) -> [Action] {
    guard now >= before.answerAllowed else { return [] }
    var active = before
    active.advertisementTimer = now + pace(&active)
    active.answerAllowed = now + Self.answerSpacing
    state = .active(active)
    return [.send(priority)]
  }

  // MARK: Values

  /// Version 2 learns nothing: another interval never gets this far.
  private mutating func learn(_ interval: AdvertisementInterval) {
    activeAdvertisementInterval = interval
  }

  private mutating func adopt(_ new: VirtualRouterSettings, at now: Instant) {
    let oldInterval = settings.advertisementInterval
    settings = new
    guard oldInterval != new.advertisementInterval else { return }
    switch state {
    case .initialize: activeAdvertisementInterval = new.advertisementInterval
    case .active(var active):
      activeAdvertisementInterval = new.advertisementInterval
      if new.advertisementInterval.duration > oldInterval.duration {
        let interval = active.slowingDown?.interval ?? oldInterval
        active.slowingDown = (interval, Self.slowAdvertisements)
      } else {
        active.slowingDown = nil
        active.advertisementTimer = min(
          active.advertisementTimer, now + new.advertisementInterval.duration)
      }
      state = .active(active)
    case .backup:
      // Version 3 keeps what the Active Router said; version 2 only has its own value.
      if new.version == .version2 { activeAdvertisementInterval = new.advertisementInterval }
    }
  }
}
