import VRRP

// A planned failover kept in line with the tenure, and to its times.
extension Participant {
  /// When something of it is due.
  var handoverDue: Instant? { earliest(handover?.due, handover?.repeatDue) }

  /// Keeps it in line with what the tenure does, and to its times.
  mutating func followHandover(at now: Instant, _ effects: inout [Effect]) {
    guard handover != nil else {
      if tenure.isHandingOver { relieve(at: now, &effects) }
      return
    }
    reconcileHandover(at: now, &effects)
    if let handover, let due = handover.due, now >= due {
      self.handover?.due = nil
      switch handover.part {
      case .giving: giverTimedOut(at: now, &effects)
      case .taking, .asking: takerTimedOut(at: now, &effects)
      }
    }
    if let due = handover?.repeatDue, now >= due {
      handover?.repeated(at: now)
      effects.append(.report(asks: false))
    }
  }

  private mutating func reconcileHandover(at now: Instant, _ effects: inout [Effect]) {
    guard let handover else { return }
    let isReleasing = if case .releasing = tenure.state { true } else { false }
    switch (handover.part, handover.step) {
    case (.giving, .preparing) where tenure.state != .held:
      endGiving(.refused("the role was lost meanwhile"), at: now, &effects)
    case (.giving, .demoting) where !isReleasing, (.giving, .handing) where !isReleasing:
      // A removal that has just succeeded is told by `released`.
      self.handover?.end(.withdrawn("the role was lost meanwhile"), at: now)
    case (.giving, .released) where !handover.isAccepted && !tenure.isHandingOver:
      self.handover?.end(.withdrawn("the role was taken otherwise"), at: now)
    case (.giving, .released), (.giving, .withdrawn):
      // Its advertisements say as much as its report.
      if let active = activeRouter?.address, active == peers[handover.partner]?.report.source {
        accept(at: now, &effects)
      }
    case (.taking, _): reconcileTaking(at: now, &effects)
    default: break
    }
  }

  /// Nothing of it is said any more.
  mutating func endHandover() {
    guard let ended = handover else { return }
    endedOperations.append(ended.operation)
    if endedOperations.count > 8 { endedOperations.removeFirst() }
    handover = nil
  }

  /// Whether the role is being given away, or has left and waits for the other node.
  private func isOnItsWay(_ handover: PlannedFailover) -> Bool {
    switch handover.step {
    case .demoting, .handing, .released: true
    case .withdrawn: handover.waitsUntil != nil
    case .requested, .preparing, .checking, .ready, .refused, .informed, .taking, .held, .failed,
      .moved:
      false
    }
  }

  /// The last word on an operation.
  mutating func finish(
    _ operation: OperationIdentifier, _ result: OperationResult, _ phases: [Phase],
    at now: Instant, _ effects: inout [Effect]
  ) {
    if let handover, handover.operation == operation, handover.part == .giving, !handover.isOver {
      switch result {
      case .done: break
      case .refused(let why): self.handover?.end(.refused(why), at: now)
      case .rolledBack(let why): self.handover?.end(.withdrawn(why), at: now)
      case .incomplete(let why):
        // A stop gives up whoever waits for the operation, not the way that the role has begun to go.
        if !tenure.isShuttingDown || !isOnItsWay(handover) {
          self.handover?.end(.withdrawn(why), at: now)
        }
      }
    }
    effects.append(.finished(operation, result, phases))
  }
}
