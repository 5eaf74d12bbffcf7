/// What a scalar is in YAML 1.2 (section 10.3.2, the core schema).
enum ScalarMeaning {
  case nothing
  case boolean
  case number
  case text

  init(_ text: String, quoted: Bool) {
    if quoted {
      self = .text
      return
    }
    switch text {
    case "", "~", "null", "Null", "NULL": self = .nothing
    case "true", "True", "TRUE", "false", "False", "FALSE": self = .boolean
    default: self = Self.isNumber(text) ? .number : .text
    }
  }

  /// Decimal, octal, hexadecimal, with a fraction or an exponent, or not finite.
  private static func isNumber(_ text: String) -> Bool {
    if text.hasPrefix("0x") { return isAll(text.dropFirst(2)) { $0.isHexDigit } }
    if text.hasPrefix("0o") { return isAll(text.dropFirst(2)) { ("0"..."7").contains($0) } }
    let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    if [".inf", ".Inf", ".INF"].contains(unsigned) { return true }
    if [".nan", ".NaN", ".NAN"].contains(text) { return true }
    let parts = unsigned.split(
      maxSplits: 1, omittingEmptySubsequences: false, whereSeparator: { $0 == "e" || $0 == "E" })
    if parts.count == 2 {
      let sign = parts[1].hasPrefix("-") || parts[1].hasPrefix("+")
      guard isAll(parts[1].dropFirst(sign ? 1 : 0), isDigit) else { return false }
    }
    let mantissa = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    return mantissa.contains { !$0.isEmpty } && mantissa.allSatisfy { $0.allSatisfy(isDigit) }
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

  private static func isAll(_ text: Substring, _ test: (Character) -> Bool) -> Bool {
    !text.isEmpty && text.allSatisfy(test)
  }
}
