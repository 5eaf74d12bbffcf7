import ArgumentParser
import Control

/// `godwit announce`
struct Announce: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell the network again where the addresses are.",
    discussion: """
      Sends the announcements (gratuitous ARP, unsolicited neighbour advertisements) of each virtual \
      router that is Active here. Useful when a switch or a router has a stale entry.

      Example:

        godwit announce orders-db
      """)

  @Argument(help: "One virtual router; without it, all that are Active here.")
  var name: String?

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    guard case .announce(let outcome) = try connection.ask(.announce(name: name)) else {
      throw connection.unexpected
    }
    guard !output.json else { return Terminal.print(outcome.line()) }
    Terminal.print(AnnounceText.render(outcome))
  }
}
