import Control
import Failover
import LinuxIO
import VRRP

// A node that gives the role up ends what both sides of a connection still believe in.
extension Daemon {
  /// Resets the connections of a virtual router's addresses; `connectionsReset` has the answer.
  func beginReset(_ router: LocalRouter) {
    // From here on a connection that ends may be one of whose end its client has not heard.
    router.ledger = nil
    guard router.configuration.connections.onRelease == .reset, router.connectionScope != nil
    else {
      connectionsReset(router, ConnectionReset.Result(), nil)
      return
    }
    connections.toReset.append(Connections.ResetOrder(router: router, purpose: .release))
    startResets()
    // A few connections are done with before the next step takes their address.
    while connections.resetting != nil, connections.atOnce > .zero {
      let began = Clock.now()
      proceedReset(at: began)
      connections.atOnce -= Clock.now() - began
    }
  }

  /// Resets the connections of addresses that virtual routers drop while they keep the role; those of
  /// `droppedConnections` are done with once the loop comes round.
  func beginDrop(_ orders: [(router: LocalRouter, scope: ConnectionScope)]) {
    for (router, scope) in orders where !router.isDropping {
      router.isDropping = true
      connections.toReset.append(
        Connections.ResetOrder(router: router, purpose: .drop(scope)))
    }
    startResets()
  }

  /// All that wait at once: the kernel's list is read once for them.
  private func startResets() {
    guard connections.resetting == nil, !connections.toReset.isEmpty else { return }
    let waiting = connections.toReset
    connections.toReset = []
    var orders: [Connections.ResetOrder] = []
    var scopes: [ConnectionScope] = []
    for order in waiting where !orders.contains(where: order.repeats) {
      guard let scope = order.scope else {
        finish(order, ConnectionReset.Result(), nil)
        continue
      }
      orders.append(order)
      scopes.append(scope)
    }
    guard !orders.isEmpty else { return }
    do throws(SystemError) {
      let resetting = Connections.Resetting(
        try ConnectionReset.start(
          scopes, limit: Connections.mostResets,
          until: Clock.now() + Connections.resetLimit), orders)
      try loop.watch(
        resetting.reset.descriptor, for: .readable,
        token: Token.connections.with(Connections.Work.reset.rawValue))
      connections.resetting = resetting
    } catch {
      for order in orders { finish(order, ConnectionReset.Result(), error) }
    }
  }

  func proceedReset(at now: Instant) {
    guard let resetting = connections.resetting else { return }
    var failure: SystemError?
    do throws(SystemError) {
      guard try resetting.reset.proceed(at: now) else { return }
      failure = resetting.reset.refusal
    } catch {
      failure = error
    }
    loop.forget(resetting.reset.descriptor)
    connections.resetting = nil
    for (order, result) in zip(resetting.orders, resetting.reset.results) {
      finish(order, result, result.reset == 0 ? failure : nil)
    }
    startResets()
  }

  private func finish(
    _ order: Connections.ResetOrder, _ result: ConnectionReset.Result, _ failure: SystemError?
  ) {
    switch order.purpose {
    case .release:
      connectionsReset(order.router, result, failure)
    case .drop(let scope):
      order.router.isDropping = false
      order.router.droppedConnections.formUnion(scope.addresses)
      isToFit = true
      note(result, failure, of: order.router)
    }
  }

  private func connectionsReset(
    _ router: LocalRouter, _ result: ConnectionReset.Result, _ failure: SystemError?
  ) {
    feed(router, .connectionsReset(reset: result.reset, left: result.left))
    note(result, failure, of: router)
  }

  private func note(
    _ result: ConnectionReset.Result, _ failure: SystemError?, of router: LocalRouter
  ) {
    router.counters.connectionsReset += result.reset
    router.counters.connectionsLeft += result.left
    if let failure {
      log.writeLimited(
        .warning, about: "reset \(router.name)", at: Clock.now(),
        "\(router.name): connections of the addresses could not be reset: \(failure)")
    } else if result.reset > 0 || result.left > 0 {
      log.write(
        .notice,
        "\(router.name): \(result.reset) connections of the addresses reset"
          + (result.left > 0 ? ", \(result.left) left" : ""))
    }
  }
}

extension Connections.ResetOrder {
  /// nil without an interface or an address.
  fileprivate var scope: ConnectionScope? {
    switch purpose {
    case .release: router.resetScope
    case .drop(let scope): scope
    }
  }

  /// Whether this asks for what another one does already.
  fileprivate func repeats(_ other: Self) -> Bool {
    guard case .release = purpose, case .release = other.purpose else { return false }
    return router === other.router
  }
}

extension LocalRouter {
  /// What a reset is about. In a handover the successor tells the clients of half-open connections: a
  /// request that is dropped sends no RST, and its client may take itself for connected.
  fileprivate var resetScope: ConnectionScope? {
    guard var scope = connectionScope else { return nil }
    if let handover = participant.report.handover, case .handing = handover.step {
      scope.sparesHalfOpen = configuration.connections.onTakeover == .tickle
    }
    return scope
  }
}
