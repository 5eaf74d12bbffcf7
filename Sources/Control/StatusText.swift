/// `godwit status` as text: a table of the virtual routers, then what is to be said of each.
public struct StatusText {
  let report: StatusReport
  let now: Timestamp
  let style: TextStyle

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
    var lines = [text.headline] + text.warnings
    if report.virtualRouters.isEmpty {
      lines += ["", "No virtual routers."]
    } else {
      lines += [""] + text.table
    }
    for router in report.virtualRouters {
      lines += ["", printable(router.name)] + text.maintenance(router) + text.details(router)
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

  /// What concerns the whole node and must not be missed.
  private var warnings: [String] {
    var lines: [String] = []
    let halted = report.virtualRouters.filter(\.maintenance).map(\.name)
    if !halted.isEmpty {
      let names = printable(halted.joined(separator: ", "))
      lines.append(style.paint("MAINTENANCE: \(names)", .alarm))
    }
    if let channel = report.peerChannel, channel.state == .off {
      let reason = channel.reason.map { ": \(printable($0))" } ?? ""
      lines.append(style.paint("peer channel off\(reason)", .red))
      lines.append("  " + Refusal.keyRemedy)
    } else if let reason = report.peerChannel?.reason {
      lines.append(style.paint("peer channel: \(printable(reason))", .yellow))
    }
    if let authentication = report.authentication {
      lines.append("authentication \(keys(authentication))")
      for complaint in authentication.clock.complaints {
        lines.append(style.paint("clock: \(printable(complaint))", .red))
      }
    }
    return lines
  }

  private func keys(_ authentication: AuthenticationStatus) -> String {
    var text = printable(authentication.mode)
    text += ", signs with key \(authentication.activeKey)"
    let list = authentication.keyIdentifiers.map(String.init).joined(separator: ", ")
    text += ", accepts \(list)"
    return text
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

  private func held(_ router: VirtualRouterStatus) -> String {
    let first = printable(router.addresses.first ?? "-")
    let more = router.addresses.count > 1 ? " +\(router.addresses.count - 1)" : ""
    return first + more + (router.addressesHeld ? " held" : "")
  }

  private var discarded: [String] {
    guard report.discarded.contains(where: { $0.value > 0 }) else { return [] }
    var table = TextTable(flushRight: [0])
    for (reason, count) in report.discarded.sorted(by: { $0.key < $1.key }) where count > 0 {
      table.rows.append([.init("\(count)"), .init(printable(reason))])
    }
    return ["Discarded packets"] + table.lines(style: style, indent: "  ")
  }

  func ago(_ moment: Timestamp) -> String {
    durationText(milliseconds: now.milliseconds - moment.milliseconds)
  }

  func colour(_ state: ReportedState) -> TextStyle.Colour? {
    switch state {
    case .active: .green
    case .claiming, .releasing: .yellow
    case .fault: .red
    case .initialize: .faint
    case .backup: nil
    }
  }

  /// Red where the kernel and the role disagree.
  func heldColour(_ router: VirtualRouterStatus) -> TextStyle.Colour? {
    switch router.state {
    case .active: router.addressesHeld ? .green : .red
    case .initialize, .backup, .fault: router.addressesHeld ? .red : nil
    case .claiming, .releasing: nil
    }
  }
}
