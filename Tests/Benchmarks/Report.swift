import Foundation

/// The page that the measurements write: a heading, a sentence and a table for each.
struct Report {
  private var text: String

  init(facts: MachineFacts, rounds: Int) {
    text = """
      # Performance

      Written by `\(facts.command)` on \(facts.date), \(rounds) rounds. Every round measures both
      programs on the same machine and in the same network of namespaces, one after the other unless
      a table says otherwise; each cell is the median, with the least and the greatest in brackets.
      The last column is godwitd's median in relation to keepalived's.

      | | |
      |---|---|

      """
    for (name, value) in facts.rows { text += "| \(name) | \(value) |\n" }
  }

  mutating func section(_ title: String, _ how: String) {
    text += "\n## \(title)\n\n\(how)\n"
  }

  mutating func table(_ header: [String], _ rows: [[String]]) {
    text += "\n| \(header.joined(separator: " | ")) |\n"
    text += "|" + header.indices.map { $0 == 0 ? "---|" : "---:|" }.joined() + "\n"
    for row in rows { text += "| \(row.joined(separator: " | ")) |\n" }
  }

  /// A table of one quantity of both programs.
  mutating func comparison(
    _ subject: String, _ rows: [(name: String, samples: [Program: Samples])]
  ) {
    table(
      [subject] + Program.allCases.map(\.name) + ["ratio"],
      rows.map { name, samples in
        let godwit = samples[.godwit] ?? Samples()
        let keepalived = samples[.keepalived] ?? Samples()
        return [name, godwit.text, keepalived.text, godwit.ratio(to: keepalived)]
      })
  }

  func write(to path: String?) throws {
    guard let path else { return print(text) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    print(text)
  }
}
