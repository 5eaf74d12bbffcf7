import VRRP

// The election: what is heard and what that means for the addresses of a claim.
extension Participant {
  mutating func hear(
    _ advertisement: Advertisement, from sender: IPAddress, at now: Instant,
    _ effects: inout [Effect]
  ) {
    heardActive(sender, isGoodbye: advertisement.priority == .release, at: now)
    if advertisement.priority != .release {
      if tenure.isResuming { perform(.notResumed(.preempted), at: now, &effects) }
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
      if activeRouter?.address != sender, goneRouter != sender, !isReporting(sender) { nextTerm() }
      activeRouter = nil
      goneRouter = sender
      return
    }
    let isNew = activeRouter?.address != sender
    activeRouter = (sender, advertisement.priority)
    formerRouter = nil
    goneRouter = nil
    if isNew, !isReporting(sender) { nextTerm() }
    perform(.heardActive(sender), at: now, &effects)
  }

  mutating func elect(
    _ event: VirtualRouter.Event, at now: Instant, _ effects: inout [Effect]
  ) {
    let wasBackup = router.isBackup
    let actions = router.handle(event, at: now)
    if router.isBackup, !wasBackup || event == .advertisementsMissed {
      waitAgain(at: now)
    }
    for action in actions {
      switch action {
      case .send(let priority): send(priority, at: now, &effects)
      case .elected(let cause):
        formerRouter = activeRouter?.address ?? goneRouter
        activeRouter = nil
        goneRouter = nil
        claimBegan = now
        enter(cause, at: now, &effects)
      case .deposed(let other, let priority):
        heartbeat.stop()
        activeRouter = (other, priority)
        formerRouter = nil
        goneRouter = nil
        term = highestTerm
        if !isReporting(other) { nextTerm() }
        perform(.deposed(by: other), at: now, &effects)
      }
    }
  }

  private mutating func enter(
    _ cause: VirtualRouter.Cause, at now: Instant, _ effects: inout [Effect]
  ) {
    let entry = cause == .handover ? self.entry : nil
    self.entry = nil
    if case .resumed = entry {} else { nextTerm() }
    var notBefore = firstHoldOff(after: cause, at: now)
    if case .takenBack = entry { notBefore = firstHoldOff(after: .release, at: now) }
    switch entry {
    case .handedOver(let reason, let operation):
      perform(.handedOver(reason, operation), at: now, &effects)
    case .resumed: perform(.resumed, at: now, &effects)
    case .takenBack, nil:
      perform(.elected(Reason(cause), notBefore: notBefore), at: now, &effects)
    }
  }

  /// The owner changes.
  private mutating func nextTerm() {
    if highestTerm < Self.lastTerm { highestTerm += 1 }
    term = highestTerm
  }

  // MARK: Other claims

  /// Until when a claim waits with its addresses.
  ///
  /// A router that is pushed aside, Active as it is, hears of it by one of three advertisements. After
  /// a silence or a goodbye only another Backup may claim at the same moment, and the two hear of
  /// each other within the time that the network and the scheduler take; in a pair there is none.
  mutating func firstHoldOff(
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
    case .handover:
      beatsToSend = 0
      rivalEnds = nil
      return nil
    }
  }

  /// Another router is Active; the first advertisement that it can hear has just left.
  mutating func pushAside(at now: Instant) {
    beatsToSend = Self.beatsToBeHeard - 1
    rivalEnds = now + rivalInterval.duration * Self.beatsToBeHeard
  }

  /// Until when the addresses stay away: the other router has heard all the advertisements that it
  /// may take, or its lease has ended, which is less than three of its own intervals.
  func heldOff(at now: Instant) -> Instant {
    let heard = now + interval * (beatsToSend + 1)
    return max(heard, rivalEnds ?? heard)
  }

  mutating func holdOff(at now: Instant, _ effects: inout [Effect]) {
    perform(.holdOff(until: heldOff(at: now)), at: now, &effects)
  }

  /// Another router is Active and has not heard of this one's better claim.
  mutating func rivalHeard(at now: Instant, _ effects: inout [Effect]) {
    guard tenure.state.isClaiming else { return }
    pushAside(at: now)
    holdOff(at: now, &effects)
  }

  var interval: Duration { settings.router.advertisementInterval.duration }
}

extension Reason {
  init(_ cause: VirtualRouter.Cause) {
    switch cause {
    case .ownership: self = .startup
    case .silence: self = .peerTimeout
    case .release: self = .peerReleased
    case .preemption: self = .preempted
    case .handover: self = .rollback
    }
  }
}
