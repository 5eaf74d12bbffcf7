import Control
import Failover
import LinuxIO
import VRRP

// `godwit failover --dry-run`: what would happen, from what the nodes say now.
extension Daemon {
  func rehearse(_ wanted: FailoverRequest, _ router: LocalRouter) -> FailoverOutcome {
    let began = Clock.now()
    let from = holder(router)
    let to = wanted.to ?? successor(of: from, router, isForced: wanted.force)
    // Where nobody stands out, everyone is shown.
    let takers = to.map { [$0] } ?? configuration.peers.map(\.name)
    let prechecks = ((from.map { [$0] } ?? []) + takers).map { precheck($0, router) }
    let plan = FailoverPlan(
      from: from, to: to, prechecks: prechecks, steps: steps(from: from, to: to, router),
      connections: connectionsToReset(by: from, router))
    let no = prechecks.first { $0.verdict == .refused && ($0.node == from || $0.node == to) }
    let isAlone = from == configuration.node && router.participant.peers.isEmpty
    let (result, message): (FailoverOutcome.Result, String)
    if let no, !wanted.force {
      (result, message) = (.refused, Refusal.precheckFailed(on: no.node, no.detail).message)
    } else if let to {
      (result, message) = (
        .done, "\(router.name) would move" + (from.map { " from \($0)" } ?? "") + " to \(to)"
      )
    } else if isAlone {
      (result, message) = (
        .done,
        "\(router.name) would leave this node; no peer reports, and in VRRP a Backup is silent:"
          + " whether one is there shows only then, and without one this node takes the role back"
      )
    } else {
      let reasons = takers.map { "\($0): \(precheck($0, router).detail)" }
      (result, message) = (.refused, Refusal.noFitPeer(router.name, reasons: reasons).message)
    }
    return FailoverOutcome(
      operationIdentifier: "", result: result, message: message,
      durationMilliseconds: (Clock.now() - began).wholeMilliseconds, plan: plan)
  }

  /// As the last survey has found them here, or the holder has told them; nil when they would stay.
  private func connectionsToReset(by holder: String?, _ router: LocalRouter) -> Int? {
    guard router.configuration.connections.onRelease == .reset else { return nil }
    if holder == configuration.node { return router.ledger?.count }
    return router.sharedConnections.isEmpty ? nil : router.sharedConnections.count
  }

  /// The node that would take over when none is named.
  private func successor(of holder: String?, _ router: LocalRouter, isForced: Bool) -> String? {
    guard holder == configuration.node else { return configuration.node }
    return router.participant.peers
      .filter { ($0.value.report.isFit || isForced) && $0.value.report.state == .backup }
      .max {
        ($0.value.report.effectivePriority, $1.key) < ($1.value.report.effectivePriority, $0.key)
      }?.key
  }

  /// What a node says of itself: its prechecks as they last ran, its checks and faults.
  private func precheck(_ node: String, _ router: LocalRouter) -> FailoverPlan.Precheck {
    let participant = router.participant
    if node == configuration.node {
      let reasons =
        participant.tenure.faults.map(\.description).sorted()
        + (participant.precheckFailure.map { [$0] } ?? [])
      return .init(
        node: node, verdict: reasons.isEmpty ? .ready : .refused,
        detail: reasons.joined(separator: "; "))
    }
    guard let report = participant.peers[node]?.report else {
      return .init(node: node, verdict: .unknown, detail: "it does not report")
    }
    let canTakePart = report.isActive || report.state == .backup
    guard report.isFit, canTakePart else {
      return .init(
        node: node, verdict: .refused,
        detail: "its state is \(report.state.rawValue)" + (report.isFit ? "" : ", it is unfit"))
    }
    return .init(node: node, verdict: .ready)
  }

  private func steps(
    from: String?, to: String?, _ router: LocalRouter
  ) -> [FailoverPlan.Step] {
    let addresses = router.configuration.addresses.map(\.description).joined(separator: " ")
    let taker = to ?? "whoever VRRP elects"
    var steps: [FailoverPlan.Step] = []
    func add(_ phase: String, _ node: String, _ detail: String) {
      steps.append(.init(phase: phase, node: node, detail: detail))
    }
    if let from {
      add("demote", from, programs(.demote, on: from, router))
      add("connections", from, "")
      add("addresses", from, "remove \(addresses)")
    }
    add("promote", taker, programs(.promote, on: taker, router))
    add("takeover", taker, "add and announce \(addresses)")
    return steps
  }

  /// The programs that a node would run; those of another node are not known here.
  private func programs(_ event: HookEvent, on node: String, _ router: LocalRouter) -> String {
    guard node == configuration.node else { return "" }
    let commands = router.configuration.hooks.filter { $0.events.contains(event) }
      .map { $0.command.joined(separator: " ") }
    return commands.isEmpty ? "no hook" : commands.joined(separator: ", then ")
  }
}
