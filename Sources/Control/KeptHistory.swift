/// The newest entries of the history, as lines that are ready to be sent: an answer costs no encoding.
public struct KeptHistory: Sendable {
  private struct Kept {
    var virtualRouter: String
    /// Without its newline.
    var line: [UInt8]
  }

  /// Entries that are kept.
  public static let capacity = 1000
  /// Bytes of the entries of one answer.
  public static let answerBound = 1 << 20

  private var kept: [Kept]

  public init(_ entries: [HistoryEntry]) {
    kept = entries.suffix(Self.capacity).map {
      Kept(virtualRouter: $0.virtualRouter, line: $0.line().dropLast())
    }
  }

  /// Takes an entry in; its line, with the newline.
  public mutating func add(_ entry: HistoryEntry) -> [UInt8] {
    let line = entry.line()
    kept.append(Kept(virtualRouter: entry.virtualRouter, line: line.dropLast()))
    if kept.count > Self.capacity { kept.removeFirst(kept.count - Self.capacity) }
    return line
  }

  /// Whether something is known of a virtual router.
  public func knows(_ router: String) -> Bool { kept.contains { $0.virtualRouter == router } }

  /// The line of a reply with the newest entries, of one virtual router or of all: at most `limit`, and
  /// no more than `answerBound` has room for.
  public func reply(_ router: String?, limit: Int) -> [UInt8] {
    let asked = kept.filter { router == nil || $0.virtualRouter == router }.suffix(max(0, limit))
    var room = Self.answerBound
    let sent = asked.reversed().prefix { entry in
      room -= entry.line.count + 1
      return room >= 0
    }.reversed()
    let lines = Array(sent.map(\.line).joined(separator: [UInt8(ascii: ",")]))
    return Array(#"{"result":{"history":{"entries":["#.utf8) + lines
      + Array("],\"left_out\":\(asked.count - sent.count)}}}\n".utf8)
  }
}
