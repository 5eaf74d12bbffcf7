/// One mistake in a configuration file: where it is, what is wrong and what would be right.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file as the caller named it.
  public var file: String
  /// Counted from 1; 0 when the mistake is not at a place in the text.
  public var line: Int
  /// In characters, counted from 1; 0 when the mistake is not at a place in the text.
  public var column: Int
  /// The key with all above it, `virtual_routers.orders-db.vrid`; empty for the file as a whole.
  public var keyPath: String
  /// What is wrong.
  public var problem: String
  /// What would be right.
  public var remedy: String

  public init(
    file: String, line: Int = 0, column: Int = 0, keyPath: String = "", problem: String,
    remedy: String
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.keyPath = keyPath
    self.problem = problem
    self.remedy = remedy
  }

  /// `godwit.yaml:7:11: virtual_routers.orders-db.vrid: 300 is out of range; use 1-255`.
  public var description: String {
    let place = line > 0 ? "\(file):\(line):\(column): " : "\(file): "
    let key = keyPath.isEmpty ? "" : "\(keyPath): "
    return "\(place)\(key)\(problem); \(remedy)"
  }
}

/// Every mistake of one configuration file, at least one, in the order of the file.
public struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
  /// Never empty.
  public let errors: [ConfigurationError]

  /// nil when there are none.
  public init?(_ errors: [ConfigurationError]) {
    guard !errors.isEmpty else { return nil }
    self.errors = errors
  }

  public init(_ error: ConfigurationError) { errors = [error] }

  /// One error per line.
  public var description: String {
    errors.map(\.description).joined(separator: "\n")
  }
}
