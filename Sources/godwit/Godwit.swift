import ArgumentParser
import Control
import Glibc

/// The command line: each command is a file of its own; this one has the list and the way out.
@main
struct Godwit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "godwit",
    abstract: "Look at and steer godwitd, the Virtual IP failover manager.",
    discussion: """
      Most commands talk to the daemon of this node. Start with:

        godwit status
        godwit check /etc/godwit/godwit.yaml

      Exit status: 0 done, 1 refused (nothing changed), 3 still running, 4 rolled back, 5 moved but \
      a later step failed, 64 wrong usage, 69 the daemon cannot be reached, 77 not allowed, \
      78 configuration error.
      """,
    version: "godwit \(godwitVersion)",
    subcommands: [
      Status.self, Failover.self, Maintenance.self, History.self, Announce.self, Reload.self,
      Check.self, Keygen.self,
    ])

  @OptionGroup var connection: ConnectionOptions

  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let complaint as Complaint {
      Terminal.complain(complaint.message)
      Glibc.exit(complaint.exitStatus)
    } catch {
      let status = exitCode(for: error)
      // Help and the version are answers; everything else is a complaint about the command line.
      guard status == .validationFailure else { exit(withError: error) }
      let text = fullMessage(for: error)
      let prefix = "Error: "
      Terminal.complain(text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
      Glibc.exit(status.rawValue)
    }
  }
}

/// Why a command did not do its work: a sentence for people and a status for scripts.
struct Complaint: Error {
  var message: String
  var exitStatus: Int32

  init(_ message: String, exitStatus: Int32) {
    self.message = message
    self.exitStatus = exitStatus
  }

  init(_ error: ControlClientError) {
    self.init(error.message, exitStatus: error.exitStatus)
  }
}
