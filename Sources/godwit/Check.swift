import ArgumentParser
import Authentication
import Configuration
import Control

/// `godwit check`
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Validate a configuration file; needs no daemon.",
    discussion: """
      Every error of the file is printed, with its line and column and what would be right. Key \
      files are read too, when this user may read them.

      Example:

        godwit check /etc/godwit/godwit.yaml

      Exit status: 0 the file is good, 78 it has errors.
      """)

  @Argument(help: "The file to validate.")
  var file = "/etc/godwit/godwit.yaml"

  @OptionGroup var output: OutputOptions

  func run() throws {
    do throws(ConfigurationErrors) {
      let node = try NodeConfiguration.load(path: file, hostName: HostName.upToFirstDot())
      if let error = keyMistake(node) {
        throw ConfigurationErrors(
          ConfigurationError(file: file, problem: error.description, remedy: "mend the key"))
      }
      let verdict = CheckVerdict(file: file, virtualRouters: node.virtualRouters.count, errors: [])
      Terminal.print(output.json ? verdict.line() : Array(verdict.text.utf8))
    } catch {
      if output.json {
        let verdict = CheckVerdict(
          file: file, virtualRouters: nil, errors: error.errors.map(CheckVerdict.Mistake.init))
        Terminal.print(verdict.line())
        throw ExitCode(ExitStatus.configuration)
      }
      // As they are, so that an editor finds file, line and column.
      Terminal.report(error.description)
      let count = error.errors.count
      throw Complaint(
        "\(file) has \(count) error\(count == 1 ? "" : "s"); the daemon would not start with it",
        exitStatus: ExitStatus.configuration)
    }
  }
  /// What is wrong with a key, as far as this user can see: credentials are the daemon's alone.
  private func keyMistake(_ node: NodeConfiguration) -> KeyError? {
    guard let authentication = node.authentication else { return nil }
    for (identifier, source) in authentication.sources.sorted(by: { $0.key < $1.key }) {
      do throws(KeyError) {
        _ = try Keyring([identifier: source], activeKey: identifier)
      } catch {
        if error.fault != .noCredentials, error.fault != .notPermitted { return error }
      }
    }
    return nil
  }
}

/// What `godwit check --json` prints.
private struct CheckVerdict: Line {
  var file: String
  /// How many there are; nil when the file has errors.
  @OrNull var virtualRouters: Int?
  var errors: [Mistake]

  struct Mistake: Codable {
    /// Counted from 1; 0 when the mistake is not at a place in the text.
    var line: Int
    var column: Int
    var key: String
    var problem: String
    var remedy: String

    init(_ error: ConfigurationError) {
      line = error.line
      column = error.column
      key = error.keyPath
      problem = error.problem
      remedy = error.remedy
    }
  }

  var text: String {
    let count = virtualRouters ?? 0
    return "\(file): ok, \(count) virtual router\(count == 1 ? "" : "s")\n"
  }

  private enum CodingKeys: String, CodingKey {
    case file, errors
    case virtualRouters = "virtual_routers"
  }
}
