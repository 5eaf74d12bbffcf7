import VRRP

/// What an operator sets for this node's part in one virtual router.
public struct ParticipantSettings: Hashable, Sendable {
  public var router: VirtualRouterSettings
  /// This node's name, as its peers call it.
  public var node: String
  /// Whether there is exactly one other node.
  public var isPair: Bool
  /// The names of the other nodes.
  public var peers: [String]
  public var lease: LeaseSettings
  /// Whether others that have the addresses are looked for.
  public var detectsConflicts: Bool
  /// How long the addresses may stay without the daemon during maintenance.
  public var maintenanceLease: Duration
  /// Time from one run of the prechecks to the next.
  public var precheckInterval: Duration
  /// Time between two announcements while Active.
  public var announcementRefresh: Duration
  public var checks: [CheckSettings]
  public var hooks: [HookSettings]

  public init(
    router: VirtualRouterSettings, node: String = "", isPair: Bool = false, peers: [String] = [],
    lease: LeaseSettings? = nil, detectsConflicts: Bool = false,
    maintenanceLease: Duration = .seconds(60), precheckInterval: Duration = .seconds(10),
    announcementRefresh: Duration = .seconds(60),
    checks: [CheckSettings] = [],
    hooks: [HookSettings] = []
  ) {
    self.router = router
    self.node = node
    self.isPair = isPair
    self.peers = peers
    self.maintenanceLease = maintenanceLease
    self.precheckInterval = precheckInterval
    self.detectsConflicts = detectsConflicts
    self.lease = lease ?? .standard(for: router.advertisementInterval.duration)
    self.announcementRefresh = announcementRefresh
    self.checks = checks
    self.hooks = hooks
  }
}

// A reload.
extension Participant {
  mutating func adopt(
    _ new: ParticipantSettings, at now: Instant, _ effects: inout [Effect]
  ) {
    let addressesChanged = new.router.addresses != settings.router.addresses
    let kept = Dictionary(checks.map { ($0.settings, $0) }, uniquingKeysWith: { first, _ in first })
    let lease = settings.lease.duration
    let hadLifetime = settings.lease.addressLifetime != nil
    settings = new
    elect(.settings(new.router), at: now, &effects)
    if router.isSlowingDown {
      earlierLease = min(lease, earlierLease ?? lease)
    } else {
      shortenLease(at: now, &effects)
    }
    followConflictSettings(at: now, &effects)
    if tenure.isHolding {
      refresh = new.lease.addressLifetime == nil ? nil : (now, 0)
      // Without a lease they stay for ever, which has to be said once.
      if hadLifetime, refresh == nil { effects.append(.refreshAddresses(allAddresses)) }
    }
    hooks.replaceHooks(new.hooks)
    prechecks.replaceHooks(new.hooks)
    schedulePrecheck(at: now)
    for name in peers.keys.sorted() where !new.peers.contains(name) {
      lose(name, at: now, &effects)
    }
    silentPeers.formIntersection(new.peers)
    followLongLease(at: now, &effects)
    // A check that is new counts as passing until it has had its say: a reload moves no role.
    checks = new.checks.map { kept[$0] ?? Check($0, at: now, assumedPassing: hasStarted) }
    applyPriority(at: now, &effects)
    applyFaults(at: now, &effects)
    if addressesChanged, tenure.isHolding {
      // The places of the old list mean nothing in the new one; announced again once it is here.
      announcements = nil
      effects.append(.install)
    }
    startWhenChecked(at: now, &effects)
  }

  private var allAddresses: Range<Int> { 0..<settings.router.addresses.count }
}
