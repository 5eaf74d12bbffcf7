import Control
import Glibc
import LinuxIO

/// The files of the state directory: `terms`, a line `NAME TERM` for each virtual router, and
/// `history.jsonl`, a line of JSON for each entry; the older half of the history is
/// `history.jsonl.1`.
struct StateFiles {
  /// Bytes after which the history begins a new file.
  static let historyBound = 1 << 20

  let directory: String
  var terms: String { "\(directory)/terms" }
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

/// The process that writes them: lines on standard input, `term NAME NUMBER` or `history JSON`.
/// It may block for as long as the disk does; what goes wrong is told on standard error.
struct StateWriter {
  private let files: StateFiles
  private var terms: [String: UInt64]

  init(directory: String) {
    files = StateFiles(directory: directory)
    terms = files.readTerms()
  }

  /// Until standard input ends.
  mutating func run() {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(0, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest += buffer[..<count]
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        take(rest[..<end])
        rest.removeSubrange(...end)
      }
    }
  }

  private mutating func take(_ line: ArraySlice<UInt8>) {
    guard let space = line.firstIndex(of: UInt8(ascii: " ")) else { return }
    let word = String(decoding: line[..<space], as: UTF8.self)
    let rest = line[line.index(after: space)...]
    do throws(SystemError) {
      switch word {
      case "term": try takeTerm(rest)
      case "history": try append(Array(rest) + [UInt8(ascii: "\n")])
      default: break
      }
    } catch {
      let text = "\(files.directory): \(error); the failover goes on, what it did is not kept\n"
      _ = Glibc.write(2, text, text.utf8.count)
    }
  }

  private mutating func takeTerm(_ text: ArraySlice<UInt8>) throws(SystemError) {
    let words = text.split(separator: UInt8(ascii: " "))
    guard words.count == 2, let term = UInt64(String(decoding: words[1], as: UTF8.self)) else {
      return
    }
    terms[String(decoding: words[0], as: UTF8.self)] = term
    let content = terms.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
    let temporary = files.terms + ".new"
    try write(Array(content.utf8), to: temporary, O_TRUNC, isDurable: true)
    guard rename(temporary, files.terms) == 0 else { throw SystemError("rename") }
  }

  private func append(_ line: [UInt8]) throws(SystemError) {
    var status = stat()
    if stat(files.history, &status) == 0, Int(status.st_size) > StateFiles.historyBound {
      guard rename(files.history, files.olderHistory) == 0 else { throw SystemError("rename") }
    }
    try write(line, to: files.history, O_APPEND, isDurable: false)
  }

  private func write(
    _ bytes: [UInt8], to path: String, _ flags: Int32, isDurable: Bool
  ) throws(SystemError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0o640)
    guard descriptor >= 0 else { throw SystemError("open") }
    let file = FileDescriptor(owning: descriptor)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.write(file.number, $0.baseAddress, $0.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw SystemError("write") }
      sent += count
    }
    if isDurable, fsync(file.number) != 0 { throw SystemError("fsync") }
  }
}
