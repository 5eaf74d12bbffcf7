import Authentication
import Configuration
import Failover
import LinuxIO
import VRRP

// What the other nodes tell this one.
extension Daemon {
  /// A report whose age is less certain says nothing of the clock: windows are of whole seconds.
  private static let clockUncertainty = Duration.milliseconds(500)

  /// Hears the datagrams that wait on the socket of a family, a batch of them.
  func hearPeers(_ number: UInt64) {
    guard let family = VRRP.AddressFamily(rawValue: UInt8(truncatingIfNeeded: number)) else {
      return
    }
    let now = Clock.now()
    var messages: [PeerMessage] = []
    let error = peers.receive(family) { bytes, route in
      do throws(PeerDiscardReason) {
        messages.append(try admit(bytes, route, at: now))
      } catch {
        discard(error, route, at: now)
      }
    }
    for message in messages { take(message, at: now) }
    if let error {
      log.writeLimited(.warning, about: "hear peers", at: now, "hearing the peers: \(error)")
    }
  }

  /// A message that is new and proved.
  private struct PeerMessage {
    let node: PeerNode
    let header: PeerHeader
    let sections: [PeerSection]
    let proof: PeerSession.Proof
    let route: PeerSocket.Route
  }

  /// From the cheapest question to the dearest.
  private func admit(
    _ bytes: Span<UInt8>, _ route: PeerSocket.Route, at now: Instant
  ) throws(PeerDiscardReason) -> PeerMessage {
    let header = try PeerHeader(decoding: bytes)
    guard header.receiver == configuration.node else { throw .notForUs }
    guard let node = peers.nodes[header.sender] else { throw .unknownSender }
    let end = PeerHeader.codeOffset(in: bytes)
    guard let code = peers.code(header.key, bytes.extracting(0..<end)) else { throw .unknownKey }
    guard isSameCode(code.span, bytes.extracting(end..<bytes.count)) else { throw .invalidCode }
    let sections = try PeerSection.list(in: bytes, behind: header)
    let proof = try node.session.receive(
      header.stamp, path: header.path, at: now, fresh: PeerNode.random)
    return PeerMessage(
      node: node, header: header, sections: sections, proof: proof, route: route)
  }

  private func discard(_ reason: PeerDiscardReason, _ route: PeerSocket.Route, at now: Instant) {
    peers.discards.count(reason)
    switch reason {
    case .replayed, .staleSession: return
    case .version:
      // Whose it is cannot be read; whose address it is can.
      let node = peers.nodes.values.first { $0.addresses.contains(route.peer) }
      node?.tooNewHeard = now
    case .tooShort, .tooLong, .magic, .malformedHeader, .notForUs, .unknownSender, .unknownKey,
      .invalidCode, .malformedSection:
      break
    }
    log.writeLimited(
      .warning, about: "peer discard \(reason.rawValue)", at: now,
      "a report from \(route.peer) was discarded: \(reason.explanation)")
  }

  private func take(_ message: PeerMessage, at now: Instant) {
    let node = message.node
    node.received &+= 1
    if message.proof.opensConnection { connectionOpened(node) }
    if let path = node.addresses.firstIndex(of: message.route.peer) { node.lastHeard[path] = now }
    node.heardPaths[message.header.path] = now
    if node.heardSince == nil {
      node.heardSince = now
      log.write(.notice, "\(node.name) reports to this node")
    }
    if let notBefore = message.proof.notBefore {
      node.clock.take(message.header.time, ours: peerTime(), notBefore: notBefore, at: now)
    }
    if message.header.asks { node.owesNodeReport = true }
    for section in message.sections { take(section, of: message, at: now) }
  }

  private func take(_ section: PeerSection, of message: PeerMessage, at now: Instant) {
    let node = message.node
    switch section {
    case .node(let said):
      node.version = said.version
      node.echoedPaths = Set(said.heardPaths)
    case .router(let said):
      // Only what is here too, which bounds how much is remembered.
      guard let router = routersByName[said.name] else { return }
      if message.header.asks { node.owe(said.name) }
      guard node.reports.take(said, counter: message.proof.counter, at: now) else { return }
      let report = said.report.believed(
        despite: router.digests.disagreements(with: said.configuration))
      learnClock(of: node, said.name, report.source)
      take(report, router, from: node.name, notBefore: message.proof.notBefore)
    case .chunk(let chunk):
      if let parcel = node.parcels.take(chunk) { take(parcel, from: node.name) }
    case .acknowledgement(let answer): node.parcels.take(answer, at: now)
    }
  }

  /// A peer that this node knows nothing about yet, or that has started anew.
  private func connectionOpened(_ node: PeerNode) {
    node.parcels.reset()
    node.reports.restart()
    node.asks = true
    node.owesNodeReport = true
    for router in routers where !router.isLeaving { node.owe(router.name) }
    peerOpened(node.name)
  }

  func loseWhenSilent(_ node: PeerNode, at now: Instant) {
    guard node.heardSince != nil, let last = node.session.lastProved,
      now - last >= PeerSession.patience
    else { return }
    node.heardSince = nil
    node.reports.forgetAll()
    node.echoedPaths = []
    log.write(.warning, "\(node.name) does not report to this node any more")
    forgetShared(with: node.name)
    for router in routers { feed(router, .peerLost(node.name)) }
  }

  /// What a report proves of the peer's clock counts for its advertisements, which only say the time.
  private func learnClock(of node: PeerNode, _ router: String, _ source: IPAddress?) {
    guard let source, let estimate = node.clock.estimate,
      estimate.uncertainty <= Self.clockUncertainty
    else { return }
    if node.clockSources.updateValue(source, forKey: router) != source { fitClock() }
    let half = Duration.milliseconds(estimate.offset < .zero ? -500 : 500)
    clock.learn(offset: (estimate.offset + half).components.seconds, of: source)
  }

  /// Forgets the clocks of senders that no peer says it is any more.
  func fitClock() {
    clock.mostPeers = configuration.peers.count * routersByName.count
    clock.forget(except: Set(peers.nodes.values.flatMap(\.clockSources.values)))
  }

  // MARK: What it means

  /// What a peer says of a virtual router; `notBefore` is nil when it cannot be told how old it is.
  private func take(
    _ report: PeerReport, _ router: LocalRouter, from name: String, notBefore: Instant?
  ) {
    feed(
      router,
      .peerReport(report, from: name, notBefore: notBefore ?? Instant(sinceBoot: .zero)))
  }
}
