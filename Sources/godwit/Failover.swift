import ArgumentParser
import Control

/// `godwit failover`
struct Failover: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Move the role of a virtual router away from the node that is Active.",
    discussion: """
      Run it on any node of the virtual router. Each phase is printed when it is over; interrupting \
      the command ends the waiting, not the failover.

      Examples:

        godwit failover orders-db --dry-run
        godwit failover orders-db --to db-b --reason "kernel update" --yes
        operation=$(godwit failover orders-db --no-wait --yes)

      Exit status: 0 done, 1 refused (nothing changed), 3 still running after --wait, 4 rolled back, \
      5 moved but a later step failed.
      """)

  @Argument(help: "The virtual router; may be left out when there is exactly one.")
  var name: String?

  @Option(
    help: ArgumentHelp("The node that shall become Active; else the best one.", valueName: "node"))
  var to: String?

  @Flag(help: "Say what would happen, by what the nodes last said; change nothing.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "How long to wait for the end, up to 1h (default: 120s).", valueName: "duration"),
    transform: Failover.milliseconds)
  var wait = 120_000

  @Flag(
    help: "Do not wait: print the operation's id alone and exit with 3 while it runs.")
  var noWait = false

  @Flag(name: [.customLong("yes"), .customShort("y")], help: "Do not ask.")
  var isConfirmed = false

  @Flag(
    help: ArgumentHelp(
      "Go on against a check, or without a holder that answers.",
      discussion: """
        If the host that had the role still answers, two hosts have the address, and commits may \
        be lost: on a terminal this is asked about separately.
        """))
  var force = false

  @Option(help: ArgumentHelp("Why, for the history; at most 500 bytes.", valueName: "text"))
  var reason: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (reason?.utf8.count ?? 0) <= FailoverRequest.maximumReasonLength else {
      throw ValidationError("--reason is longer than 500 bytes; shorten it.")
    }
    guard !(dryRun && noWait) else {
      throw ValidationError("--dry-run leaves nothing running behind; leave --no-wait out.")
    }
  }

  func run() throws {
    let subject = try FailoverSubject(try connection.status(name: name))
    try confirm(subject)
    let wait = noWait ? 0 : wait
    let request = FailoverRequest(
      name: subject.name, to: to, dryRun: dryRun, reason: reason, force: force,
      waitMilliseconds: wait)
    let isLive = !output.json && !noWait
    let answer = try connection.ask(
      .failover(request), patience: .milliseconds(wait) + ControlClient.patience
    ) { step in
      if isLive { Terminal.print(FailoverText.render(step) + "\n") }
    }
    guard case .failover(let outcome) = answer else { throw connection.unexpected }
    show(outcome)
    throw ExitCode(outcome.result.exitStatus)
  }

  /// Asks where somebody can be asked; throws unless every answer is a yes.
  private func confirm(_ subject: FailoverSubject) throws(Complaint) {
    guard !dryRun, !isConfirmed, Terminal.canAsk else { return }
    var questions = [FailoverText.question(name: subject.name, holder: subject.holder)]
    if force {
      questions.append(FailoverText.riskQuestion(name: subject.name, risk: subject.risk))
    }
    for question in questions {
      guard Terminal.confirm(question) else {
        throw Complaint("not confirmed, nothing was changed", exitStatus: ExitStatus.refused)
      }
    }
  }

  private func show(_ outcome: FailoverOutcome) {
    guard !output.json else { return Terminal.print(outcome.line()) }
    let text = FailoverText.render(outcome, style: noWait ? .plain : Terminal.style)
    guard noWait else { return Terminal.print(text) }
    // Standard output is for the identifier alone.
    if !outcome.operationIdentifier.isEmpty {
      Terminal.print(FailoverText.identifier(outcome) + "\n")
    }
    switch outcome.result {
    case .running, .done: break
    case .refused, .rolledBack, .incomplete: Terminal.complain(String(text.dropLast()))
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
