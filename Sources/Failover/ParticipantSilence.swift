import VRRP

// A planned failover of which the other side says nothing any more.
extension Participant {
  /// Its report tells nothing of the operation.
  mutating func partnerForgot(
    _ notBefore: Instant, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover, notBefore >= mine.stepBegan else { return }
    switch (mine.part, mine.step) {
    case (.giving, .demoting): handover?.readySince = nil
    case (.giving, .handing), (.giving, .released), (.giving, .withdrawn):
      forgotByCandidate(at: now, &effects)
    case (.taking, .checking), (.taking, .ready), (.taking, .informed):
      giveWay(.rolledBack("\(mine.partner) gave it up"), &effects)
    case (.taking, .held): complete(nil, at: now, &effects)
    case (.asking, _) where mine.lastSeen != nil: judgeAsked(&effects)
    default: if mine.isOver { endHandover() }
    }
  }

  private mutating func forgotByCandidate(at now: Instant, _ effects: inout [Effect]) {
    guard let mine = handover else { return }
    if case .handing = mine.step {
      return followCandidate(
        .refused("\(mine.partner) gave it up"), at: now, &effects)
    }
    guard mine.isAccepted, let report = peers[mine.partner]?.report else {
      if mine.isOver { endHandover() }
      return
    }
    switch report.state {
    case .active, .releasing:
      followCandidate(.held(told: 0), at: now, &effects)
    case .claiming: break
    case .initialize, .backup, .fault:
      heldLast = true
      // Its advertisements were of the claim that has failed.
      if activeRouter?.address == report.source { activeRouter = nil }
      tenure.setback = "\(mine.partner) lost the role before it had the addresses"
      relieve(at: now, &effects)
      handover?.end(.withdrawn(tenure.setback ?? ""), at: now)
    }
  }

  mutating func partnerLost(
    _ name: String, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover, mine.partner == name else { return }
    let why = "\(name) has fallen silent"
    switch (mine.part, mine.step) {
    case (.giving, .preparing), (.giving, .handing):
      followCandidate(.refused(why), at: now, &effects)
    case (.giving, .demoting): handover?.readySince = nil
    case (.giving, .released) where mine.isAccepted,
      (.giving, .withdrawn) where mine.isAccepted && tenure.isHandingOver:
      // VRRP tells the rest.
      relieve(at: now, &effects)
      handover?.end(.withdrawn(why), at: now)
      // It may have a long lease, under which its host answers on.
      guard maintenance.isOn else { return }
      let what = "\(name) took over and has fallen silent: if its host is off, use --force"
      perform(.successorLost(what), at: now, &effects)
    case (.taking, .checking), (.taking, .ready), (.taking, .informed):
      giveWay(.rolledBack(why), &effects)
    case (.taking, .held): complete(nil, at: now, &effects)
    case (.asking, _): giveWay(.incomplete(why), &effects)
    default: break
    }
  }
}
