/// `godwit history` as text: a table, and under each entry its phases and hooks.
public enum HistoryText {
  /// The whole text, its last line ended too.
  public static func render(_ report: HistoryReport, style: TextStyle = .plain) -> String {
    guard !report.entries.isEmpty || report.leftOut > 0 else {
      return "Nothing has happened yet.\n"
    }
    var table = TextTable(flushRight: [4, 5])
    table.rows.append([
      "TIME", "VIRTUAL ROUTER", "EVENT", "REASON", "TERM", "TOOK", "ACTIVE ROUTER", "DETAIL",
    ])
    for entry in report.entries {
      table.rows.append([
        .init("\(entry.time)"),
        .init(printable(entry.virtualRouter)),
        .init(printable(entry.event), colour(entry.event)),
        .init(printable(entry.reason)),
        .init("\(entry.term)"),
        .init(entry.durationMilliseconds.map { "\($0) ms" } ?? "-"),
        .init(printable(entry.activeRouter ?? "-")),
        .init(printable(entry.detail)),
      ])
    }
    let rows = table.lines(style: style)
    var lines = [rows[0]]
    if report.leftOut > 0 {
      lines.insert(
        "Left out are \(report.leftOut) older entries: an answer has room for 1 MiB of them.", at: 0
      )
    }
    for (entry, row) in zip(report.entries, rows.dropFirst()) {
      lines.append(row)
      lines += parts(entry, style: style)
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func parts(_ entry: HistoryEntry, style: TextStyle) -> [String] {
    var table = TextTable(flushRight: [2])
    if let operation = entry.operationIdentifier {
      table.rows.append(["operation", .init(printable(operation))])
    }
    if let gap = entry.gapMilliseconds {
      table.rows.append(["gap", .init(gapText(gap))])
    }
    if let connections = connectionsText(
      reset: entry.connectionsReset, left: entry.connectionsLeft, told: entry.connectionsTold)
    {
      table.rows.append(["connections", .init(connections)])
    }
    for phase in entry.phases {
      table.rows.append([
        "phase", .init(printable(phase.name)), .init("\(phase.durationMilliseconds) ms"),
        .init(printable(phase.result), phase.result == "done" ? nil : .red),
      ])
    }
    for hook in entry.hooks {
      let status = hook.exitStatus.map { " (exit status \($0))" } ?? ""
      table.rows.append([
        "hook", .init(printable(hook.event)),
        .init(hook.durationMilliseconds.map { "\($0) ms" } ?? "-"),
        .init(printable(hook.result) + status, hook.result == "done" ? nil : .red),
        .init(printable(hook.command.joined(separator: " "))),
      ])
    }
    return table.lines(style: style, indent: "  ")
  }

  private static func colour(_ event: String) -> TextStyle.Colour? {
    switch event {
    case "active": .green
    case "fault": .red
    case "failover": .yellow
    default: nil
    }
  }
}
