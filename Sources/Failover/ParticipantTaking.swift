import VRRP

// A planned failover on the node that takes over.
extension Participant {
  /// Nobody answers for the role, and an operator wants it here.
  mutating func takeByForce(
    _ order: FailoverOrder, at now: Instant, _ effects: inout [Effect]
  ) {
    var obstacle: String?
    if let to = order.to, to != settings.node {
      obstacle = "\(to) cannot be made to take over from here: run the command there"
    } else if !tenure.faults.isEmpty {
      obstacle = tenure.faults.map(\.description).sorted().joined(separator: "; ")
    } else if let activeRouter, let heard = lastAdvertisement,
      now < heard + router.activeDownInterval
    {
      obstacle = "\(activeRouter.address) is Active and does not report: run the command there"
    } else if !router.isBackup || tenure.isResuming {
      obstacle = "this node does not take part in the election: its state is \(role.rawValue)"
    }
    if let obstacle { return refuse(order, obstacle, &effects) }
    handover = PlannedFailover(
      order.operation, partner: "", part: .taking, isForced: true, isAskedHere: true, step: .taking,
      at: now)
    longLease = nil
    entry = .handedOver(.manual, order.operation)
    elect(.takeOver(from: nil), at: now, &effects)
  }

  // MARK: The other side's word

  mutating func follow(
    _ theirs: Handover?, from name: String, notBefore: Instant, at now: Instant,
    _ effects: inout [Effect]
  ) {
    if let theirs, theirs.partner == settings.node,
      handover.map({ $0.isOver && $0.operation != theirs.operation }) ?? true
    {
      return answer(theirs, from: name, at: now, &effects)
    }
    guard let mine = handover, mine.partner == name else { return }
    guard let theirs, theirs.operation == mine.operation else {
      return partnerForgot(notBefore, at: now, &effects)
    }
    switch mine.part {
    case .giving:
      if theirs.partner == settings.node {
        followCandidate(theirs.step, at: now, &effects)
      }
    case .taking: followHolder(theirs, notBefore: notBefore, at: now, &effects)
    case .asking: watchHolder(theirs, at: now, &effects)
    }
  }

  /// The first that is heard of an operation.
  private mutating func answer(
    _ theirs: Handover, from name: String, at now: Instant, _ effects: inout [Effect]
  ) {
    guard !endedOperations.contains(theirs.operation) else { return }
    switch theirs.step {
    case .requested(let candidate, let isForced):
      endHandover()
      let order = FailoverOrder(theirs.operation, to: candidate, isForced: isForced)
      if tenure.state == .held { begin(order, at: now, &effects) }
      guard handover?.operation != theirs.operation else { return }
      // Whoever asked hears it from the report.
      let why = refusalOf(theirs.operation, effects) ?? "this node does not hold the role"
      handover = PlannedFailover(
        theirs.operation, partner: name, part: .giving, step: .refused(why), at: now)
      handover?.due = now + PlannedFailover.lastWord
    case .preparing(let isForced):
      endHandover()
      beginTaking(theirs, from: name, isForced: isForced, isAskedHere: false, at: now, &effects)
    case .checking, .ready, .refused, .demoting, .handing, .informed, .released, .taking, .held,
      .failed, .moved, .withdrawn:
      break
    }
  }

  private func refusalOf(
    _ operation: OperationIdentifier, _ effects: [Effect]
  ) -> String? {
    for case .finished(operation, .refused(let why), _) in effects { return why }
    return nil
  }

  mutating func beginTaking(
    _ theirs: Handover, from name: String, isForced: Bool, isAskedHere: Bool, at now: Instant,
    _ effects: inout [Effect]
  ) {
    handover = PlannedFailover(
      theirs.operation, partner: name, part: .taking, cause: theirs.reason, isForced: isForced,
      isAskedHere: isAskedHere, step: .checking, at: now)
    if let other = rival(of: name, at: now) {
      return endTaking(.refused("\(settings.node) sees \(other) as Active too"), at: now, &effects)
    }
    guard router.isBackup, tenure.state == .none, !tenure.isShuttingDown, !tenure.isHandingOver
    else {
      let why = "\(settings.node) cannot take over: its state is \(role.rawValue)"
      return endTaking(.refused(why), at: now, &effects)
    }
    if isForced {
      handover?.isChecked = true
      reconcileTaking(at: now, &effects)
    } else {
      precheck(for: theirs.operation, .manual, at: now, &effects)
    }
  }

  private mutating func followHolder(
    _ theirs: Handover, notBefore: Instant, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover else { return }
    watch(theirs.step, at: now, &effects)
    switch (mine.step, theirs.step) {
    case (.ready, .handing) where mine.isInformed: handover?.go(.informed, at: now)
    case (.informed, .released(let term)):
      // Later than that the holder may have taken the role back.
      guard now - notBefore <= PlannedFailover.validity else { return }
      take(theirs, term, at: now, &effects)
    case (.checking, .refused(let why)), (.ready, .refused(let why)),
      (.informed, .refused(let why)):
      giveWay(.refused(why), &effects)
    case (.checking, .withdrawn(let why)), (.ready, .withdrawn(let why)),
      (.informed, .withdrawn(let why)):
      giveWay(.rolledBack(why), &effects)
    case (.held, .moved(let passage)): complete(passage, at: now, &effects)
    case (.held, .withdrawn), (.held, .refused): complete(nil, at: now, &effects)
    default: break
    }
  }

  private mutating func take(
    _ theirs: Handover, _ term: UInt64, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover, router.isBackup, tenure.state == .none else { return }
    if let other = rival(of: mine.partner, at: now) {
      return endTaking(.failed("\(settings.node) sees \(other) as Active too"), at: now, &effects)
    }
    highestTerm = max(highestTerm, term)
    handover?.go(.taking, at: now)
    let source = peers[mine.partner]?.report.source
    // Whom `promote` is told of.
    if let source, activeRouter == nil { goneRouter = source }
    entry = .handedOver(mine.cause == .manual ? .manual : .peerReleased, mine.operation)
    longLease = nil
    elect(.takeOver(from: source), at: now, &effects)
  }

  /// Somebody beside that node who has the role or may answer for the addresses.
  func rival(of name: String?, at now: Instant) -> String? {
    let others = peers.filter {
      $0.key != name && ($0.value.report.isActive || $0.value.report.isHolding)
    }
    if let other = others.keys.min() { return other }
    guard router.isBackup, let activeRouter, let heard = lastAdvertisement,
      now < heard + router.activeDownInterval
    else { return nil }
    let source = name.flatMap { peers[$0]?.report.source }
    return activeRouter.address == source ? nil : activeRouter.address.description
  }

  mutating func informed(
    of operation: OperationIdentifier, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover, mine.part == .taking, mine.operation == operation else { return }
    handover?.isInformed = true
    if case .ready = mine.step, case .handing = mine.lastSeen { handover?.go(.informed, at: now) }
  }

  /// The addresses are here and announced.
  mutating func told(_ count: Int, at now: Instant, _ effects: inout [Effect]) {
    guard let mine = handover, mine.part == .taking, case .taking = mine.step,
      tenure.state == .held
    else { return }
    let limit = mine.isAskedHere ? PlannedFailover.lastWord / 2 : PlannedFailover.patience
    handover?.go(.held(told: count), within: limit, at: now)
    if mine.partner.isEmpty { complete(nil, at: now, &effects) }
  }

  /// Over, with the addresses here.
  mutating func complete(
    _ passage: Passage?, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover, case .held(let told) = mine.step else { return }
    endHandover()
    guard let source else { return }
    if mine.isAskedHere {
      effects.append(.passage(mine.operation, passage ?? Passage(told: told)))
    }
    mine.tellAsker(.done(newActive: source), then: tenure.phases.ended, &effects)
  }

  /// The role is not for this node to take.
  mutating func giveWay(_ result: OperationResult, _ effects: inout [Effect]) {
    guard let mine = handover else { return }
    endHandover()
    mine.tellAsker(result, &effects)
  }

  mutating func endTaking(
    _ step: Handover.Step, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover else { return }
    handover?.end(step, at: now)
    let result: OperationResult =
      switch step {
      case .failed(let why): .rolledBack("\(settings.node): \(why)")
      case .refused(let why): .refused(why)
      default: .incomplete("given up")
      }
    mine.tellAsker(result, &effects)
  }

  // MARK: Times and states

  mutating func takerTimedOut(at now: Instant, _ effects: inout [Effect]) {
    guard let mine = handover else { return }
    switch mine.step {
    case .held: complete(nil, at: now, &effects)
    case .requested where mine.lastSeen != nil: judgeAsked(&effects)
    case .requested:
      giveWay(.refused("\(mine.partner) did not answer in time"), &effects)
    default: endHandover()
    }
  }

  mutating func reconcileTaking(at now: Instant, _ effects: inout [Effect]) {
    guard let mine = handover else { return }
    switch mine.step {
    case .checking, .ready:
      guard router.isBackup, !tenure.isShuttingDown else {
        let why = "\(settings.node) cannot take over: its state is \(role.rawValue)"
        return endTaking(.refused(why), at: now, &effects)
      }
      // `promote` would wait for a `standby` that runs, and nobody would have the addresses.
      if mine.isChecked, hooks.isIdle { handover?.go(.ready, at: now) }
    case .informed:
      if case .active = router.state {
        // The silence was long enough: it has taken over by itself.
        handover?.go(.taking, at: now)
      } else if !router.isBackup || tenure.isShuttingDown {
        endTaking(.refused("\(settings.node) cannot take over any more"), at: now, &effects)
      }
    case .taking:
      switch tenure.state {
      case .claiming, .held, .releasing: break
      case .none, .barred:
        let faults = tenure.faults.map(\.description).sorted().joined(separator: "; ")
        let why = faults.isEmpty ? "it lost the election before the addresses were there" : faults
        endTaking(.failed(why), at: now, &effects)
      }
    case .held:
      if !tenure.isHolding { complete(nil, at: now, &effects) }
    case .requested, .preparing, .refused, .demoting, .handing, .released, .failed, .moved,
      .withdrawn:
      break
    }
  }
}
