import ArgumentParser
import Control

/// `godwit failover`
struct Failover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Move the role of a virtual router away from the node that is Active.",
    discussion: """
      Run it on the Active node. Each phase is printed as it begins.

      Examples:

        godwit failover orders-db --dry-run
        godwit failover orders-db --reason "kernel update" --yes

      Exit status: 0 done, 1 refused (nothing changed), 3 still running after --wait, 4 rolled back, \
      5 moved but a later step failed.
      """)

  @Argument(help: "The virtual router; may be left out when there is exactly one.")
  var name: String?

  @Option(help: ArgumentHelp("The node that shall become Active.", valueName: "node"))
  var to: String?

  @Flag(help: "Say what would happen, change nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "How long to wait for the end, up to 1h (default: 120s).", valueName: "duration"),
    transform: Failover.milliseconds)
  var wait = 120_000

  @Flag(help: "Do not wait: print the operation's id and exit with 3 while it runs.")
  var noWait = false

  @Flag(name: [.customLong("yes"), .customShort("y")], help: "Do not ask.")
  var isConfirmed = false

  @Flag(help: "Go on where a check only advises against it.")
  var force = false

  @Option(help: ArgumentHelp("Why, for the history; at most 500 bytes.", valueName: "text"))
  var reason: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (reason?.utf8.count ?? 0) <= FailoverRequest.maximumReasonLength else {
      throw ValidationError("--reason is longer than 500 bytes; shorten it.")
    }
  }

  func run() throws {
    let router = try subject(try connection.status(name: name))
    if !dryRun && !isConfirmed && Terminal.canAsk {
      let question = FailoverText.question(name: router.name, holder: router.holder)
      guard Terminal.confirm(question) else {
        throw Complaint("not confirmed, nothing was changed", exitStatus: ExitStatus.refused)
      }
    }
    let wait = noWait ? 0 : wait
    let request = FailoverRequest(
      name: router.name, to: to, dryRun: dryRun, reason: reason, force: force,
      waitMilliseconds: wait)
    let answer = try connection.ask(
      .failover(request), patience: .milliseconds(wait) + ControlClient.patience
    ) { step in
      if !output.json { Terminal.print(FailoverText.render(step) + "\n") }
    }
    guard case .failover(let outcome) = answer else { throw connection.unexpected }
    Terminal.print(
      output.json
        ? outcome.line() : Array(FailoverText.render(outcome, style: Terminal.style).utf8))
    throw ExitCode(outcome.result.exitStatus)
  }

  /// The virtual router that is meant, and the node that is Active for it as far as is known.
  private func subject(
    _ report: StatusReport
  ) throws(Complaint) -> (name: String, holder: String?) {
    guard let router = report.virtualRouters.first else {
      throw Complaint(
        "this node has no virtual router: `godwit status`", exitStatus: ExitStatus.refused)
    }
    guard report.virtualRouters.count == 1 else {
      let names = report.virtualRouters.map(\.name).joined(separator: ", ")
      throw Complaint(
        "which one? Name one of the virtual routers of this node: \(names)",
        exitStatus: ExitStatus.usage)
    }
    switch router.state {
    case .active, .claiming, .releasing: return (router.name, report.node)
    case .initialize, .backup, .fault:
      let peer = router.peers.first { $0.state == .active }
      return (router.name, peer?.name ?? router.activeRouter)
    }
  }

  private static func milliseconds(_ text: String) throws -> Int {
    guard let number = Control.milliseconds(ofDuration: text),
      FailoverRequest.waits.contains(number)
    else {
      throw ValidationError("write a duration with its unit, at most an hour: 90s, 2m, 1m30s.")
    }
    return number
  }
}
