/// `godwit status` as text: a table of the virtual routers, then what is to be said of each.
public struct StatusText {
  private let report: StatusReport
  private let now: Timestamp
  private let style: TextStyle

  private init(report: StatusReport, now: Timestamp, style: TextStyle) {
    self.report = report
    self.now = now
    self.style = style
  }

  /// The whole text, its last line ended too. `now` is what "since" counts to.
  public static func render(
    _ report: StatusReport, now: Timestamp, style: TextStyle = .plain
  ) -> String {
    let text = StatusText(report: report, now: now, style: style)
    var lines = [text.headline]
    if report.virtualRouters.isEmpty {
      lines += ["", "No virtual routers."]
    } else {
      lines += [""] + text.table
    }
    for router in report.virtualRouters {
      lines += ["", printable(router.name)] + text.details(router)
    }
    let discarded = text.discarded
    if !discarded.isEmpty { lines += [""] + discarded }
    return lines.joined(separator: "\n") + "\n"
  }

  private var headline: String {
    var parts = ["\(printable(report.node)): godwitd \(printable(report.version))"]
    if let uptime = report.uptimeMilliseconds {
      parts.append("up \(durationText(milliseconds: Int64(uptime)))")
    }
    if let pid = report.pid { parts.append("pid \(pid)") }
    if let configuration = report.configuration {
      let file = printable(configuration.file)
      parts.append("\(file) read \(ago(configuration.loaded)) ago")
    }
    return parts.joined(separator: ", ")
  }

  private var table: [String] {
    var table = TextTable(flushRight: [3, 4])
    table.rows.append([
      "VIRTUAL ROUTER", "STATE", "SINCE", "TERM", "PRIORITY", "ACTIVE ROUTER", "ADDRESSES",
    ])
    for router in report.virtualRouters {
      table.rows.append([
        .init(printable(router.name)),
        .init(router.state.rawValue, colour(router.state)),
        .init(ago(router.since)),
        .init("\(router.term)"),
        .init("\(router.effectivePriority)"),
        .init(printable(router.activeRouter ?? "-")),
        .init(held(router), heldColour(router)),
      ])
    }
    return table.lines(style: style)
  }

  private func details(_ router: VirtualRouterStatus) -> [String] {
    var facts = TextTable()
    func add(_ label: String, _ values: [TextTable.Cell]) {
      for (index, value) in values.enumerated() {
        facts.rows.append([.init(index == 0 ? label : ""), value])
      }
    }
    add("state", [.init(state(router), colour(router.state))])
    add("fault", router.faultReasons.map { .init(printable($0), .red) })
    if router.maintenance { add("maintenance", [.init("on: no automatic change", .yellow)]) }
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
      + "\(printable(operation.phase)) for \(ago(operation.since))"
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

  private func held(_ router: VirtualRouterStatus) -> String {
    let first = printable(router.addresses.first ?? "-")
    let more = router.addresses.count > 1 ? " +\(router.addresses.count - 1)" : ""
    return first + more + (router.addressesHeld ? " held" : "")
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

  private func peerLines(_ peers: [PeerStatus]) -> [TextTable.Cell] {
    var table = TextTable()
    for peer in peers {
      var parts: [String] = []
      if let state = peer.state { parts.append(state.rawValue) }
      if let priority = peer.effectivePriority { parts.append("priority \(priority)") }
      if let fit = peer.fit { parts.append(fit ? "fit" : "unfit") }
      if let agrees = peer.configurationAgrees, !agrees {
        parts.append("configuration differs")
      }
      if let seen = peer.lastSeenMilliseconds {
        parts.append("heard \(durationText(milliseconds: Int64(seen))) ago")
      } else {
        parts.append("not heard yet")
      }
      table.rows.append([
        .init(printable(peer.name)), .init(printable(peer.addresses.joined(separator: ", "))),
        .init(parts.joined(separator: ", ")),
      ])
    }
    return table.lines(style: .plain).map { .init($0) }
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
    if counters.hooksFailed > 0 { parts.append("hooks failed \(counters.hooksFailed)") }
    return parts.joined(separator: "; ")
  }

  private var discarded: [String] {
    guard report.discarded.contains(where: { $0.value > 0 }) else { return [] }
    var table = TextTable(flushRight: [0])
    for (reason, count) in report.discarded.sorted(by: { $0.key < $1.key }) where count > 0 {
      table.rows.append([.init("\(count)"), .init(printable(reason))])
    }
    return ["Discarded packets"] + table.lines(style: style, indent: "  ")
  }

  private func ago(_ moment: Timestamp) -> String {
    durationText(milliseconds: now.milliseconds - moment.milliseconds)
  }

  private func colour(_ state: ReportedState) -> TextStyle.Colour? {
    switch state {
    case .active: .green
    case .claiming, .releasing: .yellow
    case .fault: .red
    case .initialize: .faint
    case .backup: nil
    }
  }

  /// Red where the kernel and the role disagree.
  private func heldColour(_ router: VirtualRouterStatus) -> TextStyle.Colour? {
    switch router.state {
    case .active: router.addressesHeld ? .green : .red
    case .initialize, .backup, .fault: router.addressesHeld ? .red : nil
    case .claiming, .releasing: nil
    }
  }
}
