import VRRP

// Prechecks: whether a planned failover would succeed, asked before one and now and then.
extension Participant {
  mutating func schedulePrecheck(at now: Instant) {
    guard hasStarted, prechecks.hasHook(for: .precheck) else {
      precheckDue = nil
      precheckFailure = nil
      return
    }
    precheckDue = precheckDue ?? now
  }

  mutating func precheckWhenDue(at now: Instant, _ effects: inout [Effect]) {
    if let due = prechecks.nextDeadline, now >= due {
      follow(prechecks.deadlineReached(at: now), at: now, &effects)
    }
    guard let due = precheckDue, now >= due else { return }
    precheckDue = now + settings.precheckInterval
    guard prechecks.isIdle, !tenure.isShuttingDown else { return }
    precheck(for: nil, .health, at: now, &effects)
  }

  mutating func precheck(
    for operation: OperationIdentifier?, _ reason: Reason, at now: Instant,
    _ effects: inout [Effect]
  ) {
    lastOrder += 1
    let order = HookOrder(
      number: lastOrder, event: .precheck, operation: operation, reason: reason,
      isPlanned: operation != nil, oldState: role, newState: role, term: term,
      priority: router.priority,
      peer: partnerAddress ?? activeRouter?.address ?? formerRouter)
    follow(prechecks.submit(order, at: now), at: now, &effects)
  }

  mutating func prechecked(
    _ order: HookOrder, _ result: HookResult, at now: Instant, _ effects: inout [Effect]
  ) {
    let failure = result.passes ? nil : "precheck \(result)"
    precheckFailure = failure
    if let operation = order.operation {
      prechecked(operation, failure, at: now, &effects)
    }
  }
}
