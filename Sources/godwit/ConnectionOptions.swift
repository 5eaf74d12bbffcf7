import ArgumentParser
import Control

/// Which daemon a command talks to.
struct ConnectionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The daemon's control socket.",
      discussion: """
        Without it, GODWIT_SOCKET in the environment, else \(ControlClient.standardPath).
        """,
      valueName: "path"))
  var socket: String?

  var path: String { ControlClient.path(option: socket) }

  /// Asks the daemon one thing; complains if there is no result.
  func ask(
    _ request: Request, patience: Duration = ControlClient.patience,
    progress: (Progress) -> Void = { _ in }
  ) throws(Complaint) -> Outcome {
    do throws(ControlClientError) {
      var client = try ControlClient.connect(path: path)
      return try client.ask(request, patience: patience, progress: progress)
    } catch {
      throw Complaint(error)
    }
  }

  /// The status of every virtual router, or of one.
  func status(name: String?) throws(Complaint) -> StatusReport {
    guard case .status(let report) = try ask(.status(name: name)) else { throw unexpected }
    return report
  }

  /// The daemon answered another question than the one that was asked.
  var unexpected: Complaint {
    Complaint(.notUnderstood(path: path, reason: "it answers another question"))
  }
}

/// What every command that prints facts offers to scripts.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one line of JSON.")
  var json = false
}
