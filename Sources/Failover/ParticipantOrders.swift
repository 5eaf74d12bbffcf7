import VRRP

// An order for a planned failover: who carries it out.
extension Participant {
  mutating func begin(
    _ order: FailoverOrder, at now: Instant, _ effects: inout [Effect]
  ) {
    if let running = handover, !running.isOver {
      return refuse(order, "another failover is under way", &effects)
    }
    if tenure.isShuttingDown { return refuse(order, "the daemon stops", &effects) }
    endHandover()
    if tenure.state == .held { return give(order, at: now, &effects) }
    if !isActive, let holder = peers.filter({ $0.value.report.isActive }).keys.min() {
      return ask(holder, order, at: now, &effects)
    }
    if order.isForced { return takeByForce(order, at: now, &effects) }
    perform(.failover(order.operation), at: now, &effects)
  }

  mutating func refuse(
    _ order: FailoverOrder, _ why: String, _ effects: inout [Effect]
  ) {
    effects.append(.finished(order.operation, .refused(why), []))
  }

  private mutating func give(
    _ order: FailoverOrder, at now: Instant, _ effects: inout [Effect]
  ) {
    // Nobody reports: VRRP alone, as with any other implementation on the other side.
    guard !peers.isEmpty else {
      if let silent = silentPeers.min(), !order.isForced {
        let why =
          "\(silent) has fallen silent, and nobody else reports: look after it, or use --force to move"
          + " the role to whoever takes it"
        return refuse(order, why, &effects)
      }
      return perform(.failover(order.operation), at: now, &effects)
    }
    if let other = rival(of: nil, at: now) {
      let why = "\(other) is Active too: the two do not hear each other; mend that first"
      return refuse(order, why, &effects)
    }
    switch candidate(order) {
    case .success(let name):
      handover = PlannedFailover(
        order.operation, partner: name, part: .giving, isForced: order.isForced,
        step: .preparing(isForced: order.isForced), at: now)
      prepare(within: PlannedFailover.answerLimit, at: now, &effects)
    case .failure(let refusal): refuse(order, refusal.why, &effects)
    }
  }

  struct NoCandidate: Error { let why: String }

  /// Who takes over.
  private func candidate(_ order: FailoverOrder) -> Result<String, NoCandidate> {
    if let name = order.to {
      guard settings.peers.contains(name) else {
        let known = settings.peers.sorted().joined(separator: ", ")
        return .failure(NoCandidate(why: "there is no node \(name) among the peers: \(known)"))
      }
      guard let view = peers[name] else {
        return .failure(NoCandidate(why: "\(name) does not report: is godwitd running there?"))
      }
      guard view.report.isFit || order.isForced, view.report.state == .backup else {
        return .failure(
          NoCandidate(
            why: "\(name) is not fit to take over, its state is \(view.report.state.rawValue):"
              + " `godwit status` there tells why"))
      }
      return .success(name)
    }
    guard let name = bestCandidate(isForced: order.isForced) else {
      let told = peers.map { "\($0.key) is \($0.value.report.state.rawValue)" }.sorted()
      return .failure(
        NoCandidate(
          why:
            "no peer is fit to take over (\(told.joined(separator: ", "))): `godwit status` there"
            + " tells why"))
    }
    return .success(name)
  }

  func bestCandidate(isForced: Bool) -> String? {
    peers.filter { ($0.value.report.isFit || isForced) && $0.value.report.state == .backup }
      .max {
        ($0.value.report.effectivePriority, $1.key) < ($1.value.report.effectivePriority, $0.key)
      }?.key
  }
}
