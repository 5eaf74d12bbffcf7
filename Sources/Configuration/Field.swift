/// A value of the file that waits to be read, with its place.
///
/// Each reading function gives the value, or reports what is wrong and gives nil.
struct Field {
  let node: YAMLNode
  /// Where its key stands; the value's own place when it has none.
  let keyMark: YAMLMark
  let keyPath: String
  let findings: Findings

  /// Reports a mistake at the value.
  func refuse(_ problem: String, _ remedy: String) {
    findings.add(node.mark, keyPath, problem, remedy)
  }

  /// Reports a mistake at the key.
  func refuseKey(_ problem: String, _ remedy: String) {
    findings.add(keyMark, keyPath, problem, remedy)
  }

  /// Reports that something else was expected.
  func refuseType(_ expected: String, _ remedy: String) {
    guard let found else { return }
    refuse("expected \(expected), found \(found)", remedy)
  }

  /// What stands there, in words; nil when it is already reported.
  private var found: String? {
    switch node.content {
    case .refused: nil
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .scalar(let text, let quoted):
      switch ScalarMeaning(text, quoted: quoted) {
      case .nothing: "nothing"
      case .boolean: "`\(shown(text))`"
      case .number: "the number `\(shown(text))`"
      case .text: "the \(quoted ? "quoted " : "")text `\(shown(text))`"
      }
    }
  }

  /// The scalar as written when it means text, a boolean or a number.
  func scalar(_ meaning: ScalarMeaning) -> String? {
    guard case .scalar(let text, let quoted) = node.content,
      ScalarMeaning(text, quoted: quoted) == meaning
    else { return nil }
    return text
  }

  /// Any text without control characters.
  func text(_ expected: String, _ remedy: String) -> String? {
    guard let text = anyText(expected, remedy) else { return nil }
    guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
      refuse("a control character in `\(shown(text))`", remedy)
      return nil
    }
    return text
  }

  /// Any text that a C string can hold.
  func anyText(_ expected: String, _ remedy: String) -> String? {
    guard let text = scalar(.text) else {
      if let bare = scalar(.number) ?? scalar(.boolean) {
        refuseType(expected, "put it in quotes if it is meant so: \"\(shown(bare))\"")
      } else {
        refuseType(expected, remedy)
      }
      return nil
    }
    guard !text.utf8.contains(0) else {
      refuse("a NUL character in `\(shown(text))`", remedy)
      return nil
    }
    return text
  }

  /// A decimal number in a range.
  func integer(_ range: ClosedRange<Int>) -> Int? {
    let bounds = [range.lowerBound, range.upperBound].map(String.init)
    let remedy = "use " + bounds.joined(separator: range.lowerBound < 0 ? " to " : "-")
    guard let text = scalar(.number) else {
      refuseType("a number", remedy)
      return nil
    }
    let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard unsigned.utf8.allSatisfy({ (48...57).contains($0) }),
      unsigned == "0" || unsigned.utf8.first != 48
    else {
      refuseType("a whole decimal number without leading zeros", remedy)
      return nil
    }
    // What does not fit an Int is out of range too.
    guard let number = Int(text), range.contains(number) else {
      refuse("\(shown(text)) is out of range", remedy)
      return nil
    }
    return number
  }

  /// `true` or `false`.
  func boolean() -> Bool? {
    switch scalar(.boolean) {
    case "true": return true
    case "false": return false
    default:
      refuseType("true or false", "write `true` or `false`")
      return nil
    }
  }

  /// A duration with a unit, in a range.
  func duration(_ range: ClosedRange<Duration>) -> Duration? {
    let bounds =
      "\(DurationText.spelled(range.lowerBound))-\(DurationText.spelled(range.upperBound))"
    guard let text = scalar(.text) ?? scalar(.number) else {
      refuseType("a duration", "write it like `100ms`, `1s` or `1m30s`, \(bounds)")
      return nil
    }
    let milliseconds: Int64
    do throws(DurationProblem) {
      milliseconds = try DurationText.milliseconds(text)
    } catch {
      switch error {
      case .noUnit:
        refuse("`\(shown(text))` has no unit", "write `\(shown(text))s` or `\(shown(text))ms`")
      case .tooFine:
        refuse("`\(shown(text))` is finer than a millisecond", "use whole milliseconds")
      case .malformed:
        refuseType("a duration", "write it like `100ms`, `1s` or `1m30s`, \(bounds)")
      }
      return nil
    }
    let duration = Duration.milliseconds(milliseconds)
    guard range.contains(duration) else {
      refuse("\(shown(text)) is out of range", "use \(bounds)")
      return nil
    }
    return duration
  }

  /// One of a few words.
  func choice(_ words: [String]) -> String? {
    let list = words.map { "`\($0)`" }.joined(separator: ", ")
    guard let text = scalar(.text) else {
      refuseType("a word", "use one of \(list)")
      return nil
    }
    guard words.contains(text) else {
      let hint = NearestMatch.of(text, in: words).map { "did you mean `\($0)`?" }
      refuse("unknown word `\(shown(text))`", hint ?? "use one of \(list)")
      return nil
    }
    return text
  }

  /// The elements of a list.
  func list(of elements: String) -> [Field]? {
    guard case .sequence(let nodes) = node.content else {
      refuseType("a list of \(elements)", "write `[...]`, or one `- ...` per line")
      return nil
    }
    return nodes.enumerated().map { index, node in
      Field(
        node: node, keyMark: node.mark, keyPath: keyPath.appending(.index(index)),
        findings: findings)
    }
  }

  /// The entries of a mapping whose keys the user chooses.
  func entries(_ expected: String) -> [(key: String, field: Field)]? {
    guard case .mapping(let entries) = node.content else {
      refuseType(expected, "write `key: value`, indented, one per line")
      return nil
    }
    return entries.map { entry in
      (
        entry.key,
        Field(
          node: entry.value, keyMark: entry.keyMark, keyPath: keyPath.appending(.key(entry.key)),
          findings: findings)
      )
    }
  }
}
