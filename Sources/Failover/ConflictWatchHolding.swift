import VRRP

extension ConflictWatch {
  mutating func heard(
    _ claim: NeighborClaim, _ before: Holding, at now: Instant
  ) -> [Effect] {
    guard now >= before.settled, let place = place(of: claim) else { return [] }
    var holding = before
    var effects: [Effect] = []
    switch claim.kind {
    case .probes:
      counters.foreignProbes &+= 1
      effects += defend(place, isPeer: true, &holding, at: now)
    case .claims:
      counters.foreignClaims &+= 1
      let conflict = lastConflict?.adding(claim, at: now) ?? AddressConflict(claim, at: now)
      effects += note(conflict, at: now)
      effects += answer(claim, conflict, place, &holding, at: now)
    }
    state = .holding(holding)
    return effects
  }

  private mutating func answer(
    _ claim: NeighborClaim, _ conflict: AddressConflict, _ place: Int, _ holding: inout Holding,
    at now: Instant
  ) -> [Effect] {
    guard let mark = claim.mark, mark.identifier == identity.identifier else {
      return defend(place, isPeer: false, &holding, at: now)
    }
    guard hasBetterRight(mark, claim.hardware) else {
      if holding.contest?.conflict.hardware == claim.hardware { holding.contest = nil }
      holding.lastWord = max(now + Self.lastWordDelay, holding.lastWordAllowed)
      return defend(place, isPeer: true, &holding, at: now)
    }
    // Its advertisement may be on the way: then the election decides, and this is no conflict.
    let due = holding.contest?.due ?? now + Self.yieldDelay
    holding.contest = Contest(conflict: conflict, mark: mark, due: due)
    return []
  }

  private mutating func defend(
    _ place: Int, isPeer: Bool, _ holding: inout Holding, at now: Instant
  ) -> [Effect] {
    guard holding.mayDefend(place, isPeer: isPeer, at: now) else { return [] }
    counters.defences &+= 1
    return [.defend(place)]
  }

  mutating func settle(_ before: Holding, at now: Instant) -> [Effect] {
    var holding = before
    if let contest = holding.contest, now >= contest.due {
      holding.contest = nil
      // The priorities may have changed meanwhile.
      if hasBetterRight(contest.mark, contest.conflict.hardware) { return yield(contest, at: now) }
    }
    var effects: [Effect] = []
    if let lastWord = holding.lastWord, now >= lastWord {
      holding.lastWord = nil
      holding.lastWordAllowed = now + Self.lastWordInterval
      effects.append(.announceAgain)
    }
    state = .holding(holding)
    return effects
  }

  private mutating func yield(_ contest: Contest, at now: Instant) -> [Effect] {
    counters.yields &+= 1
    state = .standingOut(
      StandingOut(conflict: contest.conflict, next: now + Self.probeInterval))
    return [.yield(to: contest.mark.primary, contest.conflict.hardware)]
  }
}
