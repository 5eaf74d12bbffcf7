import Failover
import VRRP

// What the configuration files say, and what a reload makes of it.
extension World {
  static let identifier: VirtualRouterIdentifier = {
    guard let identifier = VirtualRouterIdentifier(51) else { preconditionFailure("51 is a VRID") }
    return identifier
  }()
  /// How long a program of a gate may take.
  static let gateTimeout = Duration.seconds(20)
  static let noticeTimeout = Duration.seconds(30)
  static let maintenanceLease = Duration.seconds(60)

  static let virtualAddresses = (0..<AddressSet.limit).map { place in
    IPAddress.v4(IPv4Address(192, 0, 2, UInt8(truncatingIfNeeded: 100 + place)))
  }

  private static let hooks = ["first", "second"].map { name in
    HookSettings(
      command: [name],
      timeouts: [
        .promote: gateTimeout, .demote: gateTimeout, .undo: gateTimeout,
        .standby: noticeTimeout, .active: noticeTimeout, .fault: noticeTimeout,
      ])
  }

  private static let checks = [
    CheckSettings(name: "priority", probe: .file("/a"), onFailure: .priority(-12)),
    CheckSettings(name: "fault", probe: .file("/b")),
  ]

  func makeNode(_ member: Scenario.Member) -> Node {
    let clock = NodeClock(offset: member.offset, drift: member.drift)
    let settings = settings(
      of: member, nodes.count, interval: scenario.interval, addresses: scenario.addresses)
    var node = Node(
      index: nodes.count, member: member, interval: scenario.interval,
      addresses: scenario.addresses, clock: clock,
      kernel: NodeKernel(scenario.mechanism),
      process: NodeProcess(Participant(settings, term: 0, at: clock.instant(at: 0))))
    node.isRunning = false
    return node
  }

  func settings(of node: Node) -> ParticipantSettings {
    settings(
      of: node.member, node.index, interval: node.interval, addresses: node.addresses)
  }

  private func settings(
    of member: Scenario.Member, _ index: Int, interval: AdvertisementInterval,
    addresses: AddressSet
  ) -> ParticipantSettings {
    ParticipantSettings(
      router: VirtualRouterSettings(
        identifier: Self.identifier, version: scenario.version,
        addresses: addresses.places.map { Self.virtualAddresses[$0] }, priority: member.priority,
        advertisementInterval: interval, preemption: member.preemption),
      node: Self.name(index), isPair: scenario.members.count == 2,
      peers: scenario.hasChannel
        ? scenario.members.indices.filter { $0 != index }.map(Self.name) : [],
      lease: LeaseSettings(
        duration: interval.duration * scenario.leaseTenths / 10,
        isEnforced: scenario.mechanism != .none),
      detectsConflicts: scenario.detectsConflicts, maintenanceLease: Self.maintenanceLease,
      checks: member.hasChecks ? Self.checks : [], hooks: Array(Self.hooks.prefix(member.hookCount))
    )
  }

  /// Changes the configuration file and has it loaded.
  mutating func order(_ reload: Reload, _ index: Int) {
    guard nodes[index].isRunning else { return change(reload, index) }
    nodes[index].process.others.append(.reload(reload))
    work(index)
  }

  /// A reload as the daemon does it: addresses that are not wanted any more go first.
  mutating func apply(_ reload: Reload, _ index: Int) {
    let before = nodes[index].addresses
    change(reload, index)
    let dropped = before.subtracting(nodes[index].addresses)
    let isHere =
      nodes[index].process.participant.tenure.isHolding
      || nodes[index].process.participant.isResuming
    if isHere, !nodes[index].fails(.remove, at: now) {
      nodes[index].kernel.remove(dropped)
    } else {
      nodes[index].leftBehind.formUnion(dropped)
    }
    nodes[index].process.queue.append(.settings(settings(of: nodes[index])))
  }

  mutating func change(_ reload: Reload, _ index: Int) {
    switch reload {
    case .interval(let isOther):
      nodes[index].interval = isOther ? scenario.otherInterval : scenario.interval
    case .addresses(let wanted): nodes[index].addresses = AddressSet(rawValue: wanted)
    case .hooks:
      // Never none: whether a gate is needed at all stays as it is.
      if nodes[index].member.hookCount > 0 {
        nodes[index].member.hookCount = 3 - nodes[index].member.hookCount
      }
    case .checks: nodes[index].member.hasChecks.toggle()
    }
  }
}
