import ArgumentParser
import Control

/// `godwit reload`
struct Reload: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Apply the changed configuration file: all of it or nothing.",
    discussion: """
      A file with errors changes nothing, and the errors are printed. Virtual routers that did not \
      change are not touched.

      Example:

        godwit check && godwit reload
      """)

  @OptionGroup var output: OutputOptions
  @OptionGroup var connection: ConnectionOptions

  func run() throws {
    guard case .reload(let outcome) = try connection.ask(.reload) else {
      throw connection.unexpected
    }
    guard !output.json else { return Terminal.print(outcome.line()) }
    Terminal.print(ReloadText.render(outcome))
  }
}
