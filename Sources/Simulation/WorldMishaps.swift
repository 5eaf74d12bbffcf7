import Failover
import VRRP

// What goes wrong, and how it is mended.
extension World {
  mutating func inject(_ injection: Injection) {
    let index =
      injection.node ?? nodes.indices.first { !nodes[$0].answers(at: now).isEmpty } ?? 0
    note("\(index) ! \(injection.mishap)")
    switch injection.mishap {
    case .crash(let effects, let downFor):
      if effects > 0 {
        nodes[index].armedCrash = (effects, downFor)
        return
      }
      if nodes[index].isRunning { crash(index, downFor: downFor) }
    case .stall(let effects, let lasting):
      if effects > 0 {
        nodes[index].armedStall = (effects, lasting)
        return
      }
      if nodes[index].isRunning { pause(index, for: lasting) }
    case .sleep(let time): sleep(index, for: time)
    case .partition(let side, let kind, let lasting):
      guard !lan.isPartitioned else { return }
      lan.partition(side, kind, count: nodes.count)
      agenda.add(.partitionOver, to: 0, at: now + lasting)
    case .carrierLost(let lasting, let noticedAfter):
      loseCarrier(index, for: lasting, noticedAfter: noticedAfter)
    case .advertisementsLost(let count): nodes[index].losses = count
    case .checkFails(let place, let lasting):
      guard nodes[index].failingChecks.insert(place).inserted else { return }
      agenda.add(.checkMended(place), to: index, at: now + lasting)
    case .callsFail(let kind, let lasting): nodes[index].failingCalls = (kind, now + lasting)
    case .callsAreSlow(let most, let lasting): nodes[index].slowCalls = (most, now + lasting)
    case .addressesRemoved: removeAddresses(index)
    case .failover: failover(index, isForced: false)
    case .forcedFailover: failover(index, isForced: true)
    case .maintenance(let isOn): tell(.maintenance(isOn: isOn), index)
    case .announce: tell(.announce, index)
    case .shutdown(let downFor): shutdown(index, downFor: downFor)
    case .reload(let reload): order(reload, index)
    }
  }

  private mutating func tell(_ event: Participant.Event, _ index: Int) {
    guard nodes[index].isRunning else { return }
    nodes[index].process.others.append(.event(event))
    work(index)
  }

  // MARK: Processes

  /// Between two effects: the injection points.
  mutating func mishapAfterEffect(_ index: Int) {
    if let armed = nodes[index].armedCrash {
      nodes[index].armedCrash = armed.effects > 1 ? (armed.effects - 1, armed.downFor) : nil
      if armed.effects <= 1 { return crash(index, downFor: armed.downFor) }
    }
    if let armed = nodes[index].armedStall {
      nodes[index].armedStall = armed.effects > 1 ? (armed.effects - 1, armed.lasting) : nil
      if armed.effects <= 1 { pause(index, for: armed.lasting) }
    }
  }

  /// At which step of a planned failover the process was.
  private mutating func noteStep(_ index: Int) {
    guard let step = nodes[index].process.participant.report.handover?.step else { return }
    statistics.steps.insert(String("\(step)".prefix { $0 != "(" }))
  }

  private mutating func crash(_ index: Int, downFor: Nanoseconds) {
    note("\(index) crashes")
    statistics.crashes += 1
    noteStep(index)
    nodes[index].lastCrash = now
    end(index)
    nodes[index].hasCrashed = true
    if scenario.breach == .oldTerm { nodes[index].storedTerm = nodes[index].storedTerm / 2 }
    agenda.add(.boot, to: index, at: now + downFor)
  }

  private mutating func pause(_ index: Int, for time: Nanoseconds) {
    note("\(index) stands still for \(History.text(time)) s")
    statistics.stalls += 1
    noteStep(index)
    // What was armed late ends with the trouble all the same.
    stall(index, for: min(time, max(1, scenario.troubleEnds - .millisecond - now)))
  }

  private mutating func sleep(_ index: Int, for time: Nanoseconds) {
    guard nodes[index].asleepUntil == 0 else { return }
    nodes[index].asleepUntil = now + time
    nodes[index].process.due = .max
    nodes[index].lastStall = max(nodes[index].lastStall, now + time)
    nodes[index].kernel.slept(time)
    agenda.add(.resume, to: index, at: now + time)
  }

  mutating func resume(_ index: Int) {
    note("\(index) wakes up")
    nodes[index].asleepUntil = 0
    checkOverlaps(of: index)
    if nodes[index].isRunning { missAdvertisements(index) }
    work(index)
  }

  private mutating func shutdown(_ index: Int, downFor: Nanoseconds) {
    guard nodes[index].isRunning, !nodes[index].process.participant.tenure.isShuttingDown else {
      return
    }
    nodes[index].downAfterStop = downFor
    if nodes[index].process.staysWithoutDaemon() {
      tell(.suspend, index)
    } else {
      lastOperation += 1
      tell(.shutdown(OperationIdentifier(lastOperation)), index)
    }
  }

  // MARK: Network

  mutating func mend() {
    note("the partition is over")
    lan.mend(at: now)
    checkAllOverlaps()
  }

  private mutating func loseCarrier(
    _ index: Int, for lasting: Nanoseconds, noticedAfter: Nanoseconds
  ) {
    guard nodes[index].hasCarrier else { return }
    nodes[index].hasCarrier = false
    agenda.add(.carrierBack, to: index, at: now + lasting)
    agenda.add(.link(life: nodes[index].life), to: index, at: now + noticedAfter)
  }

  mutating func carrierBack(_ index: Int) {
    note("\(index) has its carrier again")
    nodes[index].hasCarrier = true
    lan.wasApart(index, until: now)
    checkOverlaps(of: index)
    agenda.add(
      .link(life: nodes[index].life), to: index,
      at: now + networkRandom.time(.millisecond...500 * .millisecond))
  }

  private mutating func removeAddresses(_ index: Int) {
    guard nodes[index].process.participant.tenure.isHolding, nodes[index].isRunning else { return }
    nodes[index].kernel.remove(nodes[index].addresses)
    tell(.addressesLost, index)
  }

  private mutating func failover(_ index: Int, isForced: Bool) {
    guard nodes[index].isRunning else { return }
    lastOperation += 1
    let order = FailoverOrder(OperationIdentifier(lastOperation), isForced: isForced)
    tell(.failover(order), index)
  }

  // MARK: Quiet

  /// Everything is mended, and nothing goes wrong from now on.
  mutating func beQuiet() {
    note("everything is mended")
    isQuiet = true
    if lan.isPartitioned { mend() }
    for index in nodes.indices {
      nodes[index].armedCrash = nil
      nodes[index].armedStall = nil
      nodes[index].failingCalls = nil
      nodes[index].slowCalls = nil
      nodes[index].failingChecks = []
      // One configuration for all again.
      order(.interval(isOther: false), index)
      order(.addresses(scenario.addresses.rawValue), index)
      nodes[index].storedMaintenance.isOn = false
      // Behind whatever still waits for a node that stands still.
      if nodes[index].isRunning, scenario.hasMaintenance { tell(.maintenance(isOn: false), index) }
    }
    agenda.add(.maintenanceOver, to: 0, at: now + Self.untilSecondLook)
  }

  /// An `on` at the same moment on a node that crashed then has won.
  mutating func endMaintenance() {
    for index in nodes.indices where nodes[index].process.participant.maintenance.isOn {
      tell(.maintenance(isOn: false), index)
    }
  }

  private static let untilSecondLook = 10 * Nanoseconds.second
}
