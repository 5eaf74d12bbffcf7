import Failover
import VRRP

// What is promised, and where it is looked at.
extension World {
  // MARK: One answer

  /// Never two nodes answer for one address on one segment: looked at whenever a node may have begun
  /// to answer, since nothing but the passing of time ends the answers of the others.
  mutating func checkOverlaps(of index: Int) {
    let mine = nodes[index].answers(at: now)
    guard !mine.isEmpty, nodes[index].hasCarrier else { return }
    for other in nodes.indices where other != index {
      let common = nodes[other].answers(at: now).intersection(mine)
      guard !common.isEmpty, nodes[other].hasCarrier, !lan.separates(index, other) else { continue }
      overlap(index, other)
    }
  }

  mutating func checkAllOverlaps() {
    for index in nodes.indices { checkOverlaps(of: index) }
  }

  private mutating func overlap(_ one: Int, _ other: Int) {
    // After a division each has to hear of the other first, and one of them may stand still for a
    // lease before that, and the other one after it.
    let long = scenario.hasMaintenance ? 2 * Nanoseconds(Self.maintenanceLease) : 0
    let grace = 2 * scenario.longestLease + 2 * scenario.maximumDelay + scenario.lateness + long
    guard lan.isWhole(one, other, since: now - grace), !isTriangle(since: now - grace) else {
      statistics.dividedOverlaps += 1
      return
    }
    if scenario.breach != .equalPriorities, haveRaced(one, other) {
      statistics.racedOverlaps += 1
      note("\(one) and \(other) claimed before they could hear each other")
      return
    }
    expect(false, "nodes \(one) and \(other) both answer")
  }

  /// Whether a third node may have heard two that did not hear each other: advertisements were filtered,
  /// or both sides of a division had an Active Router when it ended. It takes the goodbye of one of
  /// them for that of the other.
  private func isTriangle(since time: Nanoseconds) -> Bool {
    nodes.count > 2 && max(lan.lastFiltered, lan.lastMended) >= time
  }

  /// Whether both claimed before either could hear the other, and still cannot have settled it.
  private func haveRaced(_ one: Int, _ other: Int) -> Bool {
    let (left, right) = (nodes[one], nodes[other])
    let delay = scenario.maximumDelay
    guard left.promises.elected <= right.promises.claimed + delay,
      right.promises.elected <= left.promises.claimed + delay
    else { return false }
    let settled = max(left.promises.claimed, right.promises.claimed) + delay
    let began = min(left.promises.elected, right.promises.elected)
    if max(left.lastStall, right.lastStall) >= began { return true }
    // Whoever crashes meanwhile answers for the rest of its lease.
    return !scenario.isFast
      && (now <= settled || max(left.lastCrash, right.lastCrash) >= began)
  }

  // MARK: Election

  /// Called when the core has answered an event, before anything is performed.
  mutating func noteElection(_ index: Int) {
    let isActive =
      if case .active = nodes[index].process.participant.router.state { true } else { false }
    guard isActive != nodes[index].promises.isActive else { return }
    nodes[index].promises.isActive = isActive
    nodes[index].promises.lastSent = nil
    guard isActive else { return }
    statistics.claims += 1
    nodes[index].promises.elected = now
    nodes[index].promises.claimed = .max / 2
    nodes[index].promises.gate = nil
    let term = nodes[index].process.participant.term
    if nodes[index].process.participant.tenure.reason == .maintenance {
      statistics.resumed += 1
      // What its promote has done is so since before.
      nodes[index].promises.gate = (0, 0, 0)
      return
    }
    expect(
      term > nodes[index].promises.lastClaimTerm,
      "node \(index) claims with term \(term), which it had already")
    nodes[index].promises.lastClaimTerm = max(term, nodes[index].promises.lastClaimTerm)
  }

  /// No advertisement is late because of a hook, or anything else but a process that stands still.
  mutating func noteSent(_ priority: Priority, _ index: Int) {
    guard priority != .release else {
      nodes[index].promises.lastSent = nil
      return
    }
    if let last = nodes[index].promises.lastSent, nodes[index].lastStall < last {
      let gap =
        nodes[index].clock.local(at: now) - nodes[index].clock.local(at: last)
      expect(
        gap <= scenario.longestInterval + .microsecond,
        "node \(index) advertises \(gap) ns after the last time")
    }
    nodes[index].promises.lastSent = now
  }

  mutating func roleChanged(_ new: RoleState, _ reason: Reason, _ index: Int) {
    if reason == .lease { statistics.lapses += 1 }
    if new == .active { checkGate(index) }
    guard isQuiet else { return }
    nodes[index].promises.quietChanges += 1
    expect(
      nodes[index].promises.quietChanges < 30, "node \(index) goes to and fro when all is quiet")
  }

  // MARK: Gates

  /// `promote` and `demote` alternate; an `undo` takes back what a `demote` did.
  mutating func began(_ run: HookRun, _ index: Int) {
    let event = run.order.event
    if event == .promote, nodes[index].promises.gate?.order != run.order.number {
      nodes[index].promises.gate = (
        run.order.number, nodes[index].process.participant.settings.hooks.count, 0
      )
    }
    guard run.attempt == 1, event == .promote || event == .demote || event == .undo else { return }
    let before = nodes[index].promises.lastBegan
    guard before != event || run.hook.command == ["first"] else { return }
    let isInTurn =
      switch event {
      case .promote: before == nil || before == .demote
      case .undo: before == .demote
      default: before == .promote || before == .undo
      }
    expect(isInTurn, "node \(index): \(event) after \(before.map { "\($0)" } ?? "nothing")")
    nodes[index].promises.lastBegan = event
  }

  mutating func judged(_ run: HookRun, _ result: HookResult, _ index: Int) {
    guard run.order.event == .promote, result.passes,
      nodes[index].promises.gate?.order == run.order.number
    else { return }
    nodes[index].promises.gate?.passed += 1
  }

  /// No address comes without a `promote` that has passed.
  mutating func checkGate(_ index: Int) {
    guard !nodes[index].process.participant.settings.hooks.isEmpty else { return }
    guard let gate = nodes[index].promises.gate else {
      return expect(false, "node \(index): an address comes without its promote")
    }
    expect(gate.passed >= gate.programs, "node \(index): an address comes before promote passed")
  }

  /// Nothing is held by whoever is not Active; called when a process has nothing left to do.
  mutating func checkHolding(_ index: Int) {
    switch nodes[index].process.participant.tenure.state {
    case .none where nodes[index].process.participant.isResuming: return
    case .none where nodes[index].process.participant.tenure.isSuspended: return
    case .none, .barred: break
    case .claiming, .held, .releasing: return
    }
    let left = nodes[index].kernel.present.intersection(nodes[index].addresses)
      .subtracting(nodes[index].leftBehind)
    let state = nodes[index].process.participant.tenure.state
    expect(
      left.isEmpty
        || nodes[index].process.removeFailed
          && nodes[index].process.participant.tenure.nextDeadline != nil,
      "node \(index) keeps an address in the state \(state)")
    expect(
      nodes[index].kernel.leaseEnd == 0 || nodes[index].process.closeFailed,
      "node \(index) keeps its lease open in the state \(state)")
  }

  // MARK: The end

  /// Whether one node answers for good, and the client knows it.
  var isSettled: Bool {
    guard now > scenario.troubleEnds + 10 * .second else { return false }
    guard let holder = nodes.indices.first(where: { !nodes[$0].answers(at: now).isEmpty }) else {
      return false
    }
    let participant = nodes[holder].process.participant
    return participant.role == .active && lan.clientEntry == holder
      && nodes[holder].clock.instant(at: now) - participant.since > .seconds(9)
      && nodes.allSatisfy {
        $0.isRunning && $0.process.participant.hooks.isIdle && $0.process.operations.isEmpty
      }
      && nodes.indices.allSatisfy { $0 == holder || nodes[$0].answers(at: now).isEmpty }
  }

  mutating func checkEnd() {
    let holders = nodes.indices.filter { !nodes[$0].answers(at: now).isEmpty }
    expect(holders.count == 1, "when all is quiet one node answers, here \(holders)")
    if let holder = holders.first {
      expect(
        nodes[holder].answers(at: now) == scenario.addresses,
        "node \(holder) does not answer for all addresses")
      expect(lan.clientEntry == holder, "the client does not find node \(holder)")
    }
    for (index, node) in nodes.enumerated() {
      expect(node.isRunning, "node \(index) does not run")
      expect(node.process.operations.isEmpty, "node \(index): an operation has no last word")
    }
  }
}

extension Scenario {
  /// How long after the end of the trouble one node answers for good at the latest: the longest
  /// penalty, then the programs that were under way, each of them given up in the end, then an
  /// election with its hold-off, the gate, and a client that asks every 45 s.
  public var quietBound: Nanoseconds {
    let penalty = 300 * Nanoseconds.second
    let programs = 2 * (20 + 10) * Nanoseconds.second + (30 + 10) * .second
    let election = 7 * longestInterval + .second
    // After maintenance a Backup waits for the end of a lease that the holder may have had.
    let maintenance = hasMaintenance ? 80 * Nanoseconds.second : 0
    return penalty + programs + election + 30 * .second + 45 * .second + maintenance
  }
}
