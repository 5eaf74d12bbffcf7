import Failover
import VRRP

// The daemon's loop around one participant: deadlines before events, the answer of an event performed
// one effect after the other, and results behind what waits already.
extension World {
  /// Lets a process do everything that it can do now.
  mutating func work(_ index: Int) {
    var rounds = 0
    while nodes[index].canAct(at: now), violation == nil {
      if nodes[index].process.effectHead < nodes[index].process.effects.count {
        performNext(index)
        continue
      }
      if let event = nodes[index].process.takeQueued() {
        give(event, to: index)
        continue
      }
      drained(index)
      guard nodes[index].isRunning, takeWork(index) else { break }
      rounds += 1
      expect(rounds < 1000, "node \(index) is never done: a timer does not move")
    }
    if !nodes[index].canAct(at: now) { nodes[index].process.due = .max }
  }

  /// Puts what is to be done next into the queue; false when there is nothing.
  private mutating func takeWork(_ index: Int) -> Bool {
    let clock = nodes[index].clock
    nodes[index].process.due =
      nodes[index].process.nextDeadline().map { clock.time(of: $0) } ?? .max
    if nodes[index].process.hasOverflowed {
      missAdvertisements(index)
      return true
    }
    if nodes[index].process.due <= now {
      if hearsBeforeClaiming(index) {
        while !nodes[index].process.socket.isEmpty { takeAdvertisement(index) }
      } else {
        nodes[index].process.queue.append(.timer)
      }
      return true
    }
    let socketFirst = scenario.seed & 1 == 0
    if !nodes[index].process.socket.isEmpty,
      socketFirst || nodes[index].process.others.isEmpty
    {
      takeAdvertisement(index)
      return true
    }
    guard !nodes[index].process.others.isEmpty else { return false }
    switch nodes[index].process.others.removeFirst() {
    case .event(let event): nodes[index].process.queue.append(event)
    case .reload(let reload): apply(reload, index)
    }
    return true
  }

  /// What still waits is heard first: a goodbye among it may be long out of date.
  mutating func missAdvertisements(_ index: Int) {
    nodes[index].process.hasOverflowed = false
    while !nodes[index].process.socket.isEmpty { takeAdvertisement(index) }
    nodes[index].process.queue.append(.advertisementsMissed)
  }

  /// What waits in the socket is heard before Active_Down_Timer counts.
  private func hearsBeforeClaiming(_ index: Int) -> Bool {
    guard !nodes[index].process.socket.isEmpty,
      case .backup(let backup) = nodes[index].process.participant.router.state
    else { return false }
    return backup.activeDownTimer <= nodes[index].clock.instant(at: now)
  }

  mutating func takeAdvertisement(_ index: Int) {
    let (advertisement, addresses, sender) = nodes[index].process.socket.removeFirst()
    let source = Self.address(sender)
    let lists = addresses == nodes[index].addresses
    do throws(DiscardReason) {
      try nodes[index].process.participant.router.admit(
        advertisement, from: source, listsOurAddresses: lists)
      nodes[index].process.queue.append(.advertisement(advertisement, from: source))
    } catch {
      note("\(index)    discards an advertisement of \(sender): \(error)")
    }
  }

  private mutating func give(_ event: Participant.Event, to index: Int) {
    history?.note(.event(index, event), at: now)
    if case .failover(let order) = event {
      nodes[index].process.operations.insert(order.operation)
      nodes[index].process.knownOperations.insert(order.operation)
    }
    let instant = nodes[index].clock.instant(at: now)
    nodes[index].process.effects = nodes[index].process.participant.handle(event, at: instant)
    nodes[index].process.effectHead = 0
    nodes[index].process.answered = now
    // On its way to the disk before anything of it is performed: a crash must not bring it back.
    nodes[index].storedTerm = nodes[index].process.participant.highestTerm
    noteElection(index)
  }

  private mutating func performNext(_ index: Int) {
    let effect = nodes[index].process.effects[nodes[index].process.effectHead]
    if waits(for: effect, index) { return }
    nodes[index].process.effectHead += 1
    statistics.effects += 1
    history?.note(.effect(index, effect), at: now)
    perform(effect, index)
    if isPoint(effect, index) { mishapAfterEffect(index) }
  }

  /// Whether something may happen behind this effect: a report that says what the last one said is no
  /// step.
  private mutating func isPoint(_ effect: Participant.Effect, _ index: Int) -> Bool {
    guard case .report = effect else { return true }
    let report = nodes[index].process.participant.report
    defer { nodes[index].process.said = report }
    return report != nodes[index].process.said
  }

  /// Everything is performed: what the daemon does then.
  private mutating func drained(_ index: Int) {
    checkHolding(index)
    guard nodes[index].process.isOut() else { return }
    note("\(index) has stopped")
    expect(
      nodes[index].process.operations.isEmpty, "node \(index) stopped with an operation open")
    end(index)
    agenda.add(.boot, to: index, at: now + nodes[index].downAfterStop)
  }

  // MARK: Life

  static func address(_ index: Int) -> IPAddress {
    .v4(IPv4Address(192, 0, 2, UInt8(truncatingIfNeeded: index + 1)))
  }

  func linkEvent(_ index: Int) -> Participant.Event {
    .link(nodes[index].hasCarrier ? [] : [.noCarrier("eth0")], source: Self.address(index))
  }

  /// systemd starts the daemon: what was left over goes, then it takes part.
  mutating func boot(_ index: Int) {
    guard !nodes[index].isRunning else { return }
    note("\(index) starts")
    nodes[index].isRunning = true
    let resumes = nodes[index].storedMaintenance.isOn && !nodes[index].kernel.present.isEmpty
    if resumes {
      nodes[index].kernel.remove(nodes[index].kernel.present.subtracting(nodes[index].addresses))
    } else {
      nodes[index].kernel.clear()
    }
    nodes[index].leftBehind = []
    defer { nodes[index].hasCrashed = false }
    nodes[index].process = NodeProcess(
      Participant(
        settings(of: nodes[index]), term: nodes[index].storedTerm,
        isRestart: nodes[index].hasCrashed, maintenance: nodes[index].storedMaintenance,
        resumes: resumes, at: nodes[index].clock.instant(at: now)))
    nodes[index].process.began = now
    nodes[index].promises.lastBegan = resumes ? .promote : nil
    nodes[index].process.queue = [
      .hardware([Self.hardware(index)]), linkEvent(index), .start,
    ]
    if scenario.hasChannel {
      agenda.add(.channelTick(life: nodes[index].life), to: index, at: now)
    }
    work(index)
  }

  /// The process is gone, whatever it was doing.
  mutating func end(_ index: Int) {
    nodes[index].isRunning = false
    nodes[index].life += 1
    for place in clients.indices where clients[place].node == index {
      clients[place].ended = clients[place].ended ?? now
    }
    nodes[index].stalledUntil = 0
    nodes[index].promises.lastSent = nil
    nodes[index].promises.isActive = false
    nodes[index].promises.gate = nil
    let gone = nodes[index].process
    nodes[index].process = NodeProcess(gone.participant)
    // What it has not loaded stands in its file all the same.
    for case .reload(let reload) in gone.others { change(reload, index) }
  }

  mutating func wake(_ index: Int) {
    guard nodes[index].canAct(at: now) else { return }
    work(index)
  }

  /// The process stands still from now on.
  mutating func stall(_ index: Int, for time: Nanoseconds) {
    let end = now + time
    guard end > nodes[index].stalledUntil else { return }
    nodes[index].stalledUntil = end
    nodes[index].lastStall = max(nodes[index].lastStall, end)
    agenda.add(.wake, to: index, at: end)
  }
}
