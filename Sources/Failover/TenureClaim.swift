import VRRP

// On the way in: the gate, the addresses, and putting them back.
extension Tenure {
  mutating func claim(_ why: Reason, at now: Instant) -> [Effect] {
    guard case .none = state, !isShuttingDown else { return [] }
    state = .claiming(gate: nil)
    isGatePassed = false
    isHandingOver = false
    var effects: [Effect] = []
    if operation == nil {
      reason = why
      phases.begin(at: now)
    } else {
      reason = .rollback
      effects = endPhase("takeover", setback ?? "no other node became Active", at: now)
    }
    let cause = operation ?? receivedBy
    return effects + [.runHooks(.promote, reason, isPlanned: cause != nil, cause)]
  }

  /// The addresses are here, and so is whatever a `promote` has done.
  mutating func resume(at now: Instant) -> [Effect] {
    guard case .none = state, isResuming, !isShuttingDown else { return [] }
    isResuming = false
    state = .claiming(gate: nil)
    reason = .maintenance
    notBefore = nil
    phases.begin(at: now)
    return bringAddresses()
  }

  /// The role was another's meanwhile, or the daemon stops.
  mutating func stopResuming(_ why: Reason) -> [Effect] {
    guard case .none = state, isResuming else { return [] }
    isResuming = false
    reason = why
    let effects: [Effect] = [.closeLease, .remove] + demoteIfPromoted(why)
    guard why != .shutdown else {
      return effects + record(.shutdown, why, "stopped before it had its role again")
    }
    let told: [Effect] = hasStarted ? [.runHooks(.standby, why, isPlanned: false, nil)] : []
    return effects + told + record(.backup, why, "another node took the role during maintenance")
  }

  mutating func installed(_ failure: String?, at now: Instant) -> [Effect] {
    switch state {
    case .claiming:
      // An answer to an earlier claim: the gate of this one has not passed.
      guard isGatePassed else { return [.remove] }
      return claimed(failure, at: now)
    case .held, .releasing:
      // The order to remove came after this: its answer counts.
      guard isHolding else { return [] }
      return restored(failure, at: now)
    case .none, .barred:
      // Too late: nothing may be here.
      return [.remove]
    }
  }

  mutating func claimed(_ failure: String?, at now: Instant) -> [Effect] {
    var effects = endPhase("addresses", failure ?? "done", at: now)
    if let failure { return effects + penalise(.addressesRefused(failure), at: now) }
    state = .held
    nextPenalty = Self.firstPenalty
    failedRestores = 0
    effects += [
      .openLease, .startAnnouncing, .tellConnections,
      .runHooks(.active, reason, isPlanned: receivedBy != nil, operation ?? receivedBy),
    ]
    effects += record(.active, reason, "", isPlanned: receivedBy != nil)
    receivedBy = nil
    if let operation {
      self.operation = nil
      let why = setback ?? "no other node became Active: is a Backup running and reachable?"
      effects.append(.finished(operation, .rolledBack(why), phases.ended))
    }
    return effects
  }

  /// The addresses were put back, or others were added to those that are held.
  mutating func restored(_ failure: String?, at now: Instant) -> [Effect] {
    guard let failure else {
      failedRestores = 0
      defer { isRestoring = false }
      let told = record(.addressesRestored, reason, "somebody else removed them")
      return [.openLease, .startAnnouncing] + (isRestoring ? told : [])
    }
    failedRestores += 1
    if failedRestores < 3 {
      restoreAt = now + Self.removalPause
      return []
    }
    return penalise(.addressesRefused(failure), at: now)
  }

  /// A claim failed: out of the election for a while, so that a peer may try.
  mutating func penalise(_ fault: Fault, at now: Instant) -> [Effect] {
    penalty = (fault, now + nextPenalty)
    nextPenalty = min(nextPenalty * 2, Self.longestPenalty)
    return bar(at: now)
  }

  mutating func lost(at now: Instant) -> [Effect] {
    guard isHolding else { return [] }
    isRestoring = true
    restoreAt = restoreAt ?? now + Self.restorePause
    return [.stopAnnouncing]
  }

  // MARK: Gates

  mutating func completed(
    _ order: HookOrder, _ result: HookResult, at now: Instant
  ) -> [Effect] {
    switch (state, order.event) {
    case (.claiming(gate: order.number), .promote):
      let effects = endPhase("promote", result.description, at: now)
      guard result.passes else {
        return effects + penalise(.promoteFailed(result.description), at: now)
      }
      isPromoted = true
      if let notBefore, now < notBefore {
        claimDue = notBefore
        return effects
      }
      return effects + bringAddresses()
    case (.releasing(gate: order.number, let release), .demote):
      let effects = endPhase("demote", result.description, at: now)
      if case .operation(let operation) = release, !result.passes {
        return effects + rollBack(operation, "demote \(result)")
      }
      isDemoted = true
      return effects + (isHandover ? [.demoted] : letGo(at: now))
    default: return []
    }
  }

  mutating func bringAddresses() -> [Effect] {
    claimDue = nil
    isGatePassed = true
    removalRetry = nil
    return [.install]
  }
}
