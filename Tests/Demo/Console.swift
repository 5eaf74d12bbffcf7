import Foundation
import Glibc

/// Text for a person at a terminal of 80 to 100 columns.
final class Console {
  private let isStyled =
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
  private let width = 88
  private let start = ContinuousClock.now
  private var afterBlock = false

  /// A numbered heading with the time since the start.
  func step(_ number: Int, _ title: String) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let time = String(format: "%5.1f s", seconds)
    let text = "\(number). \(title)"
    let gap = String(repeating: " ", count: max(2, width - text.count - time.count))
    line("")
    afterBlock = false
    line(styled(text, "1") + gap + styled(time, "2"))
    line(styled(String(repeating: "─", count: width), "2"))
  }

  /// A paragraph, wrapped.
  func say(_ text: String) {
    separate()
    var current = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      if current.count + word.count >= width {
        line(current)
        current = ""
      }
      current += (current.isEmpty ? "" : " ") + word
    }
    line(current)
  }

  /// What a program printed or a file holds, indented under a caption.
  func show(_ caption: String, _ text: String) {
    line("")
    afterBlock = true
    line("  " + styled(caption, "36"))
    for part in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
      text.hasSuffix("\n") ? 1 : 0)
    {
      line("    \(part)")
    }
  }

  /// A measured result.
  func result(_ text: String) {
    separate()
    line(styled("  → \(text)", "1;32"))
  }

  /// What did not happen as told; to standard error.
  func failure(_ text: String) {
    FileHandle.standardError.write(Data("\ngodwit-demo: \(text)\n".utf8))
  }

  /// A blank line between a block that was shown and what follows.
  private func separate() {
    if afterBlock { line("") }
    afterBlock = false
  }

  private func styled(_ text: String, _ code: String) -> String {
    isStyled ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }

  // Unbuffered, so that nothing is lost when a signal ends the program.
  private func line(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }
}
