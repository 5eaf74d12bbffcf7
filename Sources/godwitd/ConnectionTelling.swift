import Control
import Failover
import LinuxIO
import VRRP

// A node that takes over tells the clients of who held the role before.
extension Daemon {
  /// Begins to tell them; `clientsTold` has the answer once the first round has begun.
  func beginTelling(_ router: LocalRouter) {
    let now = Clock.now()
    router.formerHolder = nil
    if let handover = router.participant.report.handover, case .taking = handover.step {
      router.formerHolder = (handover.partner, now)
    }
    var clients: Set<TCPConnection> = []
    if router.configuration.connections.onTakeover == .tickle, router.link != nil {
      let addresses = router.configuration.router.addresses
      clients = router.meant(router.sharedConnections.connections(of: addresses))
      clients.formUnion(router.meant(router.lateConnections.takeAll(of: addresses)))
    }
    guard !clients.isEmpty else {
      clientsTold(router, 0)
      return
    }
    tell(clients, router, at: now)
  }

  /// A piece of what the former holder still had when the addresses had left it.
  func hearLate(
    _ piece: ConnectionParcel.Piece, _ router: LocalRouter, from peer: String, at now: Instant
  ) {
    guard router.configuration.connections.onTakeover == .tickle,
      router.lateConnections.take(piece, from: peer, at: now),
      let former = router.formerHolder,
      router.lateConnections.isTold(
        takenOverFrom: former.name, at: former.at,
        isHolding: router.participant.tenure.isHolding, at: now)
    else { return }
    let clients = router.meant(
      router.lateConnections.takeAll(of: router.configuration.router.addresses))
    if router.telling != nil {
      if let count = router.telling?.add(clients, at: now) { noteTold(router, count) }
      tellClients(at: now)
    } else if !clients.isEmpty {
      tell(clients, router, at: now)
    }
  }

  private func tell(_ clients: Set<TCPConnection>, _ router: LocalRouter, at now: Instant) {
    router.telling = ClientTelling(Array(clients), at: now)
    if !connections.tellers.contains(where: { $0 === router }) {
      connections.tellers.append(router)
    }
    tellClients(at: now)
  }

  /// A step for everyone who is telling: a look at the host's own connections, or a batch for one.
  func tellClients(at now: Instant) {
    guard !connections.tellers.isEmpty else { return }
    for router in connections.tellers where !router.participant.tenure.isHolding {
      router.telling = nil
    }
    connections.tellers.removeAll { $0.telling == nil }
    for router in connections.tellers where router.telling?.beginsToLook(at: now) == true {
      connections.lookers.append(router)
    }
    startLook()
    // One batch for one of them, and then it is the next one's turn.
    guard
      let place = connections.tellers.firstIndex(where: { router in
        router.telling?.due(at: now, limit: 1).isEmpty == false
      })
    else { return }
    let router = connections.tellers.remove(at: place)
    tellBatch(router, at: now)
    if router.telling != nil { connections.tellers.append(router) }
  }

  private func tellBatch(_ router: LocalRouter, at now: Instant) {
    guard let telling = router.telling, let link = router.link else {
      router.telling = nil
      return
    }
    let due = telling.due(at: now, limit: TickleSender.batch)
    let result = connections.sender.send(due, router.family, interfaceIndex: link.index)
    let settled = result.sent + result.failed
    router.counters.ticklesSent += result.sent
    if let failure = result.failure {
      log.writeLimited(
        .warning, about: "tickle \(router.name)", at: now,
        "\(router.name): clients of the former holder could not be told: \(failure)")
    }
    router.telling?.sent(settled, isQueueFull: settled < due.count, at: now)
    guard router.telling?.isOver == true else { return }
    router.telling = nil
    router.sharedConnections.forgetAll()
    for peer in connections.reachablePeers() {
      _ = connections.send(ConnectionParcel.told.bytes, router.name, peer)
    }
  }

  /// Lists the connections of all that wait for it.
  private func startLook() {
    guard connections.look == nil, !connections.lookers.isEmpty else { return }
    let waiting = connections.lookers.filter { $0.telling != nil }
    let routers = waiting.filter { $0.connectionScope != nil }
    connections.lookers = []
    connections.look = list(routers, .look)
    // Without a list all are told: who is connected here answers for nothing.
    if connections.look == nil { for router in waiting { looked(router, []) } }
  }

  func proceedLook() {
    guard let listing = connections.look else { return }
    var isOver = true
    do throws(SystemError) {
      isOver = try listing.survey.proceed { scope, connection in
        listing.found[scope].insert(connection)
      }
    } catch {
      complain(error)
    }
    guard isOver else { return }
    loop.forget(listing.survey.descriptor)
    connections.look = nil
    for (router, own) in zip(listing.routers, listing.found) { looked(router, own) }
    startLook()
  }

  private func looked(_ router: LocalRouter, _ own: Set<TCPConnection>) {
    let now = Clock.now()
    let isFirst = router.telling?.roundsSent == 0
    if !isFirst { askNeighborsAgain(router) }
    router.telling?.looked(own, at: now)
    tellClients(at: now)
    if isFirst, let count = router.telling?.clients.count { clientsTold(router, count) }
  }

  /// Whoever should carry the round before and was asked in vain is asked again with this one: the
  /// switch may have learned meanwhile where this node is.
  private func askNeighborsAgain(_ router: LocalRouter) {
    guard let link = router.link else { return }
    do throws(SystemError) {
      _ = try connections.neighbors.forgetUnanswered(router.family, interfaceIndex: link.index)
    } catch {
      log.writeLimited(
        .warning, about: "neighbor table", at: Clock.now(),
        "\(router.name): neighbours that did not answer could not be asked again: \(error)")
    }
  }

  /// The first round has begun.
  private func clientsTold(_ router: LocalRouter, _ count: Int) {
    feed(router, .connectionsTold(count))
    noteTold(router, count)
  }

  private func noteTold(_ router: LocalRouter, _ count: Int) {
    router.counters.connectionsTold += count
    guard count > 0 else { return }
    log.write(.notice, "\(router.name): \(count) clients of the former holder are told")
  }
}

extension LocalRouter {
  /// Those with a port that is meant.
  fileprivate func meant(_ clients: Set<TCPConnection>) -> Set<TCPConnection> {
    let ports = configuration.connections.ports
    return ports.isEmpty ? clients : clients.filter { ports.contains($0.localPort) }
  }
}
