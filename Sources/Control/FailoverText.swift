/// `godwit failover` as text.
public enum FailoverText {
  /// One line as a phase begins: `  1.204 s  demote  postgresql on db-a`.
  public static func render(_ progress: Progress) -> String {
    let elapsed = seconds(progress.elapsedMilliseconds)
    let detail = printable(progress.detail)
    let line = flush(elapsed, 9) + "  " + printable(progress.phase)
    return detail.isEmpty ? line : line + "  " + detail
  }

  /// How it ended: what happened, each phase, and what to do when it goes on.
  public static func render(_ outcome: FailoverOutcome, style: TextStyle = .plain) -> String {
    var table = TextTable(flushRight: [1])
    for phase in outcome.phases {
      table.rows.append([
        .init(printable(phase.name)), .init(seconds(phase.durationMilliseconds)),
        .init(printable(phase.result), phase.result == "done" ? nil : .red),
      ])
    }
    let word: (String, TextStyle.Colour) =
      switch outcome.result {
      case .done: ("done", .green)
      case .refused: ("refused", .red)
      case .rolledBack: ("rolled back", .red)
      case .incomplete: ("incomplete", .red)
      case .running: ("still running", .yellow)
      }
    var lines = table.lines(style: style, indent: "  ")
    var last = "\(style.paint(word.0, word.1)): \(printable(outcome.message))"
    if let active = outcome.newActive { last += ", Active is \(printable(active))" }
    last += " (operation \(printable(outcome.operationIdentifier)), "
    last += "\(seconds(outcome.durationMilliseconds)))"
    lines.append(last)
    return lines.joined(separator: "\n") + "\n"
  }

  /// The question before it begins. `holder` is the node that is Active, nil if unknown.
  public static func question(name: String, holder: String?) -> String {
    "Move \(printable(name)) away from \(printable(holder ?? "its Active node"))? [y/N] "
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
