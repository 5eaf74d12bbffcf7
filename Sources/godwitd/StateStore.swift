import Control
import Glibc
import LinuxIO
import VRRP

/// Terms and history, in memory and on the disk.
///
/// The disk belongs to another process, `godwitd --write-state`, which reads lines from its
/// standard input: a disk that hangs or is full never holds up the loop. What the pipe does not
/// take waits in a bounded queue; what that does not hold is counted and told.
final class StateStore {
  /// Entries of the history kept in memory.
  static let capacity = 1000
  /// Bytes that may wait for the writer.
  static let pendingBound = 1 << 20
  /// How long the end of the daemon waits for the writer.
  static let closeLimit = Duration.seconds(2)

  private(set) var history: [HistoryEntry]
  private var terms: [String: UInt64]
  private var writer: ChildProcess?
  private var pending: [UInt8] = []
  private var isWatched = false
  private let log: Log

  init(directory: String, log: Log) {
    self.log = log
    let files = StateFiles(directory: directory)
    terms = files.readTerms()
    history = files.readHistory(last: Self.capacity)
    var request = ChildProcess.Request(
      arguments: [selfPath(), "--write-state", directory], environment: [], outputLimit: 0)
    request.keepsInputOpen = true
    do throws(SystemError) {
      writer = try ChildProcess.start(request)
    } catch {
      log.write(.error, "state is not kept on disk: \(error)")
    }
  }

  /// Listens to what the writer has to say.
  func begin(loop: borrowing EventLoop) throws(SystemError) {
    guard let descriptor = writer?.errorDescriptor else { return }
    try loop.watch(descriptor, for: .readable, token: Token.stateWriter.with(1))
  }

  func term(_ router: String) -> UInt64 { terms[router] ?? 0 }

  func keep(term: UInt64, of router: String, loop: borrowing EventLoop) {
    guard terms[router] != term else { return }
    terms[router] = term
    // A name has no white space, so the line can be split at it.
    submit(Array("term \(router) \(term)\n".utf8), loop: loop)
  }

  func keep(_ entry: HistoryEntry, loop: borrowing EventLoop) {
    history.append(entry)
    if history.count > Self.capacity { history.removeFirst(history.count - Self.capacity) }
    submit(Array("history ".utf8) + entry.line(), loop: loop)
  }

  /// The pipe has room again, or the writer says something.
  func writerIsReady(loop: borrowing EventLoop) {
    writer?.readErrorLines { log.write(.error, "state directory: \($0)") }
    flush(loop: loop)
  }

  /// Hands over what waits and lets the writer end, within a bound.
  func close() {
    let limit = Clock.now() + Self.closeLimit
    while !pending.isEmpty, Clock.now() < limit, let descriptor = writer?.inputDescriptor {
      var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      _ = Glibc.poll(&poll, 1, 100)
      guard let count = try? writer?.writeMore(pending[...]) else { break }
      pending.removeFirst(count)
    }
    writer?.closeInput()
    while Clock.now() < limit, let descriptor = writer?.exitDescriptor {
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if Glibc.poll(&poll, 1, 100) > 0 {
        _ = writer?.reap()
        return
      }
    }
  }

  private func submit(_ line: [UInt8], loop: borrowing EventLoop) {
    guard writer != nil else { return }
    guard pending.count + line.count <= Self.pendingBound else {
      log.writeLimited(
        .error, about: "state", at: Clock.now(),
        "the state directory does not take what is written: is its disk full or hanging?")
      return
    }
    pending += line
    flush(loop: loop)
  }

  private func flush(loop: borrowing EventLoop) {
    guard let descriptor = writer?.inputDescriptor else { return }
    do throws(SystemError) {
      while !pending.isEmpty {
        let count = try writer?.writeMore(pending[...]) ?? 0
        if count == 0 { break }
        pending.removeFirst(count)
      }
      watch(!pending.isEmpty, descriptor, loop)
    } catch {
      log.write(.error, "state is no longer kept on disk: \(error)")
      watch(false, descriptor, loop)
      writer?.closeInput()
      pending = []
    }
  }

  private func watch(_ wanted: Bool, _ descriptor: Int32, _ loop: borrowing EventLoop) {
    guard wanted != isWatched else { return }
    isWatched = wanted
    if wanted {
      try? loop.watch(descriptor, for: .writable, token: Token.stateWriter.with(0))
    } else {
      loop.forget(descriptor)
    }
  }
}
