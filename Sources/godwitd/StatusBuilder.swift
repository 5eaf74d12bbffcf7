import Configuration
import Control
import Failover
import Glibc
import LinuxIO
import VRRP

// What `godwit status` shows.
extension Daemon {
  func report(_ shown: [LocalRouter]) -> StatusReport {
    let now = Clock.now()
    var discarded: [String: Int] = [:]
    for reason in DiscardReason.allCases where discards[reason] > 0 {
      discarded[reason.rawValue] = Int(clamping: discards[reason])
    }
    countPeerDiscards(&discarded)
    return StatusReport(
      node: configuration.node, pid: Int(getpid()),
      uptimeMilliseconds: (now - started).wholeMilliseconds,
      configuration: ConfigurationStatus(file: configurationPath, loaded: loaded),
      virtualRouters: shown.filter { isShown($0) }.map { status($0, at: now) },
      discarded: discarded, peerChannel: peerChannelStatus,
      authentication: authenticationStatus(at: now))
  }

  /// One that leaves is shown as long as another of its name waits for that.
  func isShown(_ router: LocalRouter) -> Bool {
    !router.isLeaving || configuration.virtualRouters.contains { $0.name == router.name }
  }

  private func status(_ router: LocalRouter, at now: Instant) -> VirtualRouterStatus {
    let participant = router.participant
    let settings = router.configuration.router
    let isActive = participant.role == .active || participant.role == .releasing
    let active =
      isActive || participant.role == .claiming
      ? router.source.map { ($0, participant.router.priority) }
      : participant.activeRouter.map { ($0.address, $0.priority) }
    return VirtualRouterStatus(
      name: router.name, vrid: Int(settings.identifier.number),
      family: settings.family == .ipv4 ? .ipv4 : .ipv6,
      state: ReportedState(rawValue: participant.role.rawValue) ?? .initialize,
      since: Timestamp(participant.since, now: now), reason: participant.tenure.reason.rawValue,
      term: Int(clamping: participant.term),
      interface: router.link?.name ?? router.configuration.interface.description,
      addresses: router.configuration.addresses.map(\.description),
      addressesHeld: holdsAll(router),
      priority: Int(settings.priority.number),
      effectivePriority: Int(participant.router.priority.number),
      advertisementIntervalMilliseconds: settings.advertisementInterval.duration.wholeMilliseconds,
      activeRouter: active?.0.description, activeRouterPriority: active.map { Int($0.1.number) },
      maintenance: participant.maintenance.isOn,
      fit: participant.report.isFit,
      faultReasons: participant.tenure.faults.map(\.description).sorted()
        + [participant.precheckFailure].compactMap { $0 },
      lease: leaseStatus(router), conflict: conflict(router, at: now),
      checks: participant.checks.map { check in
        CheckStatus(
          name: check.settings.name, passing: check.isPassing,
          since: Timestamp(check.since, now: now), detail: check.detail)
      },
      hook: hook(router, at: now), operation: operations.status(of: router.name),
      peers: configuration.peers.map { peer($0, router, at: now) }, counters: counters(router),
      maintenanceDetail: maintenanceDetail(router), brokenPaths: brokenPaths(router, at: now),
      connections: connectionStatus(router))
  }

  /// nil where clients are not to be told.
  private func connectionStatus(_ router: LocalRouter) -> ConnectionStatus? {
    guard router.configuration.connections.onTakeover == .tickle else { return nil }
    let isHeard = !connections.reachablePeers().isEmpty
    return ConnectionStatus(
      shared: isHeard ? router.ledger?.count ?? 0 : 0, known: router.sharedConnections.count)
  }

  private func counters(_ router: LocalRouter) -> RouterCounters {
    var counters = router.counters
    let conflicts = router.participant.conflicts.counters
    counters.conflictsSeen = Int(clamping: conflicts.foreignClaims)
    counters.conflictsDefended = Int(clamping: conflicts.defences)
    return counters
  }

  private func conflict(_ router: LocalRouter, at now: Instant) -> ConflictStatus? {
    guard let conflict = router.participant.conflicts.lastConflict else { return nil }
    return ConflictStatus(
      address: conflict.address.description, hardwareAddress: conflict.hardware.description,
      node: conflict.mark?.primary.description,
      keepsOut: router.participant.conflicts.obstacle != nil,
      firstSeen: Timestamp(conflict.firstSeen, now: now),
      lastSeen: Timestamp(conflict.lastSeen, now: now), count: Int(clamping: conflict.count))
  }

  private func leaseStatus(_ router: LocalRouter) -> LeaseStatus {
    let settings = router.configuration.lease
    let waits = router.participant.peerWaits
    // An owner's addresses of its own belong to the host, whatever the daemon does.
    guard settings.isEnforced, !router.ownsAddresses(interfaces) else {
      return LeaseStatus(
        mechanism: .off, durationMilliseconds: 0,
        peerWaitsMilliseconds: waits.wholeMilliseconds, isSafe: false)
    }
    return LeaseStatus(
      mechanism: LeaseStatus.Mechanism(rawValue: lease.mechanism.rawValue) ?? .off,
      durationMilliseconds: settings.duration.wholeMilliseconds,
      peerWaitsMilliseconds: waits.wholeMilliseconds, isSafe: settings.duration < waits)
  }

  /// Read back from the kernel, not remembered.
  private func holdsAll(_ router: LocalRouter) -> Bool {
    guard let link = router.link else { return false }
    let addresses = router.configuration.router.addresses
    return interfaces.held(addresses, link.index)?.count == addresses.count
  }

  private func hook(_ router: LocalRouter, at now: Instant) -> HookStatus? {
    guard let run = router.participant.hooks.running,
      let child = children.hook(router, run.identifier)
    else { return nil }
    return HookStatus(
      event: run.order.event.rawValue, command: run.hook.command,
      since: Timestamp(child.started, now: now),
      eventIdentifier: "\(router.name)-\(run.order.term)-\(run.order.number)")
  }

  /// Where what nodes say of each other and what arrives do not go together.
  private func brokenPaths(_ router: LocalRouter, at now: Instant) -> [String] {
    var sentences = configuration.peers.flatMap { brokenChannel($0, router, at: now) }
    if let peer = router.participant.unheardPeer {
      sentences.append(
        BrokenPath.noAdvertisements(
          from: peer, interface: router.link?.name ?? router.configuration.interface.description,
          family: router.family == .ipv4 ? .ipv4 : .ipv6))
    }
    for source in router.foreignChecksums.sources.sorted() {
      sentences.append(foreignChecksum(source, router))
    }
    return sentences
  }

  func foreignChecksum(_ source: IPAddress, _ router: LocalRouter) -> String {
    BrokenPath.checksum(
      from: source.description,
      hasPseudoHeader: router.configuration.router.checksumForm == .message)
  }

  /// VRRP tells of a peer only while it is Active; what it reports itself tells more.
  private func peer(
    _ peer: PeerConfiguration, _ router: LocalRouter, at now: Instant
  ) -> PeerStatus {
    var status = PeerStatus(name: peer.name, addresses: peer.addresses.map(\.description))
    if let heard = router.lastHeard, peer.addresses.contains(heard.source) {
      status.lastSeenMilliseconds = (now - heard.at).wholeMilliseconds
      let isActive = router.participant.activeRouter?.address == heard.source
      if isActive {
        status.state = .active
        status.effectivePriority = Int(heard.priority.number)
      }
    }
    if let report = router.participant.peers[peer.name]?.report {
      status.state = ReportedState(rawValue: report.state.rawValue)
      status.effectivePriority = Int(report.effectivePriority.number)
      status.fit = report.isFit
    }
    describe(&status, router, at: now)
    return status
  }
}

extension Timestamp {
  /// The wall clock's time of an instant.
  init(_ instant: Instant, now: Instant) {
    self.init(
      milliseconds: Timestamp.now().milliseconds - Int64((now - instant).wholeMilliseconds))
  }
}
