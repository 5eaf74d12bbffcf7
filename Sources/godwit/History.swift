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
        godwit history --json | jq '.entries[] | select(.event == "fault")'
      """)

  @Argument(help: "One virtual router; without it, all.")
  var name: String?

  @Option(
    name: [.customShort("n"), .customLong("limit")],
    help: ArgumentHelp("How many entries, 1-1000.", valueName: "count"))
  var limit = 20

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard Request.historyLimits.contains(limit) else {
      throw ValidationError("-n must be 1-1000, not \(limit).")
    }
  }

  func run() throws {
    guard case .history(let report) = try connection.ask(.history(name: name, limit: limit)) else {
      throw connection.unexpected
    }
    Terminal.print(
      output.json
        ? report.line() : Array(HistoryText.render(report, style: Terminal.style).utf8))
  }
}
