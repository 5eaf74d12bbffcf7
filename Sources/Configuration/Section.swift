/// A mapping whose keys this version knows.
struct Section {
  /// Where a missing key is reported.
  private let mark: YAMLMark
  private let keyPath: String
  private let fields: [String: Field]
  private let findings: Findings

  /// Reports every unknown key, with the nearest known one, and every reserved key; nil when the
  /// value is no mapping.
  ///
  /// - Parameter reserved: keys of a later version: refused, never ignored.
  init?(_ field: Field, _ expected: String, keys: [String], reserved: [String] = []) {
    guard let entries = field.entries(expected) else { return nil }
    mark = field.keyMark
    keyPath = field.keyPath
    findings = field.findings
    var fields: [String: Field] = [:]
    for (key, field) in entries {
      if keys.contains(key) {
        fields[key] = field
      } else if reserved.contains(key) {
        field.refuseKey("`\(key)` is not available yet", "leave the key out")
      } else {
        let hint = NearestMatch.of(key, in: keys).map { "did you mean `\($0)`?" }
        field.refuseKey(
          "unknown key `\(shown(key))`",
          hint ?? "use one of \(keys.map { "`\($0)`" }.joined(separator: ", "))")
      }
    }
    self.fields = fields
  }

  /// The value of an optional key.
  subscript(key: String) -> Field? { fields[key] }

  /// The value of a key that must be there.
  func required(_ key: String, _ remedy: String) -> Field? {
    guard let field = fields[key] else {
      refuse(key, "required key is missing", remedy)
      return nil
    }
    return field
  }

  /// Reports a mistake about a key that is not there.
  func refuse(_ key: String, _ problem: String, _ remedy: String) {
    findings.add(mark, keyPath.appending(.key(key)), problem, remedy)
  }

  /// Reports a mistake about the mapping as a whole.
  func refuse(_ problem: String, _ remedy: String) {
    findings.add(mark, keyPath, problem, remedy)
  }
}
