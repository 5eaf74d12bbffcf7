import Control
import Foundation

/// Texts to begin with, out of the documentation and the sources of the tests.
enum SeedTexts {
  /// The YAML of the documentation, and every text of several lines in the configuration's tests.
  static func configurations() throws -> [[UInt8]] {
    let shown = try files(["Docs", "."], "md").flatMap { blocks($0, "```yaml", "```") }
    let tested = try files(["Tests/ConfigurationTests"], "swift").flatMap { text in
      blocks(text, #"""""#, #"""""#)
    }
    return (shown + tested).map { Array($0.utf8) }
  }

  /// One request and reply of each kind, and the JSON of the tests of the control socket.
  static func lines() throws -> [[UInt8]] {
    let requests: [Request] = [
      .status(name: nil), .reload, .announce(name: "orders-db"), .history(name: nil, limit: 20),
      .failover(FailoverRequest(name: "orders-db", to: "db-b", reason: "disk")),
      .maintenance(name: "orders-db", isOn: true),
    ]
    let replies: [Reply] = [
      .error(Refusal(.refused, "not Active", remedy: "ask the other node")),
      .result(.reload(ReloadOutcome(message: "changed", changed: ["orders-db"]))),
      .result(.announce(AnnounceOutcome(announced: ["orders-db"]))),
    ]
    let sources = try files(["Tests/ControlTests"], "swift")
    let reports = sources.flatMap { blocks($0, #"""""#, #"""""#) }.filter { isObject($0) }
      .map { "{\"result\":{\"status\":\($0)}}" }
    let literals = sources.flatMap { $0.components(separatedBy: "#\"").dropFirst() }
      .map { $0.components(separatedBy: "\"#")[0] }.filter { isObject($0) }
    return requests.map { $0.line() } + replies.map { $0.line() }
      + (reports + literals).map { Array($0.utf8) }
  }

  private static func isObject(_ text: String) -> Bool {
    text.drop { $0.isWhitespace }.first == "{"
  }

  private static func files(_ directories: [String], _ ending: String) throws -> [String] {
    try directories.flatMap { directory in
      try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        .filter { $0.hasSuffix(".\(ending)") }
        .map { try String(contentsOfFile: "\(directory)/\($0)", encoding: .utf8) }
    }
  }

  /// What stands between a line that ends with `opening` and one that begins with `closing`.
  private static func blocks(_ text: String, _ opening: String, _ closing: String) -> [String] {
    var found: [String] = []
    var open: [Substring]?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let trimmed = line.trimmingCharacters(in: .whitespaces)
      if let lines = open, trimmed.hasPrefix(closing) {
        found.append(lines.joined(separator: "\n"))
        open = nil
      } else if open != nil {
        open?.append(line)
      } else if trimmed.hasSuffix(opening) {
        open = []
      }
    }
    return found
  }
}
