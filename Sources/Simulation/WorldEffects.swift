import Failover
import VRRP

// What the daemon does with each effect, on a kernel that can refuse.
extension World {
  /// Whether the call that this effect makes is slow and has yet to be waited for.
  mutating func waits(for effect: Participant.Effect, _ index: Int) -> Bool {
    guard let slow = nodes[index].slowCalls, now < slow.until, effect.isCall else { return false }
    if nodes[index].process.hasWaited {
      nodes[index].process.hasWaited = false
      return false
    }
    nodes[index].process.hasWaited = true
    stall(index, for: kernelRandom.time(1...slow.upTo))
    return true
  }

  mutating func perform(_ effect: Participant.Effect, _ index: Int) {
    switch effect {
    case .send(let priority): send(priority, index)
    case .renewLease(let end): renew(until: end, index)
    case .openLease(let end): open(until: end, index)
    case .closeLease:
      nodes[index].process.closeFailed = nodes[index].fails(.close, at: now)
      if !nodes[index].process.closeFailed { nodes[index].kernel.close() }
    case .refreshAddresses(let places): refresh(places, index)
    case .install: install(index)
    case .remove: remove(index)
    case .announce(let places): announce(places, index)
    case .probe(let places): probe(places, index)
    case .startHook(let run): start(run, index)
    case .terminateHook(let run): signal(run, index, isKill: false)
    case .killHook(let run): signal(run, index, isKill: true)
    case .startCheck(let place): startCheck(place, index)
    case .killCheck(let place):
      agenda.add(
        .checkEnds(place, passed: false, life: nodes[index].life), to: index,
        at: now + 5 * .millisecond)
    case .hookEnded(let run, let result): judged(run, result, index)
    case .roleChanged(_, let new, let reason): roleChanged(new, reason, index)
    case .finished(let operation, let result, _):
      // Others ask this node for some of them.
      guard nodes[index].process.knownOperations.contains(operation) else { return }
      expect(
        nodes[index].process.operations.remove(operation) != nil,
        "node \(index): an operation has two last words")
      if case .done = result { statistics.moved += 1 } else { statistics.notMoved += 1 }
    case .resetConnections: resetConnections(index)
    case .tellConnections: tellConnections(index)
    case .report(let asks): report(asks: asks, index)
    case .shareResult(let operation, let name): share(operation, with: name, index)
    case .keepMaintenance(let mark): nodes[index].storedMaintenance = mark
    case .refrained: statistics.refrained += 1
    case .passage, .conflict, .checkChanged, .phase, .record: break
    }
  }

  // MARK: Lease

  private mutating func renew(until end: Instant, _ index: Int) {
    // Passed over when the advertisement that it is counted from did not leave.
    guard !nodes[index].process.lastSendFailed else { return }
    if nodes[index].fails(.renew, at: now) {
      nodes[index].process.queue.append(.beatFailed("no buffer space"))
      return
    }
    let runs = nodes[index].kernel.renew(
      until: kernelEnd(of: end, index), at: nodes[index].clock.local(at: now))
    if !runs { nodes[index].process.queue.append(.leaseLost) }
    checkOverlaps(of: index)
  }

  private mutating func open(until end: Instant, _ index: Int) {
    if nodes[index].fails(.open, at: now) {
      nodes[index].process.queue.append(.leaseRefused("no memory"))
      return
    }
    nodes[index].process.closeFailed = false
    nodes[index].kernel.open(until: kernelEnd(of: end, index))
    checkOverlaps(of: index)
  }

  /// When the kernel's lease really ends: a timeout was computed before the call, and counts from
  /// its end.
  private mutating func kernelEnd(of end: Instant, _ index: Int) -> Nanoseconds {
    let local = Nanoseconds(end.sinceBoot)
    guard nodes[index].kernel.mechanism == .timeout, let slow = nodes[index].slowCalls,
      now < slow.until, local > nodes[index].clock.local(at: now)
    else { return local }
    return local + kernelRandom.time(0...slow.upTo)
  }

  // MARK: Addresses

  private func lifetimeEnd(_ index: Int) -> Nanoseconds {
    guard let lifetime = nodes[index].process.participant.settings.lease.addressLifetime else {
      return .max
    }
    return nodes[index].clock.local(at: now) + Nanoseconds(lifetime)
  }

  private mutating func install(_ index: Int) {
    checkGate(index)
    let wanted = nodes[index].addresses
    let fails = nodes[index].fails(.install, at: now)
    // A batch that fails may have brought some of them.
    let added = fails ? wanted.intersection(AddressSet(rawValue: 0x55)) : wanted
    nodes[index].kernel.add(added, validUntil: lifetimeEnd(index))
    nodes[index].process.removeFailed = false
    nodes[index].process.queue.append(.installed(failure: fails ? "no buffer space" : nil))
    checkOverlaps(of: index)
  }

  private mutating func remove(_ index: Int) {
    let fails = nodes[index].fails(.remove, at: now)
    nodes[index].process.removeFailed = fails
    if !fails {
      nodes[index].kernel.remove(nodes[index].addresses)
      nodes[index].leftBehind.subtract(nodes[index].addresses)
    }
    nodes[index].process.queue.append(.removed(failure: fails ? "no buffer space" : nil))
  }

  private mutating func refresh(_ places: Range<Int>, _ index: Int) {
    let held = nodes[index].addresses.places
    var chosen: AddressSet = []
    for place in places where held.indices.contains(place) {
      chosen.formUnion(AddressSet(rawValue: 1 << UInt8(held[place])))
    }
    nodes[index].kernel.refresh(chosen, validUntil: lifetimeEnd(index))
  }

  // MARK: Programs

  private mutating func start(_ run: HookRun, _ index: Int) {
    nodes[index].process.runs.insert(run.identifier)
    began(run, index)
    var end = ProgramEnd.exited(0)
    var length = programRandom.time(.millisecond ... .second)
    if scenario.hooksMisbehave, !isQuiet {
      let ends: [ProgramEnd] = [
        .exited(0), .exited(0), .exited(0), .exited(0), .exited(10), .exited(75), .exited(69),
        .exited(1), .signalled(11),
      ]
      end = programRandom.pick(ends)
      if programRandom.chance(2) { return notStarted(run, index) }
      // A hung program says nothing until it is killed.
      if programRandom.chance(4) { return }
      length = programRandom.time(0...programRandom.pick([1, 3, 25]) * .second)
    }
    agenda.add(
      .hookEnds(run.identifier, end, life: nodes[index].life), to: index, at: now + length)
  }

  private mutating func notStarted(_ run: HookRun, _ index: Int) {
    nodes[index].process.queue.append(.hookEnded(run.identifier, .notStarted("no such file")))
  }

  private mutating func signal(_ run: HookRun.Identifier, _ index: Int, isKill: Bool) {
    expect(
      nodes[index].process.runs.contains(run),
      "node \(index): a signal for a program that never began")
    // Some ignore SIGTERM, and some hang in the kernel.
    guard programRandom.chance(isKill ? 90 : 70) else { return }
    agenda.add(
      .hookEnds(run, .signalled(isKill ? 9 : 15), life: nodes[index].life), to: index,
      at: now + programRandom.time(0...500 * .millisecond))
  }

  private mutating func startCheck(_ place: Int, _ index: Int) {
    let fails = nodes[index].failingChecks.contains(place)
    // Sometimes it hangs; never in the quiet.
    if !isQuiet, programRandom.chance(2) { return }
    agenda.add(
      .checkEnds(place, passed: !fails, life: nodes[index].life), to: index,
      at: now + programRandom.time(.millisecond...900 * .millisecond))
  }
}

extension Participant.Effect {
  /// Whether the daemon asks the kernel for it, and may have to wait.
  var isCall: Bool {
    switch self {
    case .send, .renewLease, .openLease, .closeLease, .install, .remove, .refreshAddresses: true
    default: false
    }
  }
}
