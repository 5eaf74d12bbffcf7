import Configuration
import Control
import Failover
import LinuxIO
import VRRP

// What this node tells the others.
extension Daemon {
  /// Datagrams of reports for one peer in one turn of the loop, on all paths together.
  private static let mostDatagrams = 32
  /// Pieces of parcels for one peer in one turn of the loop.
  private static let mostChunks = 16
  /// Reports that leave at once in one turn of the loop; the rest shares datagrams at its end.
  private static let mostHurried = 8
  /// Virtual routers that are looked at for one datagram or two.
  private static let routersAtOnce = 64

  /// Opens the channel, or fits it to a changed configuration.
  func fitPeers() {
    fitPeers(peers.open(configuration, keyring: keyring))
  }

  /// The same with sockets that are open already.
  func fitPeers(_ opening: Peers.Opening) {
    let failures = peers.failures
    let before = peers.nodes.values.filter { $0.heardSince != nil }
    peers.fit(configuration, opening, keyring: keyring, loop: loop, at: Clock.now())
    for node in peers.nodes.values {
      node.clockSources = node.clockSources.filter { routersByName[$0.key] != nil }
    }
    fitClock()
    // Whoever cannot be heard any more says nothing any more.
    for node in before
    where peers.nodes[node.name] !== node || !node.addresses.contains(where: peers.isOpen) {
      node.heardSince = nil
      node.reports.forgetAll()
      forgetShared(with: node.name)
      for router in routers { feed(router, .peerLost(node.name)) }
    }
    guard peers.failures != failures, let obstacle = peers.obstacle else { return }
    log.write(
      peers.isOpen ? .warning : .error,
      peers.isOpen
        ? "the peer channel has not all of its paths: \(obstacle)"
        : "the peer channel is closed: \(obstacle)")
  }

  /// `.report`: what the virtual router says now goes to all peers.
  func report(_ router: LocalRouter, asks: Bool) {
    guard peers.isOpen, !router.isLeaving || router.participant.report.handover != nil else {
      return
    }
    let now = Clock.now()
    for node in peers.nodes.values where node.isTold(at: now) {
      node.owe(router.name)
      if asks { node.asks = true }
    }
    guard peers.hurried < Self.mostHurried else { return }
    peers.hurried += 1
    for node in peers.nodes.values { tell(node, at: now) }
  }

  /// Whatever is due, in pieces that leave the rest of the daemon its time.
  func tellPeersWhenDue() {
    peers.hurried = 0
    guard peers.isOpen else {
      if let due = peers.retry, due <= Clock.now() { fitPeers() }
      return
    }
    let now = Clock.now()
    if let due = peers.nextRound, due <= now { beginRound(due, at: now) }
    for node in peers.nodes.values {
      if node.isBusy(at: now) { tell(node, at: now) }
      loseWhenSilent(node, at: now)
    }
    if let due = peers.retry, due <= now { fitPeers() }
  }

  private func beginRound(_ due: Instant, at now: Instant) {
    // On its grid, unless the daemon stood still.
    peers.nextRound = due + Peers.round > now ? due + Peers.round : now + Peers.round
    for node in peers.nodes.values {
      node.owesNodeReport = true
      if node.isTold(at: now) {
        for router in routers where !router.isLeaving { node.owe(router.name) }
      }
      if node.asked.map({ now - $0 >= Peers.clockRound }) ?? true, node.heardSince != nil {
        node.asked = now
        node.asks = true
      }
    }
  }

  /// Sends one peer what waits for it, up to a bound.
  private func tell(_ node: PeerNode, at now: Instant) {
    var datagrams: [(bytes: [UInt8], route: PeerSocket.Route)] = []
    if let stamp = node.session.takeAnswer(at: now) {
      // By every path, as a hello: what it answers counts for nothing, and so does where that came from.
      for path in node.addresses.indices {
        if let sent = datagram(node, stamp, [], path, route(node, path), at: now) {
          datagrams.append(sent)
        }
      }
    }
    tellReports(node, &datagrams, at: now)
    tellParcels(node, &datagrams, at: now)
    node.sent &+= UInt64(datagrams.count)
    peers.send(datagrams)
  }

  private func tellReports(
    _ node: PeerNode, _ datagrams: inout [(bytes: [UInt8], route: PeerSocket.Route)],
    at now: Instant
  ) {
    let room = PeerHeader.room(from: configuration.node, to: node.name)
    while datagrams.count < Self.mostDatagrams, node.owesNodeReport || !node.unsent.isEmpty {
      var sections: [[UInt8]] = []
      if node.owesNodeReport {
        node.owesNodeReport = false
        let said = PeerNodeReport(version: godwitVersion, heardPaths: node.pathsHeard(at: now))
        sections.append(PeerSection.node(said).encoded)
      }
      for name in node.takeUnsent(Self.routersAtOnce) {
        guard let router = routersByName[name] else { continue }
        let said = PeerRouterReport(
          name: name, report: router.participant.report, configuration: router.digests)
        sections.append(PeerSection.router(said).encoded)
      }
      for part in PeerSection.pack(sections, room: room) {
        for path in node.addresses.indices where peers.isOpen(node.addresses[path]) {
          let route = self.route(node, path)
          let stamp = node.session.next(at: now)
          if let sent = datagram(node, stamp, part, path, route, at: now) { datagrams.append(sent) }
        }
        node.asks = false
      }
    }
  }

  private func tellParcels(
    _ node: PeerNode, _ datagrams: inout [(bytes: [UInt8], route: PeerSocket.Route)],
    at now: Instant
  ) {
    let open = node.addresses.indices.filter { peers.isOpen(node.addresses[$0]) }
    guard node.session.isConnected, node.heardSince != nil, !open.isEmpty else { return }
    let isRepeating = node.parcels.isRepeating(at: now)
    var sections = node.parcels.chunks(limit: Self.mostChunks, at: now).map {
      PeerSection.chunk($0).encoded
    }
    if let answer = node.parcels.takeAcknowledgement() {
      sections.append(PeerSection.acknowledgement(answer).encoded)
    }
    guard !sections.isEmpty else { return }
    // What was lost on one path goes by the next.
    if isRepeating { node.parcelPath += 1 }
    let heard = open.filter { place in
      node.lastHeard[place].map { now - $0 < PeerSession.patience } ?? false
    }
    let usable = heard.isEmpty ? open : heard
    let path = usable[node.parcelPath % usable.count]
    let room = PeerHeader.room(from: configuration.node, to: node.name)
    for part in PeerSection.pack(sections, room: room) {
      let stamp = node.session.next(at: now)
      if let sent = datagram(node, stamp, part, path, route(node, path), at: now) {
        datagrams.append(sent)
      }
    }
  }

  private func datagram(
    _ node: PeerNode, _ stamp: PeerStamp, _ sections: some Sequence<[UInt8]>, _ path: Int,
    _ route: PeerSocket.Route, at now: Instant
  ) -> (bytes: [UInt8], route: PeerSocket.Route)? {
    let header = PeerHeader(
      key: peers.activeKey, asks: node.asks, path: UInt8(clamping: path),
      stamp: stamp, time: peerTime(), sender: configuration.node, receiver: node.name)
    let bytes = header.encode(sections)
    guard let code = peers.code(peers.activeKey, bytes.span) else { return nil }
    return (bytes + code, route)
  }

  private func route(_ node: PeerNode, _ path: Int) -> PeerSocket.Route {
    let address = node.addresses[path]
    guard address.isLinkLocal else { return PeerSocket.Route(to: address, port: peers.port) }
    // It means something on an interface only: that of the virtual routers.
    let index = routers.lazy.compactMap { $0.link?.index }.first ?? 0
    return PeerSocket.Route(to: address, port: peers.port, by: index)
  }

  /// What the signing clock says.
  func peerTime() -> PeerTime {
    let time = clock.time(at: Clock.now())
    return PeerTime(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }
}
