import Configuration
import Control
import Failover
import LinuxIO
import VRRP

// What clients of the control socket ask for.
extension Daemon {
  func serve(_ number: UInt64, _ readiness: EventLoop.Readiness) {
    guard let client = control[number] else { return }
    if readiness.contains(.writable) { control.flush(number, loop: loop) }
    guard control[number] != nil else { return }
    switch client.connection.receiveLine() {
    case .waiting: break
    case .closed:
      operations.forget(client: number)
      control.close(number, loop: loop)
    case .tooLong:
      control.finish(
        .error(Refusal(.usage, "the request is longer than a line may be")), to: number,
        loop: loop)
    case .line(let line):
      guard !client.hasAsked else { return }
      client.hasAsked = true
      client.patience = nil
      do throws(LineError) {
        answer(try Request(line: line), client, number)
      } catch {
        control.finish(
          .error(Refusal(.usage, "the request is not understood: \(error)")), to: number,
          loop: loop)
      }
    }
  }

  private func answer(_ request: Request, _ client: ControlServer.Client, _ number: UInt64) {
    let isAllowed =
      request.changesSomething ? control.mayChange(client) : control.mayRead(client)
    guard isAllowed else {
      let remedy =
        request.changesSomething
        ? "become root" + (configuration.controlAdminGroup.map { " or a member of \($0)" } ?? "")
        : "become root or a member of \(configuration.controlGroup)"
      let refusal = Refusal(.notAllowed, "you may not do that on this node", remedy: remedy)
      control.finish(.error(refusal), to: number, loop: loop)
      return
    }
    switch request {
    case .status(let name):
      reply(number, select(name).map { .status(report($0)) })
    case .history(let name, let limit):
      let entries = store.history.filter { name == nil || $0.virtualRouter == name }
      reply(number, .success(.history(HistoryReport(entries: Array(entries.suffix(limit))))))
    case .announce(let name):
      reply(number, select(name).flatMap(announceAgain))
    case .reload:
      reply(number, reload().map { .reload($0) })
    case .failover(let wanted):
      failover(wanted, number)
    }
  }

  private func reply(_ number: UInt64, _ result: Result<Outcome, Refusal>) {
    switch result {
    case .success(let outcome): control.finish(.result(outcome), to: number, loop: loop)
    case .failure(let refusal): control.finish(.error(refusal), to: number, loop: loop)
    }
  }

  private func select(_ name: String?) -> Result<[LocalRouter], Refusal> {
    guard let name else { return .success(routers) }
    let found = routers.filter { $0.name == name && !$0.isLeaving }
    guard found.isEmpty else { return .success(found) }
    let known = routers.map(\.name).joined(separator: ", ")
    return .failure(
      Refusal(.notFound, "there is no virtual router \(name) here", remedy: "there is: \(known)"))
  }

  private func announceAgain(_ routers: [LocalRouter]) -> Result<Outcome, Refusal> {
    let holding = routers.filter { $0.participant.tenure.isHolding }
    guard !holding.isEmpty else {
      return .failure(
        Refusal(
          .refused, "this node holds none of the addresses, so there is nothing to announce",
          remedy: "ask the node that is Active"))
    }
    for router in holding { feed(router, .announce) }
    return .success(.announce(AnnounceOutcome(announced: holding.map(\.name))))
  }

  // MARK: Failover

  private func failover(_ wanted: FailoverRequest, _ number: UInt64) {
    let router: LocalRouter
    switch select(wanted.name) {
    case .success(let found):
      guard let first = found.first else { return }
      router = first
    case .failure(let refusal):
      control.finish(.error(refusal), to: number, loop: loop)
      return
    }
    if let refusal = obstacle(wanted, router) {
      control.finish(.error(refusal), to: number, loop: loop)
      return
    }
    if wanted.dryRun {
      let outcome = FailoverOutcome(
        operationIdentifier: "", result: .done, message: plan(router), durationMilliseconds: 0)
      control.finish(.result(.failover(outcome)), to: number, loop: loop)
      return
    }
    let now = Clock.now()
    let operation = operations.begin(
      router.name, client: number, wait: .milliseconds(wanted.waitMilliseconds),
      reason: wanted.reason, at: now)
    log.write(
      .notice,
      "\(router.name): failover \(operations.text(operation)) begins"
        + (wanted.reason.map { ": \($0)" } ?? ""))
    feed(router, .failover(FailoverOrder(operation, to: wanted.to, isForced: wanted.force)))
  }

  /// What speaks against a failover before anything is changed.
  private func obstacle(_ wanted: FailoverRequest, _ router: LocalRouter) -> Refusal? {
    let tenure = router.participant.tenure
    if wanted.to == configuration.node {
      return Refusal(
        .refused, "\(wanted.to ?? "") is this node: it has the role or takes it when it is free")
    }
    if let to = wanted.to, configuration.peers.count != 1 || configuration.peers[0].name != to {
      return Refusal(
        .refused, "the node that takes over cannot be chosen: VRRP elects the best Backup",
        remedy: "leave --to out, or list that node alone under peers")
    }
    if tenure.operation != nil {
      return Refusal(
        .refused, "another failover of \(router.name) is under way",
        remedy: "`godwit status` shows it")
    }
    guard tenure.role == .active else {
      let active = router.participant.activeRouter.map { "; \($0.address) is Active" } ?? ""
      return Refusal(
        .refused,
        "this node is not Active for \(router.name), it is \(tenure.role.rawValue)\(active)",
        remedy: "run the command on the node that is Active")
    }
    return nil
  }

  private func plan(_ router: LocalRouter) -> String {
    let addresses = router.configuration.addresses.map(\.description).joined(separator: " ")
    let demotes = router.configuration.hooks.filter { $0.events.contains(.demote) }
      .map { $0.command.joined(separator: " ") }
    let gate =
      demotes.isEmpty ? "no demote hook" : "demote with \(demotes.joined(separator: ", then "))"
    return "would run: \(gate); remove \(addresses) from \(router.link?.name ?? "?"); send"
      + " priority 0; wait for another node to become Active. A Backup is silent in VRRP: whether"
      + " one is there shows only then, and without one this node takes the role back"
  }
}
