import VRRP

// A planned failover on the holder, from its prechecks to its last word.
extension Participant {
  mutating func prepare(
    within limit: Duration, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let handover else { return }
    self.handover?.due = now + limit
    effects.append(.report(asks: true))
    if handover.isForced || handover.cause == .shutdown {
      self.handover?.isChecked = true
    } else {
      precheck(for: handover.operation, .manual, at: now, &effects)
    }
  }

  /// The daemon stops: to a fit peer by hand, or with a goodbye.
  mutating func shutDown(
    _ operation: OperationIdentifier?, at now: Instant, _ effects: inout [Effect]
  ) {
    guard !tenure.isShuttingDown else { return }
    dropAsked("the daemon stops", &effects)
    if tenure.isResuming { perform(.notResumed(.shutdown), at: now, &effects) }
    if let running = handover, !running.isOver {
      if case .preparing = running.step, running.part == .giving {
        endGiving(.refused("the daemon stops"), at: now, &effects)
      } else {
        perform(.shutdown(), at: now, &effects)
        // Whoever has taken over needs this node no longer.
        if running.isAccepted, tenure.isHandingOver { relieve(at: now, &effects) }
        return
      }
    }
    guard let operation, tenure.state == .held, let name = bestCandidate(isForced: false) else {
      return perform(.shutdown(), at: now, &effects)
    }
    handover = PlannedFailover(
      operation, partner: name, part: .giving, cause: .shutdown,
      step: .preparing(isForced: false), at: now)
    prepare(within: PlannedFailover.answerLimit, at: now, &effects)
  }

  // MARK: The holder

  /// Its own prechecks, or those of a candidate, are over.
  mutating func prechecked(
    _ operation: OperationIdentifier, _ failure: String?, at now: Instant,
    _ effects: inout [Effect]
  ) {
    guard let handover, handover.operation == operation else { return }
    switch (handover.part, handover.step) {
    case (.giving, .preparing):
      if let failure {
        return endGiving(.refused("\(settings.node): \(failure)"), at: now, &effects)
      }
      self.handover?.isChecked = true
      demoteWhenReady(at: now, &effects)
    case (.taking, .checking):
      if let failure {
        return endTaking(.refused("\(settings.node): \(failure)"), at: now, &effects)
      }
      self.handover?.isChecked = true
      reconcileTaking(at: now, &effects)
    default: break
    }
  }

  private mutating func demoteWhenReady(at now: Instant, _ effects: inout [Effect]) {
    guard let handover, case .preparing = handover.step, handover.isChecked,
      handover.readySince != nil
    else { return }
    self.handover?.go(.demoting, at: now)
    let phase = Phase("precheck", now - handover.began)
    effects.append(.phase(handover.operation, phase))
    if handover.cause == .shutdown {
      perform(.shutdown(isHandover: true), at: now, &effects)
    } else {
      perform(.failover(handover.operation, isHandover: true), at: now, &effects)
      tenure.phases.insert(phase)
    }
  }

  /// `demote` has passed.
  mutating func demoted(at now: Instant, _ effects: inout [Effect]) {
    guard let handover, handover.part == .giving, case .demoting = handover.step else {
      return perform(.handoverFailed("nobody waits for the role any more"), at: now, &effects)
    }
    guard handover.readySince != nil else {
      return giveUp("\(handover.partner) is not ready any more", at: now, &effects)
    }
    self.handover?.go(.handing, within: PlannedFailover.handingLimit, at: now)
    effects.append(.shareResult(handover.operation, to: handover.partner))
  }

  /// The addresses are gone, and the role with them.
  mutating func released(at now: Instant, _ effects: inout [Effect]) {
    elect(.handOver, at: now, &effects)
    heartbeat.stop()
    guard handover?.part == .giving else {
      return relieve(at: now, &effects)
    }
    handover?.go(.released(term: highestTerm), within: PlannedFailover.validity, at: now)
  }

  mutating func noteReset(_ reset: Int, _ left: Int) {
    handover?.reset = reset
    handover?.left = left
  }

  /// Before the addresses have left.
  private mutating func giveUp(_ why: String, at now: Instant, _ effects: inout [Effect]) {
    handover?.end(.withdrawn(why), at: now)
    perform(.handoverFailed(why), at: now, &effects)
  }

  mutating func endGiving(
    _ step: Handover.Step, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let handover else { return }
    self.handover?.end(step, at: now)
    if handover.cause == .shutdown {
      return perform(.shutdown(), at: now, &effects)
    }
    if case .refused(let why) = step {
      perform(.refused(handover.operation, why), at: now, &effects)
    }
  }

  /// What the candidate says to the holder.
  mutating func followCandidate(
    _ step: Handover.Step, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let handover else { return }
    switch (handover.step, step) {
    case (.preparing, .checking):
      if handover.due == handover.began + PlannedFailover.answerLimit {
        self.handover?.due = now + PlannedFailover.precheckLimit
      }
    case (.preparing, .ready):
      self.handover?.readySince = handover.readySince ?? now
      demoteWhenReady(at: now, &effects)
    case (.preparing, .refused(let why)), (.preparing, .failed(let why)):
      endGiving(.refused(why), at: now, &effects)
    case (.demoting, .refused), (.demoting, .failed): self.handover?.readySince = nil
    case (.handing, .refused(let why)), (.handing, .failed(let why)):
      giveUp(why, at: now, &effects)
    case (.handing, .informed):
      // The reset of the connections has a limit of its own.
      self.handover?.due = nil
      perform(.letGo, at: now, &effects)
    case (.released, .taking), (.withdrawn, .taking): accept(at: now, &effects)
    case (.released, .held(let told)), (.withdrawn, .held(let told)):
      accept(at: now, &effects)
      succeed(told, at: now, &effects)
    case (.released, .failed(let why)), (.withdrawn, .failed(let why)),
      (.released, .refused(let why)), (.withdrawn, .refused(let why)):
      guard isFree(of: handover.partner, at: now) else { return }
      takeBack("\(handover.partner): \(why)", at: now, &effects)
    default: break
    }
  }

  /// Whether the candidate, which says that it could not, certainly neither has the role nor answers for
  /// an address that it could not remove. What it said longer ago than a Backup waits proves nothing.
  private func isFree(of candidate: String, at now: Instant) -> Bool {
    guard let view = peers[candidate], activeRouter?.address != view.report.source else {
      return false
    }
    let limit = min(PlannedFailover.validity, activeInterval * Self.silenceOfEvidence)
    return !view.report.isActive && !view.report.isHolding && now - view.notBefore <= limit
  }

  mutating func accept(at now: Instant, _ effects: inout [Effect]) {
    guard let handover, !handover.isAccepted, tenure.isHandingOver else { return }
    heldLast = false
    self.handover?.isAccepted = true
    self.handover?.waitsUntil = nil
    self.handover?.due = nil
    if tenure.isShuttingDown { relieve(at: now, &effects) }
  }

  /// VRRP tells the rest, or has told it already.
  mutating func relieve(at now: Instant, _ effects: inout [Effect]) {
    perform(.relieved, at: now, &effects)
    if let activeRouter, router.isBackup {
      perform(.heardActive(activeRouter.address), at: now, &effects)
    }
  }

  private mutating func succeed(_ told: Int, at now: Instant, _ effects: inout [Effect]) {
    guard let handover, tenure.isHandingOver, let source = peers[handover.partner]?.report.source
    else { return }
    let passage = Passage(
      gap: handover.closed.map { now - $0 }, reset: handover.reset, left: handover.left, told: told)
    self.handover?.end(.moved(passage), at: now)
    effects.append(.passage(handover.operation, passage))
    perform(.succeeded(source, passage), at: now, &effects)
  }

  private mutating func takeBack(_ why: String, at now: Instant, _ effects: inout [Effect]) {
    guard let handover, tenure.isHandingOver else { return }
    self.handover?.end(.withdrawn(why), at: now)
    tenure.setback = why
    // With a third node the role may be elsewhere by now.
    let isFree = rival(of: handover.partner, at: now) == nil
    guard router.isBackup, isFree, !tenure.isShuttingDown else {
      return relieve(at: now, &effects)
    }
    entry = .takenBack
    elect(
      .takeOver(from: peers[handover.partner]?.report.source), at: now, &effects)
  }

  /// The time for the candidate's answer is over.
  mutating func giverTimedOut(at now: Instant, _ effects: inout [Effect]) {
    guard let handover else { return }
    switch handover.step {
    case .preparing:
      endGiving(.refused("\(handover.partner) did not answer in time"), at: now, &effects)
    case .handing:
      giveUp("\(handover.partner) did not confirm in time", at: now, &effects)
    case .released:
      let why = "\(handover.partner) did not take over in time"
      tenure.setback = why
      self.handover?.go(.withdrawn(why), at: now)
      let rest = now + PlannedFailover.validity * 6 / 5
      self.handover?.waitsUntil = rest
      self.handover?.due = rest
    case .withdrawn where handover.waitsUntil != nil:
      // Nothing is held here: whoever is a Backup may claim.
      self.handover?.end(handover.step, at: now)
      if activeRouter == nil { send(.release, at: now, &effects) }
      relieve(at: now, &effects)
    default: endHandover()
    }
  }
}
