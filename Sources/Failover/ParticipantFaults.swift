import VRRP

// What speaks against serving, and for how much of the priority.
extension Participant {
  /// A node joins once every check has told something, so that the first word of a check that
  /// fails closed is not a fault.
  mutating func startWhenChecked(at now: Instant, _ effects: inout [Effect]) {
    guard isReady, !hasStarted, checks.allSatisfy(\.hasRun) else { return }
    // Nothing is known of the interface yet.
    guard source != nil || !linkFaults.isEmpty else { return }
    hasStarted = true
    applyFaults(at: now, &effects)
    schedulePrecheck(at: now)
    // Somebody may have had it while this node was away.
    if maintenance.isOn { longLease = (nil, now + longLeaseBound) }
    perform(.start, at: now, &effects)
  }

  mutating func applyFaults(at now: Instant, _ effects: inout [Effect]) {
    guard hasStarted else { return }
    // People work on what the checks look at: the role does not go by itself, it waits for the end.
    // Without an address to speak from it cannot be taken up again.
    let isKept = tenure.state == .held || tenure.isResuming && source != nil
    let isSpared = maintenance.isOn && isKept
    var faults = isSpared ? [] : linkFaults
    for check in checks
    where !isSpared && !check.isPassing && check.settings.onFailure == .fault {
      faults.insert(.check(check.settings.name))
    }
    if let obstacle = conflicts.obstacle {
      faults.insert(.conflict(obstacle.address, obstacle.hardware))
    }
    perform(.faults(faults), at: now, &effects)
  }

  mutating func applyPriority(at now: Instant, _ effects: inout [Effect]) {
    let base = Int(settings.router.priority.number)
    var moved = base
    for check in checks where !check.isPassing {
      if case .priority(let change) = check.settings.onFailure { moved += change }
    }
    // Only the operator makes an owner; a failed check unmakes one.
    let highest = moved == base ? 255 : 254
    let priority = Priority(UInt8(max(1, min(moved, highest))))
    guard priority != router.priority else { return }
    elect(.priority(priority), at: now, &effects)
    identify(at: now, &effects)
  }
}
