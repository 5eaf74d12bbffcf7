import VRRP

// Maintenance: nobody moves the role by itself, and the addresses survive a restart of the daemon.
extension Participant {
  /// How much longer than it knows of a holder's long lease a Backup waits: advertisements may be
  /// lost before a death, and clocks drift.
  static let longLeaseMargin = Duration.seconds(5)

  /// The lease that a holder has while every other node knows of the maintenance.
  var longestLease: Duration { max(settings.lease.duration, settings.maintenanceLease) }

  var longLeaseBound: Duration { longestLease + activeInterval * 3 + Self.longLeaseMargin }

  /// Whether the addresses may outlive the daemon for as long as `maintenanceLease`: every peer says that
  /// it waits.
  public var keepsAddresses: Bool { hasLongLease && tenure.state == .held }

  /// Whether the addresses are to stay when the daemon is gone: under maintenance, or kept by an earlier
  /// run about which nothing has been decided.
  ///
  /// A peer that has said that it knows of the maintenance claims nothing, silent as it may be now; one
  /// that never did would, so that a stop is one like any other then.
  public var staysWithoutDaemon: Bool {
    guard maintenance.isOn else { return false }
    if isResuming { return true }
    guard tenure.state == .held else { return false }
    return tenure.isSuspended
      || !settings.peers.isEmpty && settings.peers.allSatisfy { confirmed[$0] == maintenance }
  }

  /// Whether addresses of an earlier run are here and nothing is decided about them.
  public var isResuming: Bool { tenure.isResuming }

  /// The lifetime that held addresses need, when it is longer than usual.
  public var longLifetime: Duration? { hasLongLease ? longestLease * 2 : nil }

  /// Whether a Backup must not claim because people are at work, or because the holder's long lease
  /// may run on behind them.
  ///
  /// Whoever had the role last, as far as is known, may have it back: nobody else would claim it, and it
  /// does not move.
  func isHeldBack(at now: Instant) -> Bool {
    if maintenance.isOn { return !heldLast }
    if let longLease { return now < longLease.until }
    return false
  }

  /// Somebody on this node switches it.
  mutating func orderMaintenance(
    _ mark: MaintenanceMark, at now: Instant, _ effects: inout [Effect]
  ) {
    orderedMaintenance = mark.isOn ? (mark, Set(settings.peers)) : nil
    adopt(mark, at: now, &effects)
  }

  /// Takes a peer's newer mark over.
  ///
  /// The one exception: an order for maintenance was given here, and the peer ended its own without
  /// knowing of that, while the two were apart. Its mark has a higher version by the number of
  /// commands alone, and whoever ordered maintenance here is still at work: the order is given again,
  /// above that mark.
  mutating func heed(
    _ mark: MaintenanceMark, from name: String, at now: Instant, _ effects: inout [Effect]
  ) {
    if mark == orderedMaintenance?.mark { orderedMaintenance?.untold.remove(name) }
    guard mark > maintenance else { return }
    if !mark.isOn, orderedMaintenance?.untold.contains(name) == true {
      orderMaintenance(mark.switched(true), at: now, &effects)
    } else {
      orderedMaintenance = nil
      adopt(mark, at: now, &effects)
    }
  }

  private mutating func adopt(_ mark: MaintenanceMark, at now: Instant, _ effects: inout [Effect]) {
    guard mark > maintenance else { return }
    let wasOn = maintenance.isOn
    maintenance = mark
    effects.append(.keepMaintenance(mark))
    if mark.isOn { longLease = (activeRouter?.address, now + longLeaseBound) }
    followLongLease(at: now, &effects)
    applyFaults(at: now, &effects)
    if tenure.isSuspended, !mark.isOn {
      // The others wait no longer: the addresses cannot stay without the daemon.
      perform(.notSuspended, at: now, &effects)
      shutDown(nil, at: now, &effects)
    }
    guard wasOn != mark.isOn, hasStarted else { return }
    order(.maintenance, .manual, true, nil, at: now, &effects)
  }

  /// Whether every other node has said that it knows of the maintenance.
  private var isKnownToAll: Bool {
    maintenance.isOn && !settings.peers.isEmpty
      && settings.peers.allSatisfy { peers[$0]?.report.maintenance == maintenance }
  }

  /// The lease gets long when all others wait, and short before any of them stops.
  mutating func followLongLease(at now: Instant, _ effects: inout [Effect]) {
    guard isKnownToAll != hasLongLease else { return }
    hasLongLease.toggle()
    guard tenure.isHolding else { return }
    if hasLongLease {
      // From now on, not from the next advertisement on.
      send(router.priority, at: now, &effects)
    } else {
      shortenLease(at: now, &effects)
    }
    if settings.lease.addressLifetime != nil { refresh = (now, 0) }
    refreshWhenDue(at: now, &effects)
  }

  /// A holder that knows of the end of the maintenance has a short lease.
  mutating func noteLongLease(_ report: PeerReport, at now: Instant) {
    let isOver = settings.peers.allSatisfy { peers[$0].map { hasShortLease($0.report) } ?? false }
    // Nobody's lease is long any more, whoever had one.
    if isOver, !maintenance.isOn { longLease = nil }
    guard let longLease, longLease.keeper == report.source else { return }
    if hasShortLease(report) {
      self.longLease = nil
    } else if report.isActive, report.maintenance.isOn {
      self.longLease = (longLease.keeper, now + longLeaseBound)
    }
  }

  /// A daemon that was just started may have found the addresses with the lease of the run before it,
  /// which it does not shorten before it is Active again.
  private func hasShortLease(_ report: PeerReport) -> Bool {
    report.maintenance >= maintenance && !report.maintenance.isOn
      && (report.isActive || !report.isHolding)
  }

  // MARK: Restart of the daemon

  mutating func suspend(at now: Instant, _ effects: inout [Effect]) {
    guard staysWithoutDaemon else {
      return shutDown(nil, at: now, &effects)
    }
    dropAsked("the daemon stops", &effects)
    if let handover, handover.part == .giving, !handover.isOver {
      endGiving(.refused("the daemon stops"), at: now, &effects)
    }
    // The full lease from now on: an advertisement first, so that nobody waits in vain.
    if tenure.isHolding { send(router.priority, at: now, &effects) }
    perform(.suspended, at: now, &effects)
  }

  mutating func resumeWhenDue(at now: Instant, _ effects: inout [Effect]) {
    guard let due = resumeDue, now >= due else { return }
    resumeDue = nil
    guard tenure.isResuming, router.isBackup else { return }
    guard activeRouter == nil, !peers.values.contains(where: { $0.report.isActive }) else {
      return perform(.notResumed(.preempted), at: now, &effects)
    }
    entry = .resumed
    elect(.takeOver(from: nil), at: now, &effects)
  }
}
