import VRRP

/// What another node last said.
public struct PeerView: Equatable, Sendable {
  public var report: PeerReport
  /// It was not written before this time of our clock.
  public var notBefore: Instant
}

// What the other nodes say, and what this one tells them.
extension Participant {
  /// Intervals of silence after which the peers are asked whether somebody is Active.
  static let silenceBeforeAsking = (numerator: 5, denominator: 2)
  /// Intervals of silence before which nothing that a peer says speaks against the election.
  static let silenceOfEvidence = 2

  /// What this node tells the others.
  public var report: PeerReport {
    let isFit = tenure.faults.isEmpty && precheckFailure == nil && hasStarted
    return PeerReport(
      state: role,
      effectivePriority: tenure.faults.isEmpty && hasStarted ? router.priority : .release,
      isFit: isFit && !tenure.isShuttingDown, term: highestTerm,
      isHolding: mayAnswer || isResuming, source: source, maintenance: maintenance,
      handover: handover?.message)
  }

  /// Tells the others when that has changed, before any program is started.
  mutating func tellPeers(at now: Instant, _ effects: inout [Effect]) {
    let report = report
    guard report != lastReport else { return }
    lastReport = report
    guard !settings.peers.isEmpty else { return }
    let place = effects.firstIndex { if case .startHook = $0 { true } else { false } }
    effects.insert(.report(asks: false), at: place ?? effects.endIndex)
  }

  /// Whether a report says what the last one said, and nothing waits for it to be said later.
  func isRoutine(_ report: PeerReport, from name: String) -> Bool {
    guard handover == nil, longLease == nil, !tenure.isResuming, report.handover == nil,
      !(isActive && report.isActive), !tenure.state.isClaiming
    else { return false }
    return peers[name]?.report == report
  }

  mutating func heed(
    _ report: PeerReport, from name: String, notBefore: Instant, at now: Instant,
    _ effects: inout [Effect]
  ) {
    guard settings.peers.contains(name) else { return }
    peers[name] = PeerView(report: report, notBefore: notBefore)
    silentPeers.remove(name)
    confirmed[name] = report.maintenance
    if report.term > highestTerm {
      highestTerm = report.term
      if !isActive { term = highestTerm }
    }
    if report.isActive, tenure.state == .none { heldLast = false }
    heed(report.maintenance, from: name, at: now, &effects)
    noteLongLease(report, at: now)
    followLongLease(at: now, &effects)
    if tenure.isResuming, report.isActive { perform(.notResumed(.preempted), at: now, &effects) }
    endHoldOff(report, notBefore, at: now, &effects)
    yieldToBetter(report, notBefore, at: now, &effects)
    follow(report.handover, from: name, notBefore: notBefore, at: now, &effects)
  }

  /// Whether this router is Active in the election.
  var isActive: Bool { if case .active = router.state { true } else { false } }

  mutating func lose(_ name: String, at now: Instant, _ effects: inout [Effect]) {
    if peers.removeValue(forKey: name) != nil { silentPeers.insert(name) }
    followLongLease(at: now, &effects)
    partnerLost(name, at: now, &effects)
  }

  /// The node that a planned failover is with.
  var partnerAddress: IPAddress? {
    guard let handover, !handover.isOver else { return nil }
    return peers[handover.partner]?.report.source
  }

  /// Whether this router's node tells its term itself.
  public func isReporting(_ sender: IPAddress) -> Bool {
    peers.values.contains { $0.report.source == sender }
  }

  /// The router that was pushed aside has said that it does not answer any more. With a third node it
  /// may have handed the role to that one.
  private mutating func endHoldOff(
    _ report: PeerReport, _ notBefore: Instant, at now: Instant, _ effects: inout [Effect]
  ) {
    guard settings.isPair, tenure.state.isClaiming, let rivalEnds, now < rivalEnds, let claimBegan,
      let formerRouter, report.source == formerRouter,
      !report.isHolding, !report.isActive, notBefore >= claimBegan
    else { return }
    beatsToSend = 0
    self.rivalEnds = nil
    perform(.holdOff(until: now), at: now, &effects)
  }

  /// Two that are Active and hear each other only here: the election decides between them, as if the
  /// advertisements had arrived.
  private mutating func yieldToBetter(
    _ report: PeerReport, _ notBefore: Instant, at now: Instant, _ effects: inout [Effect]
  ) {
    guard isActive, report.isActive, let source = report.source, let claimBegan,
      notBefore >= claimBegan + interval * Self.silenceOfEvidence
    else { return }
    let heard = Advertisement(
      version: settings.router.version, identifier: settings.router.identifier,
      priority: report.effectivePriority, interval: settings.router.advertisementInterval,
      checksumForm: .message, addressCount: settings.router.addresses.count)
    guard
      heard.priority > router.priority
        || heard.priority == router.priority && self.source.map({ source > $0 }) ?? false
    else { return }
    elect(.advertisement(heard, from: source), at: now, &effects)
  }

  // MARK: Silence

  /// An Active Router was heard, perhaps saying goodbye.
  mutating func heardActive(_ sender: IPAddress, isGoodbye: Bool = false, at now: Instant) {
    heardAt = now
    lastAdvertisement = now
    hasAsked = false
    unheardPeer = nil
    guard isGoodbye else {
      heldLast = false
      if maintenance.isOn { longLease = (sender, now + longLeaseBound) }
      return
    }
    if longLease?.keeper == sender || longLease?.keeper == nil { longLease = nil }
  }

  /// A Backup begins to wait.
  mutating func waitAgain(at now: Instant) {
    heardAt = now
    hasAsked = false
  }

  var activeInterval: Duration { router.activeAdvertisementInterval.duration }

  /// When the peers are asked, since the Active Router is not heard.
  var askDue: Instant? {
    guard router.isBackup, !hasAsked, !settings.peers.isEmpty else { return nil }
    let (numerator, denominator) = Self.silenceBeforeAsking
    return heardAt + activeInterval * numerator / denominator
  }

  mutating func askWhenDue(at now: Instant, _ effects: inout [Effect]) {
    guard let due = askDue, now >= due else { return }
    hasAsked = true
    effects.append(.report(asks: true))
  }

  /// Adver_Timer or Active_Down_Timer has run out.
  mutating func electOrRefrain(at now: Instant, _ effects: inout [Effect]) {
    guard router.isBackup, let restraint = restraint(at: now) else {
      return elect(.timer, at: now, &effects)
    }
    if case .peerIsActive(let name) = restraint { unheardPeer = name }
    effects.append(.refrained(restraint))
    elect(.advertisementsMissed, at: now, &effects)
  }

  /// Why this node must not claim now.
  private func restraint(at now: Instant) -> Restraint? {
    if tenure.isHandingOver, tenure.isShuttingDown || handover?.waits(at: now) == true {
      return .handover
    }
    if isHeldBack(at: now) || tenure.isResuming { return .maintenance }
    let evidence = heardAt + activeInterval * Self.silenceOfEvidence
    let active = peers.filter { $0.value.report.isActive && $0.value.notBefore >= evidence }
    return active.keys.min().map { .peerIsActive($0) }
  }
}
