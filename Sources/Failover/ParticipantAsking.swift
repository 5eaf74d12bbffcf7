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
    effects.append(.finished(mine.operation, .incomplete(why), mine.watched.ended))
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
    case .refused(let why): giveWay(.refused(why), at: now, &effects)
    case .withdrawn(let why): giveWay(.rolledBack(why), at: now, &effects)
    case .moved(let passage):
      endHandover()
      let active = activeRouter?.address ?? peers[mine.partner]?.report.source
      effects.append(.passage(mine.operation, passage))
      guard let active else { return }
      effects.append(
        .finished(mine.operation, .done(newActive: active), mine.watched.ended))
    case .requested, .preparing, .checking, .ready, .demoting, .handing, .informed, .released,
      .taking, .held, .failed:
      break
    }
  }

  /// The holder says nothing more of it: what has become of the role tells.
  mutating func judgeAsked(at now: Instant, _ effects: inout [Effect]) {
    guard let mine = handover else { return }
    let active = activeRouter?.address
    guard let active, active != peers[mine.partner]?.report.source else {
      return giveWay(
        .incomplete("\(mine.partner) says nothing more of it: `godwit history` there tells"),
        at: now, &effects)
    }
    giveWay(.done(newActive: active), at: now, &effects)
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
