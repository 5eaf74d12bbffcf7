import VRRP

// A planned failover on the node that asked for it.
extension Participant {
  mutating func ask(
    _ holder: String, _ order: FailoverOrder, at now: Instant, _ effects: inout [Effect]
  ) {
    if order.to == holder {
      return refuse(order, "\(holder) is Active already", &effects)
    }
    let candidate = order.to ?? settings.node
    handover = PlannedFailover(
      order.operation, partner: holder, part: .asking, isForced: order.isForced, isAskedHere: true,
      step: .requested(candidate: candidate, isForced: order.isForced), at: now)
    handover?.due = now + PlannedFailover.answerLimit
    effects.append(.report(asks: true))
  }

  /// Whoever waits here hears no more of it.
  mutating func dropAsked(_ why: String, _ effects: inout [Effect]) {
    guard let mine = handover, mine.isAskedHere, !mine.isOver else { return }
    handover?.isAskedHere = false
    mine.tellAsker(.incomplete(why), &effects)
    if mine.part == .asking { endHandover() }
  }

  mutating func watchHolder(
    _ theirs: Handover, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover else { return }
    if theirs.partner == settings.node, case .preparing(let isForced) = theirs.step {
      beginTaking(
        theirs, from: mine.partner, isForced: isForced, isAskedHere: true, at: now, &effects)
      return
    }
    handover?.due = now + PlannedFailover.longestWatch
    watch(theirs.step, at: now, &effects)
    switch theirs.step {
    case .refused(let why): giveWay(.refused(why), &effects)
    case .withdrawn(let why): giveWay(.rolledBack(why), &effects)
    case .moved(let passage):
      if mine.isAskedHere { effects.append(.passage(mine.operation, passage)) }
      let active = candidateSource ?? otherActive
      giveWay(active.map { .done(newActive: $0) } ?? .incomplete("it is not heard yet"), &effects)
    case .requested, .preparing, .checking, .ready, .demoting, .handing, .informed, .released,
      .taking, .held, .failed:
      break
    }
  }

  /// The holder says nothing more of it: what has become of the role tells.
  mutating func judgeAsked(_ effects: inout [Effect]) {
    guard let mine = handover else { return }
    guard let active = otherActive else {
      let why = "\(mine.partner) says nothing more of it: `godwit history` there tells"
      return giveWay(.incomplete(why), &effects)
    }
    giveWay(.done(newActive: active), &effects)
  }

  /// Where the node advertises from that was asked for.
  private var candidateSource: IPAddress? {
    guard case .requested(let candidate, _) = handover?.step else { return nil }
    return peers[candidate]?.report.source
  }

  /// Who is heard as Active instead of the node that had the role.
  private var otherActive: IPAddress? {
    let former = handover.flatMap { peers[$0.partner]?.report.source }
    let heard = activeRouter?.address
    return heard == former ? nil : heard
  }

  /// What the holder does, as phases for whoever waits here.
  mutating func watch(
    _ step: Handover.Step, at now: Instant, _ effects: inout [Effect]
  ) {
    guard let mine = handover, mine.lastSeen != step else { return }
    handover?.lastSeen = step
    let name: String? =
      switch mine.lastSeen {
      case .preparing: "precheck"
      case .demoting: "demote"
      case .handing: "release"
      default: nil
      }
    guard let name, mine.isAskedHere, let phase = handover?.watched.end(name, "done", at: now)
    else {
      return
    }
    effects.append(.phase(mine.operation, phase))
  }
}
