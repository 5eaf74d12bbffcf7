/// One virtual router as this node sees it.
public struct VirtualRouterStatus: Equatable, Sendable {
  public var name: String
  /// 1-255.
  public var vrid: Int
  public var family: AddressFamily
  public var state: ReportedState
  /// When the state began.
  public var since: Timestamp
  /// Why, a word of `GODWIT_REASON`: `peer_timeout`, `startup`, …
  public var reason: String
  /// Grows by one at every change of owner.
  public var term: Int
  /// The interface's name.
  public var interface: String
  /// With their prefix lengths.
  public var addresses: [String]
  /// Read back from the kernel: all addresses are on the interface.
  public var addressesHeld: Bool
  /// As configured, 1-255.
  public var priority: Int
  /// After failed checks took their share; 0 when the node cannot serve.
  public var effectivePriority: Int
  public var advertisementIntervalMilliseconds: Int
  /// The address of the Active router, which may be this node.
  @OrNull public var activeRouter: String?
  @OrNull public var activeRouterPriority: Int?
  /// No automatic change of role.
  public var maintenance: Bool
  /// What maintenance means just now: who knows of it, how long the address may stay alone.
  @OrNull public var maintenanceDetail: String?
  /// Whether this node could serve.
  public var fit: Bool
  /// Why it cannot, a sentence each.
  public var faultReasons: [String]
  public var lease: LeaseStatus
  /// The last conflict about an address since the daemon started.
  @OrNull public var conflict: ConflictStatus?
  public var checks: [CheckStatus]
  /// The hook program that runs now.
  @OrNull public var hook: HookStatus?
  /// The planned failover that runs now.
  @OrNull public var operation: OperationStatus?
  public var peers: [PeerStatus]
  public var counters: RouterCounters
  /// Ways between the nodes that do not work as they should, a sentence each.
  public var brokenPaths: [String]
  @OrNull public var connections: ConnectionStatus?

  public init(
    name: String, vrid: Int, family: AddressFamily, state: ReportedState, since: Timestamp,
    reason: String, term: Int, interface: String, addresses: [String], addressesHeld: Bool,
    priority: Int, effectivePriority: Int, advertisementIntervalMilliseconds: Int,
    activeRouter: String? = nil, activeRouterPriority: Int? = nil, maintenance: Bool = false,
    fit: Bool, faultReasons: [String] = [], lease: LeaseStatus, conflict: ConflictStatus? = nil,
    checks: [CheckStatus] = [],
    hook: HookStatus? = nil, operation: OperationStatus? = nil, peers: [PeerStatus] = [],
    counters: RouterCounters = RouterCounters(), maintenanceDetail: String? = nil,
    brokenPaths: [String] = [], connections: ConnectionStatus? = nil
  ) {
    self.name = name
    self.vrid = vrid
    self.family = family
    self.state = state
    self.since = since
    self.reason = reason
    self.term = term
    self.interface = interface
    self.addresses = addresses
    self.addressesHeld = addressesHeld
    self.priority = priority
    self.effectivePriority = effectivePriority
    self.advertisementIntervalMilliseconds = advertisementIntervalMilliseconds
    self.activeRouter = activeRouter
    self.activeRouterPriority = activeRouterPriority
    self.maintenance = maintenance
    self.fit = fit
    self.faultReasons = faultReasons
    self.lease = lease
    self.conflict = conflict
    self.checks = checks
    self.hook = hook
    self.operation = operation
    self.peers = peers
    self.counters = counters
    self.maintenanceDetail = maintenanceDetail
    self.brokenPaths = brokenPaths
    self.connections = connections
  }
}

/// The family of a virtual router's addresses.
public enum AddressFamily: String, Codable, Sendable, CaseIterable {
  case ipv4, ipv6
}

/// The role of a node, refined by where the addresses are.
public enum ReportedState: String, Codable, Sendable, CaseIterable {
  case initialize
  case backup
  /// Elected; the addresses are not here yet.
  case claiming
  /// The addresses are here.
  case active
  /// A planned failover is on; the addresses are still here.
  case releasing
  /// This node cannot serve.
  case fault
}

extension VirtualRouterStatus: Codable {
  private enum CodingKeys: String, CodingKey {
    case name, vrid, family, state, since, reason, term, interface, addresses, priority
    case maintenance, fit, lease, conflict, checks, hook, operation, peers, counters, connections
    case addressesHeld = "addresses_held"
    case effectivePriority = "effective_priority"
    case advertisementIntervalMilliseconds = "advertisement_interval_ms"
    case activeRouter = "active_router"
    case activeRouterPriority = "active_router_priority"
    case faultReasons = "fault_reasons"
    case maintenanceDetail = "maintenance_detail"
    case brokenPaths = "broken_paths"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    vrid = try container.decode(Int.self, forKey: .vrid)
    family = try container.decode(AddressFamily.self, forKey: .family)
    state = try container.decode(ReportedState.self, forKey: .state)
    since = try container.decode(Timestamp.self, forKey: .since)
    reason = try container.decode(String.self, forKey: .reason)
    term = try container.decode(Int.self, forKey: .term)
    interface = try container.decode(String.self, forKey: .interface)
    addresses = try container.decode([String].self, forKey: .addresses)
    addressesHeld = try container.decode(Bool.self, forKey: .addressesHeld)
    priority = try container.decode(Int.self, forKey: .priority)
    effectivePriority = try container.decode(Int.self, forKey: .effectivePriority)
    advertisementIntervalMilliseconds = try container.decode(
      Int.self, forKey: .advertisementIntervalMilliseconds)
    activeRouter = try container.decodeIfPresent(String.self, forKey: .activeRouter)
    activeRouterPriority = try container.decodeIfPresent(Int.self, forKey: .activeRouterPriority)
    maintenance = try container.decode(Bool.self, forKey: .maintenance)
    fit = try container.decode(Bool.self, forKey: .fit)
    faultReasons = try container.decodeIfPresent([String].self, forKey: .faultReasons) ?? []
    lease = try container.decode(LeaseStatus.self, forKey: .lease)
    conflict = try container.decodeIfPresent(ConflictStatus.self, forKey: .conflict)
    checks = try container.decode([CheckStatus].self, forKey: .checks)
    hook = try container.decodeIfPresent(HookStatus.self, forKey: .hook)
    operation = try container.decodeIfPresent(OperationStatus.self, forKey: .operation)
    peers = try container.decode([PeerStatus].self, forKey: .peers)
    counters =
      try container.decodeIfPresent(RouterCounters.self, forKey: .counters) ?? RouterCounters()
    maintenanceDetail = try container.decodeIfPresent(String.self, forKey: .maintenanceDetail)
    brokenPaths = try container.decodeIfPresent([String].self, forKey: .brokenPaths) ?? []
    connections = try container.decodeIfPresent(ConnectionStatus.self, forKey: .connections)
  }
}
