import Failover
import Glibc
import LinuxIO

/// The process that writes the state directory: lines on standard input, `term NAME NUMBER`,
/// `maintenance NAME VERSION on|off` or `history JSON`.
///
/// It may block for as long as the disk does; what goes wrong is told on standard error.
struct StateWriter {
  private let files: StateFiles
  private var terms: [String: UInt64]
  private var marks: [String: MaintenanceMark]

  init(directory: String) {
    files = StateFiles(directory: directory)
    terms = files.readTerms()
    marks = files.readMaintenance()
  }

  /// Until standard input ends.
  mutating func run() {
    var rest: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      // It waits nearly all of its time, and need not be in memory for that.
      ProcessLimits.forgetCode()
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
      case "maintenance": try takeMark(rest)
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
    try replace(files.terms, content)
  }

  private mutating func takeMark(_ text: ArraySlice<UInt8>) throws(SystemError) {
    let words = text.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    guard words.count == 3, let mark = MaintenanceMark(line: Array(words.dropFirst())) else {
      return
    }
    marks[words[0]] = mark
    let lines = marks.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.line)\n" }
    try replace(files.maintenance, lines.joined())
  }

  /// The whole file at once: after a crash there is the old one or the new one.
  private func replace(_ path: String, _ content: String) throws(SystemError) {
    let temporary = path + ".new"
    try write(Array(content.utf8), to: temporary, O_TRUNC, isDurable: true)
    guard rename(temporary, path) == 0 else { throw SystemError("rename") }
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
