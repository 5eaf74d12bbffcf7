// What `godwit status` says of one virtual router.

extension StatusText {
  /// Said before anything else; nothing while maintenance is off.
  func maintenance(_ router: VirtualRouterStatus) -> [String] {
    guard router.maintenance else { return [] }
    let detail = router.maintenanceDetail.map { "; \(printable($0))" } ?? ""
    let name = printable(router.name)
    return [
      "  \(style.paint("MAINTENANCE", .alarm))  nobody moves the role by itself\(detail)",
      "               `godwit maintenance off \(name)` ends it",
    ]
  }

  func details(_ router: VirtualRouterStatus) -> [String] {
    var facts = TextTable()
    func add(_ label: String, _ values: [TextTable.Cell]) {
      for (index, value) in values.enumerated() {
        facts.rows.append([.init(index == 0 ? label : ""), value])
      }
    }
    add("state", [.init(state(router), colour(router.state))])
    add("broken path", router.brokenPaths.map { .init(printable($0), .red) })
    add("fault", router.faultReasons.map { .init(printable($0), .red) })
    add("operation", router.operation.map { [.init(operation($0), .yellow)] } ?? [])
    add("hook", router.hook.map { [.init(hook($0), .yellow)] } ?? [])
    add("interface", [.init(interface(router))])
    add("addresses", [.init(addresses(router), heldColour(router))])
    add("priority", [.init(priority(router))])
    add("active", [.init(active(router))])
    add("lease", [.init(lease(router.lease))])
    add("conflict", router.conflict.map { [.init(conflict($0), .red)] } ?? [])
    add("checks", checkLines(router.checks))
    add("peers", peerLines(router.peers))
    add("connections", router.connections.map { [.init(connections($0))] } ?? [])
    add("counted", [.init(counted(router.counters))])
    return facts.lines(style: style, indent: "  ")
  }

  private func state(_ router: VirtualRouterStatus) -> String {
    let fit = router.fit ? "" : ", unfit"
    return "\(router.state.rawValue) for \(ago(router.since)), since \(router.since) "
      + "(\(printable(router.reason))), term \(router.term)\(fit)"
  }

  private func operation(_ operation: OperationStatus) -> String {
    "\(printable(operation.kind)) \(printable(operation.identifier)): "
      + "\(printable(operation.phase)) for \(ago(operation.since))" + part(operation)
  }

  /// What this node does in it.
  private func part(_ operation: OperationStatus) -> String {
    let peer = operation.peer.map { printable($0) } ?? "another node"
    return switch operation.role {
    case .giving: ", gives the role to \(peer)"
    case .taking: ", takes the role from \(peer)"
    case nil: ""
    }
  }

  private func connections(_ connections: ConnectionStatus) -> String {
    "\(connections.shared) of this node known to its peers, "
      + "\(connections.known) of the Active node known here"
  }

  private func hook(_ hook: HookStatus) -> String {
    "\(printable(hook.event)) runs for \(ago(hook.since)): "
      + "\(printable(hook.command.joined(separator: " "))) (\(printable(hook.eventIdentifier)))"
  }

  private func interface(_ router: VirtualRouterStatus) -> String {
    "\(printable(router.interface)), VRID \(router.vrid), \(router.family.rawValue), "
      + "advertisements every "
      + durationText(milliseconds: Int64(router.advertisementIntervalMilliseconds))
  }

  private func addresses(_ router: VirtualRouterStatus) -> String {
    let list = printable(router.addresses.joined(separator: ", "))
    return list + (router.addressesHeld ? " (held here)" : " (not held here)")
  }

  private func priority(_ router: VirtualRouterStatus) -> String {
    router.priority == router.effectivePriority
      ? "\(router.priority)" : "\(router.effectivePriority), configured \(router.priority)"
  }

  private func active(_ router: VirtualRouterStatus) -> String {
    guard let address = router.activeRouter else { return "nobody known" }
    return printable(address) + (router.activeRouterPriority.map { ", priority \($0)" } ?? "")
  }

  private func conflict(_ conflict: ConflictStatus) -> String {
    let who =
      printable(conflict.hardwareAddress)
      + (conflict.node.map { " (godwitd at \(printable($0)))" } ?? "")
    return "\(who) claimed \(printable(conflict.address)), last \(ago(conflict.lastSeen)) ago, "
      + "\(conflict.count) times in all" + (conflict.keepsOut ? "; this node stays out" : "")
  }

  private func lease(_ lease: LeaseStatus) -> String {
    let waits = "a Backup waits \(lease.peerWaitsMilliseconds) ms or more"
    guard lease.mechanism != .off else { return "off; \(waits)" }
    let told = "\(lease.mechanism.rawValue), \(lease.durationMilliseconds) ms; \(waits)"
    return lease.isSafe ? told : "\(told): NOT SAFE, a peer advertises at a shorter interval"
  }

  private func checkLines(_ checks: [CheckStatus]) -> [TextTable.Cell] {
    var table = TextTable()
    for check in checks {
      let detail = check.detail.isEmpty ? "" : ": \(printable(check.detail))"
      table.rows.append([
        .init(printable(check.name)),
        .init("\(check.passing ? "passing" : "failed") for \(ago(check.since))\(detail)"),
      ])
    }
    return zip(checks, table.lines(style: .plain)).map { check, line in
      .init(line, check.passing ? nil : .red)
    }
  }

  private func counted(_ counters: RouterCounters) -> String {
    var parts = [
      "advertisements \(counters.advertisementsSent) sent, "
        + "\(counters.advertisementsReceived) received",
      "elections \(counters.elections)",
    ]
    if counters.addressesRestored > 0 {
      parts.append("addresses put back \(counters.addressesRestored)")
    }
    if counters.claimsRefrained > 0 { parts.append("claims refrained \(counters.claimsRefrained)") }
    if counters.hooksFailed > 0 { parts.append("hooks failed \(counters.hooksFailed)") }
    return parts.joined(separator: "; ")
  }
}
