/// `godwit failover` as text.
public enum FailoverText {
  /// One line when a phase is over: `  1.204 s  demote`.
  public static func render(_ progress: Progress) -> String {
    let elapsed = seconds(progress.elapsedMilliseconds)
    let detail = printable(progress.detail)
    let line = flush(elapsed, 9) + "  " + printable(progress.phase)
    return detail.isEmpty ? line : line + "  " + detail
  }

  /// How it ended: each phase, the gap, the connections, and what happened; or the plan of a dry run.
  public static func render(_ outcome: FailoverOutcome, style: TextStyle = .plain) -> String {
    if let plan = outcome.plan { return render(plan, of: outcome, style: style) }
    var table = TextTable(flushRight: [1])
    for phase in outcome.phases {
      table.rows.append([
        .init(printable(phase.name)), .init(seconds(phase.durationMilliseconds)),
        .init(printable(phase.result), phase.result == "done" ? nil : .red),
      ])
    }
    let lines =
      table.lines(style: style, indent: "  ")
      + facts(outcome).lines(style: style, indent: "  ") + [verdict(outcome, style)]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The operation's identifier, as `godwit status` and `godwit history` show it.
  public static func identifier(_ outcome: FailoverOutcome) -> String {
    printable(outcome.operationIdentifier)
  }

  /// What the move did to the clients; nothing from a daemon that tells nothing of it.
  private static func facts(_ outcome: FailoverOutcome) -> TextTable {
    let connections = connectionsText(
      reset: outcome.connectionsReset, left: outcome.connectionsLeft,
      told: outcome.connectionsTold)
    let isNotable: Bool =
      switch outcome.result {
      case .done, .incomplete: outcome.oldActive != nil || connections != nil
      case .refused, .rolledBack, .running: false
      }
    var table = TextTable()
    if let gap = outcome.gapMilliseconds {
      table.rows.append(["gap", .init("\(gapText(gap)) in which nobody answered")])
    } else if isNotable {
      table.rows.append(["gap", "unknown"])
    }
    if let connections { table.rows.append(["connections", .init(connections)]) }
    return table
  }

  private static func verdict(_ outcome: FailoverOutcome, _ style: TextStyle) -> String {
    let word: (String, TextStyle.Colour) =
      switch outcome.result {
      case .done: ("done", .green)
      case .refused: ("refused", .red)
      case .rolledBack: ("rolled back", .red)
      case .incomplete: ("incomplete", .red)
      case .running: ("still running", .yellow)
      }
    var line = "\(style.paint(word.0, word.1)): \(printable(outcome.message))"
    switch (outcome.oldActive, outcome.newActive) {
    case (let old?, let new?): line += ", from \(printable(old)) to \(printable(new))"
    case (nil, let new?): line += ", Active is \(printable(new))"
    case (let old?, nil): line += ", Active was \(printable(old))"
    case (nil, nil): break
    }
    // A refusal may have come before there was an operation.
    let operation =
      outcome.operationIdentifier.isEmpty
      ? "" : "operation \(printable(outcome.operationIdentifier)), "
    return line + " (\(operation)\(seconds(outcome.durationMilliseconds)))"
  }

  private static func seconds(_ milliseconds: Int) -> String {
    let fraction = "\(abs(milliseconds) % 1000)"
    return
      "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) s"
  }

  private static func flush(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

/// `12 reset, 0 left, 12 told`, without what is unknown; nil when nothing is known.
func connectionsText(reset: Int?, left: Int?, told: Int?) -> String? {
  let parts = [(reset, "reset"), (left, "left"), (told, "told")]
    .compactMap { count, word in count.map { "\($0) \(word)" } }
  return parts.isEmpty ? nil : parts.joined(separator: ", ")
}
