import Configuration
import Control
import Failover
import LinuxIO
import VRRP

// What clients of the control socket ask for.
extension Daemon {
  func serve(_ number: UInt64, _ readiness: EventLoop.Readiness) {
    guard let client = control[number] else { return }
    // A client that only sends no more, as one at the end of a pipe, still waits for its answer.
    if client.hasAsked, readiness.contains(.hangup) { return leave(number) }
    if readiness.contains(.writable) { control.flush(number, loop: loop) }
    guard control[number] != nil, !client.hasAsked else { return }
    switch client.connection.receiveLine(limit: Request.maximumLineLength) {
    case .waiting: break
    case .closed: leave(number)
    case .tooLong:
      control.stopReading(number, loop: loop)
      refuse("the request is longer than a line may be", number)
    case .line(let line):
      control.stopReading(number, loop: loop)
      do throws(LineError) {
        answer(try Request(line: line), client, number)
      } catch {
        refuse("the request is not understood: \(error)", number)
      }
    }
  }

  private func refuse(_ why: String, _ number: UInt64) {
    control.finish(.error(Refusal(.usage, why)), to: number, loop: loop)
  }

  /// A client is gone; what it asked for goes on.
  private func leave(_ number: UInt64) {
    operations.forget(client: number)
    maintenanceRequests.forget(client: number)
    control.close(number, loop: loop)
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
      let known = routers.filter { $0.name == name && isShown($0) }
      let shown = known.isEmpty ? select(name) : .success(known)
      reply(number, shown.map { .status(report($0)) })
    case .history(let name, let limit):
      // What was here once may be asked for, for as long as it is remembered.
      if let name, routersByName[name] == nil, !store.history.knows(name),
        case .failure(let refusal) = select(name)
      {
        return control.finish(.error(refusal), to: number, loop: loop)
      }
      control.finish(store.history.reply(name, limit: limit), to: number, loop: loop)
    case .announce(let name):
      reply(number, select(name).flatMap(announceAgain))
    case .reload:
      reply(number, reload().map { .reload($0) })
    case .failover(let wanted):
      failover(wanted, number)
    case .maintenance(let name, let isOn):
      maintenance(name, isOn: isOn, number)
    }
  }

  private func reply(_ number: UInt64, _ result: Result<Outcome, Refusal>) {
    switch result {
    case .success(let outcome): control.finish(.result(outcome), to: number, loop: loop)
    case .failure(let refusal): control.finish(.error(refusal), to: number, loop: loop)
    }
  }

  /// Every virtual router, or the one of that name.
  func select(_ name: String?) -> Result<[LocalRouter], Refusal> {
    guard let name else { return .success(routers) }
    let found = routers.filter { $0.name == name && !$0.isLeaving }
    guard found.isEmpty else { return .success(found) }
    if waitingNames.contains(name) {
      return .failure(
        Refusal(
          .refused, "\(name) is not in force yet: what was here before a reload is leaving",
          remedy: "`godwit status` shows when that is done"))
    }
    let known = routers.filter { !$0.isLeaving }.map(\.name)
    return .failure(.unknownRouter(name, known: known))
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
      control.finish(.result(.failover(rehearse(wanted, router))), to: number, loop: loop)
      return
    }
    let now = Clock.now()
    let operation = operations.begin(
      router.name, client: number, wait: .milliseconds(wanted.waitMilliseconds),
      reason: wanted.reason, oldActive: holder(router), at: now)
    log.write(
      .notice,
      "\(router.name): failover \(operations.text(operation)) begins"
        + (wanted.reason.map { ": \($0)" } ?? ""))
    feed(router, .failover(FailoverOrder(operation, to: wanted.to, isForced: wanted.force)))
  }

  /// What speaks against a failover before anybody is asked.
  private func obstacle(_ wanted: FailoverRequest, _ router: LocalRouter) -> Refusal? {
    let participant = router.participant
    let nodes = [configuration.node] + configuration.peers.map(\.name)
    if let running = operations.status(of: router.name) {
      return .underWay(running.identifier, router: router.name)
    }
    if let to = wanted.to, !nodes.contains(to) { return .unknownNode(to, known: nodes) }
    if let holder = holder(router) {
      return wanted.to == holder ? .hasItAlready(holder, router: router.name) : nil
    }
    if wanted.force { return nil }
    if let active = participant.activeRouter {
      return silence(of: active.address, router)
    }
    return participant.maintenance.isOn
      ? .maintenanceIsOn(router.name) : .nobodyHolds(router.name)
  }

  /// Why nothing can be asked of the Active Router from here.
  private func silence(of active: IPAddress, _ router: LocalRouter) -> Refusal {
    var refusal: Refusal
    if !peers.isOpen {
      refusal = .peerChannelOff(peers.obstacle)
    } else if let node = nodeName(active, router) {
      refusal = .peerSilent(node, port: Int(peers.port))
    } else {
      refusal = Refusal(
        .refused, "it is none of the nodes under peers",
        remedy: "run the command on that node, or list its address under peers")
    }
    refusal.message = "\(active) is Active for \(router.name), not this node: \(refusal.message)"
    return refusal
  }

  /// The node that has the role or is about to, as far as nodes report; nil when none does.
  func holder(_ router: LocalRouter) -> String? {
    if router.participant.report.isActive { return configuration.node }
    return router.participant.peers.filter { $0.value.report.isActive }.keys.min()
  }

  /// The node that advertises from an address.
  func nodeName(_ address: IPAddress, _ router: LocalRouter) -> String? {
    if router.source == address { return configuration.node }
    return router.participant.peers.first { $0.value.report.source == address }?.key
      ?? configuration.peers.first { $0.addresses.contains(address) }?.name
  }
}
