import Control
import Failover
import Glibc
import LinuxIO

/// The files of the state directory: `terms`, a line `NAME TERM` for each virtual router,
/// `maintenance`, a line `NAME VERSION on|off` for each whose mark was ever set, and
/// `history.jsonl`, a line of JSON for each entry; the older half of the history is
/// `history.jsonl.1`.
struct StateFiles {
  /// Bytes after which the history begins a new file.
  static let historyBound = 1 << 20

  let directory: String
  var terms: String { "\(directory)/terms" }
  var maintenance: String { "\(directory)/maintenance" }
  var history: String { "\(directory)/history.jsonl" }
  var olderHistory: String { "\(directory)/history.jsonl.1" }

  /// The terms on disk; none for a file that is missing. A line that is not understood is skipped.
  func readTerms() -> [String: UInt64] {
    var found: [String: UInt64] = [:]
    for line in lines(of: terms) {
      let words = line.split(separator: UInt8(ascii: " "))
      guard words.count == 2, let term = UInt64(String(decoding: words[1], as: UTF8.self)) else {
        continue
      }
      found[String(decoding: words[0], as: UTF8.self)] = term
    }
    return found
  }

  /// The marks on disk; none for a file that is missing. A line that is not understood is skipped.
  func readMaintenance() -> [String: MaintenanceMark] {
    var found: [String: MaintenanceMark] = [:]
    for line in lines(of: maintenance) {
      let words = line.split(separator: UInt8(ascii: " "))
      guard words.count == 3,
        let mark = MaintenanceMark(
          line: words.dropFirst().map { String(decoding: $0, as: UTF8.self) })
      else { continue }
      found[String(decoding: words[0], as: UTF8.self)] = mark
    }
    return found
  }

  /// The newest entries on disk. A line that was cut off by a crash is skipped.
  func readHistory(last count: Int) -> [HistoryEntry] {
    let lines = lines(of: olderHistory) + lines(of: history)
    return lines.suffix(count).compactMap { try? HistoryEntry(line: $0) }
  }

  private func lines(of path: String) -> [ArraySlice<UInt8>] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return [] }
    let file = FileDescriptor(owning: descriptor)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while bytes.count < 2 * Self.historyBound + 65536 {
      let count = read(file.number, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return bytes.split(separator: UInt8(ascii: "\n"))
  }
}

extension MaintenanceMark {
  /// `VERSION on|off`
  var line: String { "\(version) \(isOn ? "on" : "off")" }

  /// From the words of its line; nil when they are not understood.
  init?(line words: [String]) {
    guard words.count == 2, let version = UInt64(words[0]) else { return nil }
    switch words[1] {
    case "on": self.init(version: version, isOn: true)
    case "off": self.init(version: version, isOn: false)
    default: return nil
    }
  }
}
