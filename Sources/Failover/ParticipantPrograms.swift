import VRRP

// Hooks and checks.
extension Participant {
  mutating func order(
    _ event: HookEvent, _ reason: Reason, _ isPlanned: Bool, _ operation: OperationIdentifier?,
    at now: Instant, _ effects: inout [Effect]
  ) {
    // An owner was elected while it joined: it is no Backup.
    if event == .standby, tenure.state != .none { return }
    lastOrder += 1
    let order = HookOrder(
      number: lastOrder, event: event, operation: operation, reason: reason,
      isPlanned: isPlanned, oldState: lastRole, newState: event.destination(from: role),
      term: term, priority: router.priority,
      peer: partnerAddress ?? activeRouter?.address ?? formerRouter)
    tenure.gateIs(order.number, for: event)
    follow(hooks.submit(order, at: now), at: now, &effects)
  }

  mutating func follow(
    _ hookEffects: [HookQueue.Effect], at now: Instant, _ effects: inout [Effect]
  ) {
    for effect in hookEffects {
      switch effect {
      case .start(let run):
        if run.order.event == .promote { tenure.promoteBegan() }
        effects.append(.startHook(run))
      case .terminate(let run): effects.append(.terminateHook(run))
      case .kill(let run): effects.append(.killHook(run))
      case .ended(let run, let result): effects.append(.hookEnded(run, result))
      case .completed(let order, let result) where order.event == .precheck:
        prechecked(order, result, at: now, &effects)
      case .completed(let order, let result):
        perform(.hooksCompleted(order, result), at: now, &effects)
      }
    }
  }

  mutating func follow(
    _ checkEffects: [Check.Effect], of index: Int, at now: Instant, _ effects: inout [Effect]
  ) {
    for effect in checkEffects {
      switch effect {
      case .start: effects.append(.startCheck(index))
      case .kill: effects.append(.killCheck(index))
      case .changed(let passing):
        effects.append(.checkChanged(index, passing: passing))
        applyPriority(at: now, &effects)
        applyFaults(at: now, &effects)
      }
    }
  }
}

extension HookEvent {
  /// The state that an event belongs to on its way from `role`.
  func destination(from role: RoleState) -> RoleState {
    switch self {
    case .promote, .undo, .active: .active
    case .demote, .standby, .fence: role == .fault ? .fault : .backup
    case .fault: .fault
    case .precheck, .maintenance: role
    }
  }
}
