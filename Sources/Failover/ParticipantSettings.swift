import VRRP

/// What an operator sets for this node's part in one virtual router.
public struct ParticipantSettings: Hashable, Sendable {
  public var router: VirtualRouterSettings
  /// Whether there is exactly one other node.
  public var isPair: Bool
  public var lease: LeaseSettings
  /// Whether others that have the addresses are looked for.
  public var detectsConflicts: Bool
  /// Time between two announcements while Active.
  public var announcementRefresh: Duration
  public var checks: [CheckSettings]
  public var hooks: [HookSettings]

  public init(
    router: VirtualRouterSettings, isPair: Bool = false, lease: LeaseSettings? = nil,
    detectsConflicts: Bool = false, announcementRefresh: Duration = .seconds(60),
    checks: [CheckSettings] = [],
    hooks: [HookSettings] = []
  ) {
    self.router = router
    self.isPair = isPair
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
