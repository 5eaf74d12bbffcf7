import Testing

@testable import Configuration

/// Reads a text as `godwit.yaml` on the host `db-a`.
func read(_ text: String) throws(ConfigurationErrors) -> NodeConfiguration {
  try NodeConfiguration.read(Array(text.utf8), file: "godwit.yaml", hostName: "db-a")
}

/// The errors of a text, one per line as they are printed, without the name of the file.
func mistakes(_ text: String) -> [String] { mistakes(Array(text.utf8)) }

func mistakes(_ bytes: [UInt8]) -> [String] {
  do throws(ConfigurationErrors) {
    _ = try NodeConfiguration.read(bytes, file: "godwit.yaml", hostName: "db-a")
    return []
  } catch {
    return error.errors.map { error in
      String(error.description.dropFirst("godwit.yaml:".count))
    }
  }
}

/// A wrong text and the one error it gives.
struct Mistake: CustomTestStringConvertible, Sendable {
  var text: String
  var error: String

  init(_ text: String, _ error: String) {
    self.text = text
    self.error = error
  }

  var testDescription: String { error }
}

/// A right virtual router of five lines; what a test adds begins at line 6.
let router = """
  virtual_routers:
    orders-db:
      vrid: 51
      interface: eth0
      addresses: [192.0.2.100/24]

  """
