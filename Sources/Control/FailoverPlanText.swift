// `godwit failover --dry-run` as text.

extension FailoverText {
  static func render(
    _ plan: FailoverPlan, of outcome: FailoverOutcome, style: TextStyle
  ) -> String {
    var lines: [String] = []
    if !plan.prechecks.isEmpty {
      var table = TextTable()
      for precheck in plan.prechecks {
        table.rows.append([
          .init(printable(precheck.node)),
          .init(precheck.verdict.rawValue, colour(precheck.verdict)),
          .init(printable(precheck.detail)),
        ])
      }
      lines += ["Prechecks"] + table.lines(style: style, indent: "  ")
    }
    if !plan.steps.isEmpty {
      var table = TextTable(flushRight: [0])
      for (index, step) in plan.steps.enumerated() {
        table.rows.append([
          .init("\(index + 1)"), .init(printable(step.phase)), .init(printable(step.node)),
          .init(printable(step.detail)),
        ])
      }
      lines += ["Steps"] + table.lines(style: style, indent: "  ")
    }
    var facts = TextTable()
    facts.rows.append(["from", .init(printable(plan.from ?? "nobody known"))])
    facts.rows.append(["to", .init(printable(plan.to ?? "nobody known"))])
    if let count = plan.connections {
      facts.rows.append(["connections", .init("\(count), which would be reset")])
    }
    lines += ["Now"] + facts.lines(style: style, indent: "  ")
    lines.append(verdict(outcome, style))
    lines.append("Nothing was changed. This is no promise: it tells what the nodes say now.")
    return lines.joined(separator: "\n") + "\n"
  }

  private static func verdict(_ outcome: FailoverOutcome, _ style: TextStyle) -> String {
    let word: (String, TextStyle.Colour) =
      switch outcome.result {
      case .done: ("would go", .green)
      case .refused, .rolledBack, .incomplete: ("would be refused", .red)
      case .running: ("not known yet", .yellow)
      }
    return "\(style.paint(word.0, word.1)): \(printable(outcome.message))"
  }

  private static func colour(_ verdict: FailoverPlan.Precheck.Verdict) -> TextStyle.Colour? {
    switch verdict {
    case .ready: .green
    case .refused: .red
    case .unknown: .yellow
    }
  }
}
