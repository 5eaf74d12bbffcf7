import Control
import Glibc

/// Standard input, output and error.
enum Terminal {
  /// Writes text, or a line of JSON, to standard output.
  static func print(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

  static func print(_ line: [UInt8]) { write(line, to: STDOUT_FILENO) }

  /// Writes `godwit: message` to standard error.
  static func complain(_ message: String) { report("godwit: \(message)") }

  /// Writes lines to standard error as they are.
  static func report(_ lines: String) { write(Array((lines + "\n").utf8), to: STDERR_FILENO) }

  /// Colour where a terminal reads it, unless NO_COLOR is set to anything (no-color.org).
  static var style: TextStyle {
    let refused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    let dumb = getenv("TERM").map { strcmp($0, "dumb") == 0 } ?? true
    return TextStyle(colour: isTerminal && !refused && !dumb)
  }

  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether a person can be asked.
  static var canAsk: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

  /// Asks on standard error; only an answer that begins with `y` is a yes.
  static func confirm(_ question: String) -> Bool {
    write(Array(question.utf8), to: STDERR_FILENO)
    let answer = readLine() ?? ""
    return ["y", "yes"].contains(answer.lowercased())
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
      }
      if count > 0 {
        written += count
      } else if errno != EINTR {
        return
      }
    }
  }
}
