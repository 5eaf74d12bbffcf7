import FoundationEssentials

/// A line that is not what the protocol says; the message is a sentence for the sender.
public struct LineError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// A value that travels over the control socket as one line of JSON.
public protocol Line: Codable, Sendable {}

extension Request: Line {}
extension Reply: Line {}
extension StatusReport: Line {}
extension HistoryEntry: Line {}
extension HistoryReport: Line {}
extension FailoverOutcome: Line {}
extension ReloadOutcome: Line {}
extension AnnounceOutcome: Line {}
extension MaintenanceOutcome: Line {}

extension Line {
  /// The value as JSON with sorted keys, and a newline.
  public func line() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Encoding fails for numbers that are not finite and for a tree without a root: no value of
    // this module has either.
    guard let data = try? encoder.encode(self) else {
      return Array(#"{"error":{"code":"internal","message":"not encodable","remedy":null}}"#.utf8)
        + [0x0A]
    }
    return Array(data) + [0x0A]
  }

  /// Reads one line, with or without its newline.
  public init(line: some Sequence<UInt8>) throws(LineError) {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(line))
    } catch let error as LineError {
      throw error
    } catch let error as DecodingError {
      throw LineError(explaining: error)
    } catch {
      throw LineError("not understood")
    }
  }
}

extension LineError {
  init(explaining error: DecodingError) {
    switch error {
    case .keyNotFound(let key, let context):
      self.init("\(Self.place(context.codingPath + [key])) is missing")
    case .typeMismatch(let type, let context):
      self.init("\(Self.place(context.codingPath)) must be \(Self.noun(type))")
    case .valueNotFound(let type, let context):
      self.init("\(Self.place(context.codingPath)) must be \(Self.noun(type)), not null")
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      self.init("not one line of JSON")
    case .dataCorrupted(let context):
      self.init("\(Self.place(context.codingPath)) is wrong: \(context.debugDescription)")
    @unknown default:
      self.init("not understood")
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    guard !path.isEmpty else { return "the line" }
    var text = ""
    for key in path {
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return "\"\(text)\""
  }

  private static func noun(_ type: Any.Type) -> String {
    if type == String.self { return "text" }
    if type == Bool.self { return "true or false" }
    if type == Int.self || type == Int64.self { return "a whole number" }
    if type is any Collection.Type, !"\(type)".hasPrefix("Dictionary") { return "a list" }
    return "an object"
  }
}
