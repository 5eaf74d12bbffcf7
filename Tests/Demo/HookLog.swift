import Foundation

/// A hook program that writes each event it is called for to one file for both nodes.
struct HookLog {
  let program: String
  private let file: String

  /// One call of the hook.
  struct Entry: Equatable {
    var node: String
    var event: String
  }

  init(directory: String) throws {
    program = "\(directory)/log-event"
    file = "\(directory)/events"
    let script = """
      #!/bin/sh
      # godwitd calls a hook as: PROGRAM EVENT, with the facts in GODWIT_* variables.
      time=$(date +%H:%M:%S.%3N)
      echo "$time $GODWIT_NODE $1 term=$GODWIT_TERM reason=$GODWIT_REASON" >> \(file)

      """
    try script.write(toFile: program, atomically: false, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
  }

  /// The script itself.
  var source: String { (try? String(contentsOfFile: program, encoding: .utf8)) ?? "" }

  /// The lines written since the first `count` of them.
  func lines(after count: Int = 0) -> [String] {
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").dropFirst(count).map(String.init)
  }

  func entries(after count: Int) -> [Entry] {
    lines(after: count).compactMap { line in
      let words = line.split(separator: " ")
      return words.count < 3 ? nil : Entry(node: String(words[1]), event: String(words[2]))
    }
  }

  /// Whether the events were called in this order since the first `count` lines, others between.
  func has(_ expected: [Entry], after count: Int) -> Bool {
    var left = expected[...]
    for entry in entries(after: count) where entry == left.first { left = left.dropFirst() }
    return left.isEmpty
  }

  /// The lines as columns.
  func table(after count: Int) -> String {
    lines(after: count).map { line in
      let words = line.split(separator: " ").map(String.init)
      let widths = [14, 7, 10, 9]
      return words.enumerated().map { index, word in
        index < widths.count
          ? word.padding(toLength: max(word.count, widths[index]), withPad: " ", startingAt: 0)
          : word
      }.joined()
    }.joined(separator: "\n") + "\n"
  }
}
