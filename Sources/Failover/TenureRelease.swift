import VRRP

// On the way out: planned, or with safety before politeness.
extension Tenure {
  mutating func failover(
    _ asked: OperationIdentifier, _ isHandover: Bool, at now: Instant
  ) -> [Effect] {
    guard case .held = state, !isShuttingDown else {
      let why = "this node does not hold the role: its state is \(role.rawValue)"
      return [.finished(asked, .refused(why), [])]
    }
    reason = .manual
    operation = asked
    setback = nil
    return beginRelease(.operation(asked), isHandover, at: now)
  }

  mutating func beginRelease(
    _ release: Release, _ isHandover: Bool, at now: Instant
  ) -> [Effect] {
    state = .releasing(gate: nil, release)
    self.isHandover = isHandover
    isGatePassed = false
    isDemoted = false
    resetDue = nil
    phases.begin(at: now)
    return [.runHooks(.demote, reason, isPlanned: true, operation)]
  }

  // MARK: After the gate

  /// The addresses may leave, their connections first: an RST needs the address it comes from.
  mutating func letGo(at now: Instant) -> [Effect] {
    guard case .releasing = state, isDemoted, resetDue == nil, !isGatePassed else { return [] }
    let effects = isHandover ? endPhase("handing", at: now) : []
    resetDue = now + Self.resetLimit
    return effects + [.resetConnections]
  }

  mutating func connectionsReset(_ result: String, at now: Instant) -> [Effect] {
    guard resetDue != nil else { return [] }
    resetDue = nil
    guard case .releasing = state else { return [] }
    isGatePassed = true
    restoreAt = nil
    isRestoring = false
    return endPhase("connections", result, at: now) + [.stopAnnouncing, .closeLease, .remove]
  }

  /// The successor cannot be told, or will not: the role stays, unless the daemon stops.
  mutating func handoverFailed(_ why: String, at now: Instant) -> [Effect] {
    guard case .releasing(_, let release) = state, isHandover, !isGatePassed else { return [] }
    isHandover = false
    switch release {
    case .operation(let operation): return rollBack(operation, why)
    case .shutdown: return letGo(at: now)
    }
  }

  mutating func removed(_ failure: String?, at now: Instant) -> [Effect] {
    guard case .releasing(_, let release) = state, isGatePassed else {
      // Where the addresses belong here again, this is the answer to an earlier order.
      let isDue = failure != nil && !belongsHere
      removalRetry = isDue ? now + Self.removalPause : nil
      return []
    }
    let effects = endPhase("addresses", failure ?? "done", at: now)
    switch (release, failure) {
    case (.operation(let operation), let failure?):
      return effects + [.install]
        + rollBack(operation, "an address could not be removed: \(failure)")
    case (.operation(let operation), nil):
      state = .none
      isPromoted = false
      isHandingOver = isHandover
      let told = record(.backup, .manual, "gave the role up", isPlanned: true, operation)
      // The successor's `promote` comes before this node's `standby`.
      if isHandover { return effects + [.handOverElection] + told }
      return effects + [
        .yieldElection, .runHooks(.standby, .manual, isPlanned: true, operation),
      ] + told
    case (.shutdown, let failure):
      state = .none
      isPromoted = false
      let told = record(.shutdown, .shutdown, failure ?? "", isPlanned: true)
      if isHandover, failure == nil {
        isHandingOver = true
        return effects + [.handOverElection] + told
      }
      hasJoined = false
      removalRetry = failure == nil ? nil : now + Self.removalPause
      return effects + [.leaveElection] + told
    }
  }

  mutating func successor(_ other: IPAddress, at now: Instant) -> [Effect] {
    // One that takes over by hand tells itself when it is done.
    guard case .none = state, let operation, !isHandingOver else { return [] }
    let effects = endPhase("takeover", at: now)
    self.operation = nil
    return effects + [.finished(operation, .done(newActive: other), phases.ended)]
      + record(.failover, .manual, "moved", isPlanned: true, operation, peer: other)
  }

  /// The successor has the addresses.
  mutating func succeeded(
    _ other: IPAddress, _ passage: Passage, at now: Instant
  ) -> [Effect] {
    guard case .none = state, isHandingOver else { return [] }
    guard let operation else { return relieved() }
    isHandingOver = false
    self.operation = nil
    var told = endPhase("takeover", at: now, of: operation)
    told.append(.finished(operation, .done(newActive: other), phases.ended))
    told += record(
      .failover, .manual, "moved", isPlanned: true, operation, peer: other, passage: passage)
    return told + [.runHooks(.standby, .manual, isPlanned: true, operation)]
  }

  /// The role is the successor's, or anybody's.
  mutating func relieved() -> [Effect] {
    guard case .none = state, isHandingOver else { return [] }
    isHandingOver = false
    guard isShuttingDown else {
      return [.runHooks(.standby, .manual, isPlanned: true, operation)]
    }
    hasJoined = false
    return [.leaveElection]
  }

  // MARK: Loss

  mutating func lose(
    _ why: Reason, to other: IPAddress, at now: Instant
  ) -> [Effect] {
    switch state {
    case .none, .barred: return []
    case .claiming, .held, .releasing:
      reason = why
      var effects = takeAway() + demoteIfPromoted(why)
      if isShuttingDown {
        hasJoined = false
        effects.append(.leaveElection)
      } else {
        effects.append(.runHooks(.standby, why, isPlanned: false, nil))
      }
      return effects + abandonOperation("\(other) became Active meanwhile")
        + record(.backup, why, "another node is Active", peer: other)
    }
  }

  /// The peers may have stopped waiting: away with everything, and no word to anybody. Where
  /// advertisements could not be sent, the next election would end in the same way.
  mutating func lapse(_ failure: String?, at now: Instant) -> [Effect] {
    guard state != .none, state != .barred else { return [] }
    if let failure { return penalise(.advertisementsRefused(failure), at: now) }
    reason = .lease
    var effects = takeAway() + demoteIfPromoted(.lease)
    if isShuttingDown {
      hasJoined = false
      effects.append(.leaveElection)
    } else {
      effects.append(.runHooks(.standby, .lease, isPlanned: false, nil))
    }
    let why = "the lease had ended: godwitd was stopped or starved"
    return effects + abandonOperation(why) + record(.backup, .lease, why)
  }

  /// Whether the addresses are here by right or on their way here.
  var belongsHere: Bool {
    if case .claiming = state { return isGatePassed }
    return isHolding
  }

  /// The node falls silent and the addresses leave before anything else happens.
  mutating func takeAway() -> [Effect] {
    restoreAt = nil
    isRestoring = false
    claimDue = nil
    resetDue = nil
    receivedBy = nil
    switch state {
    case .held:
      state = .none
      return [.closeLease, .resetConnections, .stopAnnouncing, .remove]
    case .releasing:
      // Its `demote` runs already.
      isPromoted = false
      state = .none
      return [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
      ]
    case .claiming:
      state = .none
      return [.closeLease, .overtakePromote, .remove]
    case .none, .barred: return []
    }
  }

  mutating func demoteIfPromoted(_ why: Reason) -> [Effect] {
    guard isPromoted else { return [] }
    isPromoted = false
    return [.runHooks(.demote, why, isPlanned: false, nil)]
  }

  mutating func abandonOperation(_ why: String) -> [Effect] {
    guard let operation else { return [] }
    self.operation = nil
    return [.finished(operation, .incomplete(why), phases.ended)]
  }

  /// A step of a planned failover failed: the role stays here.
  mutating func rollBack(_ operation: OperationIdentifier, _ why: String) -> [Effect] {
    state = .held
    self.operation = nil
    isHandover = false
    resetDue = nil
    reason = .rollback
    return [
      .runHooks(.undo, .rollback, isPlanned: true, operation),
      .finished(operation, .rolledBack(why), phases.ended),
    ] + record(.failover, .rollback, why, isPlanned: true, operation)
  }
}
