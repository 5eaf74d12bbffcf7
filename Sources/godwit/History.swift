import ArgumentParser
import Control

/// `godwit history`
struct History: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who was Active when and why, with each phase's time and the hooks' results.",
    discussion: """
      The newest entry comes last.

      Examples:

        godwit history orders-db -n 5
        godwit history --operation 3k9fq0vx2w1
        godwit history --json | jq '.entries[] | select(.event == "fault")'
      """)

  @Argument(help: "One virtual router; without it, all.")
  var name: String?

  @Option(
    name: [.customShort("n"), .customLong("limit")],
    help: ArgumentHelp("How many entries, 1-1000 (default: 20).", valueName: "count"))
  var limit: Int?

  @Option(
    help: ArgumentHelp(
      "Only what belongs to this operation, as failover printed it.", valueName: "id"))
  var operation: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard let limit else { return }
    guard Request.historyLimits.contains(limit) else {
      throw ValidationError("-n must be 1-1000, not \(limit).")
    }
  }

  func run() throws {
    // What belongs to one operation may lie behind many newer entries.
    let limit = limit ?? (operation == nil ? 20 : Request.historyLimits.upperBound)
    let answer = try connection.ask(.history(name: name, limit: limit))
    guard case .history(var report) = answer else { throw connection.unexpected }
    if let operation {
      let searched = report.leftOut > 0 ? report.entries.count : limit
      report.entries.removeAll { $0.operationIdentifier != operation }
      guard !report.entries.isEmpty else {
        throw Complaint(
          "no operation \(operation) is among the last \(searched) entries of this node: "
            + "`godwit status` shows it while it runs",
          exitStatus: ExitStatus.refused)
      }
    }
    Terminal.print(
      output.json
        ? report.line() : Array(HistoryText.render(report, style: Terminal.style).utf8))
  }
}
