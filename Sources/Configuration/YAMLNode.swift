/// A place in the text; line and column are counted from 1, the column in characters.
struct YAMLMark: Comparable, Hashable {
  var line: Int
  var column: Int

  static let start = YAMLMark(line: 1, column: 1)

  static func < (left: YAMLMark, right: YAMLMark) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A value of the document with its place.
struct YAMLNode {
  enum Content {
    /// `quoted` when the text stands in quotes or in a block (`|`, `>`): then it is only ever text.
    case scalar(String, quoted: Bool)
    case sequence([YAMLNode])
    /// In the order of the file, each key once.
    case mapping([YAMLEntry])
    /// Something this reader does not take; its problem is already reported.
    case refused
  }

  var mark: YAMLMark
  var content: Content
}

/// One key of a mapping with its value.
struct YAMLEntry {
  var key: String
  var keyMark: YAMLMark
  var value: YAMLNode
}

/// Why the text is not one document that this reader takes.
struct YAMLProblem: Error {
  var mark: YAMLMark
  /// The key with all above it; empty for the file as a whole.
  var keyPath = ""
  var problem: String
  var remedy: String
}
