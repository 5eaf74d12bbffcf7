import VRRP

extension ConflictWatch {
  // MARK: Probing

  /// What one round of probes asks for.
  private var probed: Range<Int> { 0..<min(addresses.count, Self.probedAddresses) }

  mutating func beginProbing(within window: Duration, at now: Instant) -> [Effect] {
    let pause = max(window, Self.shortestWindow) / Self.probeCount
    return probe(Probing(sent: 0, next: now, pause: pause, found: nil), at: now)
  }

  mutating func probe(_ before: Probing, at now: Instant) -> [Effect] {
    var probing = before
    guard now >= probing.next else { return [] }
    guard probing.sent < Self.probeCount else { return conclude(probing.found, at: now) }
    probing.sent += 1
    // Whoever still has them says so again. An owner is Active while it asks, and the router that it
    // pushes aside may have answered before it heard of that.
    probing.found = nil
    // From the time it was due, so that the whole fits its window; after a pause there is still time
    // for an answer.
    probing.next = max(probing.next + probing.pause, now + probing.pause / 2)
    state = .probing(probing)
    return [.probe(probed)]
  }

  private mutating func conclude(_ found: AddressConflict?, at now: Instant) -> [Effect] {
    guard let found else {
      state = .idle
      return [.probed(.clear)]
    }
    counters.foundInUse &+= 1
    state = .standingOut(StandingOut(conflict: found, next: now + Self.probeInterval))
    return note(found, at: now) + [.probed(.inUse(found))]
  }

  mutating func found(_ claim: NeighborClaim, _ before: Probing, at now: Instant) {
    guard claim.kind == .claims, place(of: claim) != nil else { return }
    var probing = before
    probing.found = before.found?.adding(claim, at: now) ?? AddressConflict(claim, at: now)
    state = .probing(probing)
  }

  // MARK: Standing out

  mutating func ask(_ before: StandingOut, at now: Instant) -> [Effect] {
    var out = before
    guard now >= out.next else { return [] }
    if out.isAsked { out.unanswered += 1 }
    guard out.unanswered < Self.probeCount else {
      state = .idle
      return [.cleared]
    }
    out.isAsked = true
    out.next = now + Self.probeInterval
    state = .standingOut(out)
    let place = places[out.conflict.address] ?? 0
    let more: [Effect] = probed.contains(place) ? [] : [.probe(place..<(place + 1))]
    return [.probe(probed)] + more
  }

  mutating func answered(
    _ claim: NeighborClaim, _ before: StandingOut, at now: Instant
  ) {
    guard claim.kind == .claims, place(of: claim) != nil else { return }
    var out = before
    out.conflict = out.conflict.adding(claim, at: now)
    out.unanswered = 0
    out.isAsked = false
    lastConflict = out.conflict
    state = .standingOut(out)
  }
}
