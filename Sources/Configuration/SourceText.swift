/// The rules for the bytes of a file, before any YAML.
enum SourceText {
  /// The text without its byte order mark.
  ///
  /// Refuses what is too long, what is not UTF-8 and the characters that YAML 1.2 section 5.1 does
  /// not print, each at its place. U+0085, U+2028 and U+2029 are refused too: libyaml takes them for
  /// line breaks, YAML 1.2 and editors do not.
  static func checked(_ text: [UInt8]) throws(YAMLProblem) -> [UInt8] {
    guard text.count <= YAMLDocument.maximumSize else {
      throw YAMLProblem(
        mark: YAMLMark(line: 0, column: 0), problem: "the file is larger than 1 MiB",
        remedy: "make it smaller")
    }
    let bytes = text.starts(with: [0xef, 0xbb, 0xbf]) ? Array(text.dropFirst(3)) : text
    var mark = YAMLMark.start
    var afterCarriageReturn = false
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    reading: while true {
      switch decoder.decode(&iterator) {
      case .emptyInput: break reading
      case .error:
        throw YAMLProblem(
          mark: mark, problem: "the text is not UTF-8", remedy: "save the file as UTF-8")
      case .scalarValue(let scalar):
        guard isAllowed(scalar) else {
          throw YAMLProblem(
            mark: mark,
            problem: "the character \(name(of: scalar)) is not allowed", remedy: "remove it")
        }
        if scalar == "\r" || (scalar == "\n" && !afterCarriageReturn) {
          mark = YAMLMark(line: mark.line + 1, column: 1)
        } else if scalar != "\n" {
          mark.column += 1
        }
        afterCarriageReturn = scalar == "\r"
      }
    }
    return bytes
  }

  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0a, 0x0d, 0x20...0x7e: true
    case 0x2028, 0x2029, 0xfeff: false
    case 0xa0...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff: true
    default: false
    }
  }

  private static func name(of scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
