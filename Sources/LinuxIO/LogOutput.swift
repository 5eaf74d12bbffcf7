import CLinux
// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc
import VRRP

/// Writes log lines to standard error and never waits for who reads them.
///
/// To the journal each line goes with its priority (sd-daemon(3)), to anything else with the time.
/// What cannot be written at once is dropped and counted, and the next line that gets through says so.
public struct LogOutput: ~Copyable {
  /// Bytes of a line with everything: what a pipe takes whole or not at all (PIPE_BUF, pipe(7)).
  static let longestLine = 4096

  private enum Stream {
    case socket
    /// Our own open file of the same pipe or terminal, which does not block.
    case nonblocking
    /// A pipe or terminal that could not be opened again: asked before each write.
    case asked
    /// A file, which does not make its writer wait for a reader.
    case file
  }

  /// Lines lost so far, since the last one that said so.
  public private(set) var droppedLines = 0
  /// Whether lines go to the journal.
  public let isJournal: Bool

  private let descriptor: Int32
  private let reopened: FileDescriptor?
  private let stream: Stream
  // The end of a line of which a socket took only the beginning.
  private var rest: [UInt8] = []

  /// Writes to `descriptor`, which stays the caller's: 2 for standard error.
  public init(descriptor: Int32 = 2) {
    self.init(
      descriptor: descriptor, journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) })
  }

  /// `reopens` false: as if the pipe or terminal could not be opened again, for want of permission.
  init(descriptor: Int32, journalStream: String?, reopens: Bool = true) {
    let identity = FileIdentity(descriptor: descriptor)
    isJournal = identity != nil && identity == journalStream.flatMap(Self.identity)
    var status = stat()
    fstat(descriptor, &status)
    var reopened: Int32 = -1
    switch status.st_mode & S_IFMT {
    case S_IFSOCK: stream = .socket
    case S_IFREG: stream = .file
    default:
      let flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
      if reopens { reopened = open("/proc/self/fd/\(descriptor)", flags) }
      stream = reopened >= 0 ? .nonblocking : .asked
    }
    self.descriptor = reopened >= 0 ? reopened : descriptor
    self.reopened = reopened >= 0 ? FileDescriptor(owning: reopened) : nil
  }

  /// Writes one line of a syslog priority, 3 (error) to 7 (debug).
  public mutating func write(_ text: String, priority: Int) {
    guard flushRest() else {
      droppedLines += 1
      return
    }
    let line = format(text, priority)
    let count = line.withUnsafeBytes { put($0) }
    if count == line.count {
      droppedLines = 0
    } else if count > 0 {
      droppedLines = 0
      rest = Array(line[count...])
    } else {
      droppedLines += 1
    }
  }

  private func format(_ text: String, _ priority: Int) -> [UInt8] {
    let start = isJournal ? "<\(min(7, max(0, priority)))>" : "\(Clock.wallClock()) "
    let loss = droppedLines > 0 ? "(lines lost before this one: \(droppedLines)) " : ""
    var line = Array(start.utf8) + Array(loss.utf8) + Array(LineBuffer.printable(text.utf8).utf8)
    if line.count >= Self.longestLine {
      // Room for the ellipsis and the line feed; not within a character of UTF-8.
      var end = Self.longestLine - 4
      while end > 0 && line[end] & 0xC0 == 0x80 { end -= 1 }
      line.removeSubrange(end...)
      line.append(contentsOf: "…".utf8)
    }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  // False while the beginning of a line still waits for its end.
  private mutating func flushRest() -> Bool {
    guard !rest.isEmpty else { return true }
    let count = rest.withUnsafeBytes { put($0) }
    if count > 0 { rest.removeFirst(count) }
    return rest.isEmpty
  }

  // Bytes written, 0 or less when it would have to wait or nobody reads.
  private func put(_ bytes: UnsafeRawBufferPointer) -> Int {
    var count: Int
    repeat {
      switch stream {
      case .socket:
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        count = send(descriptor, bytes.baseAddress, bytes.count, flags)
      case .asked:
        var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&wanted, 1, 0) == 1, wanted.revents & Int16(POLLOUT) != 0 else { return 0 }
        count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      case .nonblocking, .file:
        count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
      }
    } while count < 0 && errno == EINTR
    return count
  }

  // `DEVICE:INODE`, both decimal (systemd.exec(5)).
  private static func identity(_ journalStream: String) -> FileIdentity? {
    let parts = journalStream.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else {
      return nil
    }
    return FileIdentity(device: device, inode: inode)
  }
}
