import ArgumentParser
import Control
import Glibc

/// `godwit status`
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show every virtual router of this node: state, addresses, checks, hooks, peers.",
    discussion: """
      Examples:

        godwit status
        godwit status orders-db --watch
        godwit status --json | jq -r '.virtual_routers[] | .name + " " + .state'
      """)

  @Argument(help: "One virtual router; without it, all.")
  var name: String?

  @Flag(help: "Show it again every second, until interrupted.")
  var watch = false

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    guard watch else { return try show() }
    while true {
      do throws(Complaint) {
        try show()
      } catch {
        // A daemon that restarts is worth waiting for; anything else will not change.
        guard error.exitStatus == ExitStatus.unreachable else { throw error }
        if Terminal.isTerminal && !output.json {
          Terminal.print("\u{1B}[H\u{1B}[J\(error.message)\n")
        } else {
          Terminal.complain(error.message)
        }
      }
      poll(nil, 0, 1000)
    }
  }

  private func show() throws(Complaint) {
    let report = try connection.status(name: name)
    guard !output.json else { return Terminal.print(report.line()) }
    let text = StatusText.render(report, now: .now(), style: Terminal.style)
    guard watch else { return Terminal.print(text) }
    guard Terminal.isTerminal else { return Terminal.print(text + "\n") }
    // From the top, each line cleared to its end, then the rest: nothing flickers.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    Terminal.print("\u{1B}[H" + lines.joined(separator: "\u{1B}[K\n") + "\u{1B}[J")
  }
}
