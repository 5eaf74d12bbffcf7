/// Cuts what a program writes into lines for a log, without trusting it.
struct LineBuffer {
  /// Bytes of a line that are kept; the rest of a longer line is dropped.
  static let longest = 1024

  private var line: [UInt8] = []
  private var cut = false

  /// Takes what was read and hands out every line that it completes.
  mutating func append(_ bytes: UnsafeRawBufferPointer, _ body: (String) -> Void) {
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        finish(body)
      } else if line.count < Self.longest {
        line.append(byte)
      } else {
        cut = true
      }
    }
  }

  /// Hands out the rest, a line that was not ended; empty lines are left out.
  mutating func finish(_ body: (String) -> Void) {
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    if !line.isEmpty { body(LineBuffer.printable(line) + (cut ? "…" : "")) }
    line.removeAll(keepingCapacity: true)
    cut = false
  }

  /// The bytes as text: what is not UTF-8 becomes U+FFFD, a tab a space, and every other control
  /// character a question mark, so that a line cannot steer a terminal or forge another line.
  static func printable(_ bytes: some Collection<UInt8>) -> String {
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar.value {
      case 9: text.unicodeScalars.append(" ")
      case 0..<32, 127..<160, 0x2028, 0x2029: text.unicodeScalars.append("?")
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
