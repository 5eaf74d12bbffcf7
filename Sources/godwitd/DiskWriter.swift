import Glibc
import LinuxIO
import VRRP

/// Another process that owns a file or a directory: it reads lines from its standard input, so that a
/// disk that hangs or is full never holds up the loop.
///
/// What the pipe does not take waits in a bounded queue; what that does not hold is lost, and told. A
/// process that ended is started again when `beginning` tells what it has to know first.
final class DiskWriter {
  /// Bytes that may wait for the process.
  static let pendingBound = 1 << 20
  /// How long the end of the daemon waits for the process.
  static let closeLimit = Duration.seconds(2)

  private let subject: String
  private let number: UInt64
  private let log: Log
  private var process: ChildProcess?
  private let arguments: [String]
  /// The lines that a new process begins with; nil where none is started again.
  var beginning: (() -> [UInt8])?
  private var restartAllowed = Clock.now()
  static let restartPause = Duration.seconds(5)
  private var pending: [UInt8] = []
  private var isWatched = false
  /// Lines that found no room.
  private(set) var lost = 0

  /// Starts this program again with these arguments; `subject` is what the log calls it, `number` what
  /// the loop knows it by.
  init(_ arguments: [String], subject: String, number: UInt64, log: Log) {
    self.subject = subject
    self.number = number
    self.log = log
    self.arguments = arguments
    start()
  }

  private func start() {
    restartAllowed = Clock.now() + Self.restartPause
    var request = ChildProcess.Request(
      arguments: [selfPath()] + arguments, environment: [], outputLimit: 0)
    request.keepsInputOpen = true
    do throws(SystemError) {
      process = try ChildProcess.start(request)
    } catch {
      log.write(.error, "\(subject) is not kept on disk: \(error)")
    }
  }

  /// Listens to what the process has to say.
  func begin(loop: borrowing EventLoop) throws(SystemError) {
    guard let descriptor = process?.errorDescriptor else { return }
    try loop.watch(descriptor, for: .readable, token: Token.diskWriter.with(number))
  }

  /// The pipe has room again, or the process says something.
  func isReady(loop: borrowing EventLoop) {
    process?.readErrorLines { log.write(.error, "\(subject): \($0)") }
    if process?.reap() != nil { end(loop: loop) }
    flush(loop: loop)
  }

  func submit(_ line: [UInt8], loop: borrowing EventLoop) {
    if process == nil { restart(loop: loop) }
    guard process != nil else { return }
    guard pending.count + line.count <= Self.pendingBound else {
      lost += 1
      log.writeLimited(
        .error, about: subject, at: Clock.now(),
        "\(subject): the disk does not take what is written: is it full or hanging?")
      return
    }
    pending += line
    flush(loop: loop)
  }

  /// Hands over what waits and lets the process end, within a bound.
  func close() {
    let limit = Clock.now() + Self.closeLimit
    while !pending.isEmpty, Clock.now() < limit, let descriptor = process?.inputDescriptor {
      var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      _ = Glibc.poll(&poll, 1, 100)
      guard let count = try? process?.writeMore(pending[...]) else { break }
      pending.removeFirst(count)
    }
    process?.closeInput()
    while Clock.now() < limit, let descriptor = process?.exitDescriptor {
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      if Glibc.poll(&poll, 1, 100) > 0 {
        _ = process?.reap()
        return
      }
    }
  }

  private func flush(loop: borrowing EventLoop) {
    guard let descriptor = process?.inputDescriptor else { return }
    do throws(SystemError) {
      while !pending.isEmpty {
        let count = try process?.writeMore(pending[...]) ?? 0
        if count == 0 { break }
        pending.removeFirst(count)
      }
      watch(!pending.isEmpty, descriptor, loop)
    } catch {
      log.write(.error, "\(subject): what writes it has ended: \(error)")
      watch(false, descriptor, loop)
      _ = process?.reap()
      end(loop: loop)
    }
  }

  /// The process is gone, and what waited for it with it.
  private func end(loop: borrowing EventLoop) {
    log.write(.error, "\(subject) is not kept on disk any more")
    if let descriptor = process?.inputDescriptor { watch(false, descriptor, loop) }
    if let descriptor = process?.errorDescriptor { loop.forget(descriptor) }
    process = nil
    isWatched = false
    pending = []
  }

  private func restart(loop: borrowing EventLoop) {
    guard let beginning, Clock.now() >= restartAllowed else { return }
    start()
    guard process != nil else { return }
    try? begin(loop: loop)
    log.write(.notice, "\(subject) is kept on disk again")
    pending = beginning()
  }

  private func watch(_ wanted: Bool, _ descriptor: Int32, _ loop: borrowing EventLoop) {
    guard wanted != isWatched else { return }
    isWatched = wanted
    if wanted {
      try? loop.watch(descriptor, for: .writable, token: Token.diskWriter.with(number))
    } else {
      loop.forget(descriptor)
    }
  }
}
