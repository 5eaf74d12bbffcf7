import ArgumentParser
import Control

/// `godwit maintenance`
struct Maintenance: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Keep the role where it is while you work, or let it move again.",
    discussion: """
      With maintenance on no node claims, preempts or moves the role by itself, and the address stays \
      through a restart of the daemon. The mark survives restarts and reboots: end it with off.

      Examples:

        godwit maintenance on orders-db
        systemctl restart godwitd
        godwit maintenance off orders-db

      Exit status: 0 done (see whether every peer was told), 1 refused (nothing changed).
      """)

  /// What is asked for.
  enum Wish: String, ExpressibleByArgument, CaseIterable {
    case on, off
  }

  @Argument(help: ArgumentHelp("Whether it shall be on.", valueName: "on|off"))
  var wish: Wish

  @Argument(help: "One virtual router; without it, all of this node.")
  var name: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    let isOn: Bool =
      switch wish {
      case .on: true
      case .off: false
      }
    let answer = try connection.ask(.maintenance(name: name, isOn: isOn))
    guard case .maintenance(let outcome) = answer else { throw connection.unexpected }
    guard !output.json else { return Terminal.print(outcome.line()) }
    Terminal.print(MaintenanceText.render(outcome, style: Terminal.style))
  }
}
