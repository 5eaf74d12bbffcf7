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
    connections.toReset.append(router)
    startResets()
    // A few connections are done with before the next step takes their address.
    while connections.resetting != nil, connections.atOnce > .zero {
      let began = Clock.now()
      proceedReset(at: began)
      connections.atOnce -= Clock.now() - began
    }
  }

  /// All that wait at once: the kernel's list is read once for them.
  private func startResets() {
    guard connections.resetting == nil, !connections.toReset.isEmpty else { return }
    var routers: [LocalRouter] = []
    for router in connections.toReset where !routers.contains(where: { $0 === router }) {
      routers.append(router)
    }
    connections.toReset = []
    let gone = routers.filter { $0.connectionScope == nil }
    routers.removeAll { $0.connectionScope == nil }
    for router in gone { connectionsReset(router, ConnectionReset.Result(), nil) }
    guard !routers.isEmpty else { return }
    do throws(SystemError) {
      let resetting = Connections.Resetting(
        try ConnectionReset.start(
          routers.compactMap(\.resetScope), limit: Connections.mostResets,
          until: Clock.now() + Connections.resetLimit), routers)
      try loop.watch(
        resetting.reset.descriptor, for: .readable,
        token: Token.connections.with(Connections.Work.reset.rawValue))
      connections.resetting = resetting
    } catch {
      for router in routers { connectionsReset(router, ConnectionReset.Result(), error) }
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
    for (router, result) in zip(resetting.routers, resetting.reset.results) {
      connectionsReset(router, result, result.reset == 0 ? failure : nil)
    }
    startResets()
  }

  private func connectionsReset(
    _ router: LocalRouter, _ result: ConnectionReset.Result, _ failure: SystemError?
  ) {
    feed(router, .connectionsReset(reset: result.reset, left: result.left))
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
