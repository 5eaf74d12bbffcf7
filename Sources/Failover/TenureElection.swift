import VRRP

// In and out of the election.
extension Tenure {
  /// Brings the state in line with the faults.
  mutating func settle(at now: Instant) -> [Effect] {
    guard hasStarted, !isShuttingDown else { return [] }
    switch (state, faults.isEmpty) {
    case (.none, true) where !hasJoined:
      return join(at: now)
    case (.barred, true):
      state = .none
      return join(at: now)
    case (.none, false), (.claiming, false), (.held, false), (.releasing, false):
      return bar(at: now)
    case (.barred, false), (.none, true), (.claiming, true), (.held, true), (.releasing, true):
      return []
    }
  }

  /// An owner is elected while it joins, so nothing that a Backup does comes after that.
  mutating func join(at now: Instant) -> [Effect] {
    hasJoined = true
    // What `promote` has done is still so: nobody is told otherwise.
    if isResuming { return [.joinElection] }
    return record(.backup, reason, "joined the election") + [
      .joinElection, .runHooks(.standby, reason, isPlanned: false, nil),
    ]
  }

  mutating func bar(at now: Instant) -> [Effect] {
    let told = faults.sorted { $0.description < $1.description }
    reason = told.first?.reason ?? .health
    let detail = told.map(\.description).joined(separator: "; ")
    var effects = isResuming ? [.closeLease, .remove] : takeAway()
    isResuming = false
    if hasJoined { effects.append(.leaveElection) }
    hasJoined = false
    isHandingOver = false
    effects += demoteIfPromoted(reason)
    state = .barred
    effects.append(.runHooks(.fault, reason, isPlanned: false, nil))
    return effects + abandonOperation(detail) + record(.fault, reason, detail)
  }

  mutating func shutDown(_ isHandover: Bool, at now: Instant) -> [Effect] {
    guard !isShuttingDown else { return [] }
    isShuttingDown = true
    restoreAt = nil
    switch state {
    case .held:
      reason = .shutdown
      return beginRelease(.shutdown, isHandover, at: now)
    case .releasing(let gate, _):
      reason = .shutdown
      state = .releasing(gate: gate, .shutdown)
      return [.demoteMustSucceed] + abandonOperation("the daemon stops")
    case .claiming:
      reason = .shutdown
      hasJoined = false
      return takeAway() + [.leaveElection] + demoteIfPromoted(.shutdown)
        + abandonOperation("the daemon stops")
        + record(.shutdown, .shutdown, "stopped while claiming")
    case .none, .barred:
      reason = .shutdown
      // Whoever has just handed the role over leaves when that is certain.
      if isHandingOver { return abandonOperation("the daemon stops") }
      let effects: [Effect] = hasJoined ? [.leaveElection] : []
      hasJoined = false
      return effects + abandonOperation("the daemon stops")
    }
  }
}
