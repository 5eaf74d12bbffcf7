import CLinux
import Glibc

/// A program that runs for the daemon: a hook or a check.
///
/// It starts with a clean slate (godwit_spawn) in its own session, so that one signal reaches it and
/// everything it started that did not leave its process group. Its end is a descriptor for the event
/// loop (pidfd_open(2)). Nothing here blocks, and a stream that is closed here leaves the loop by
/// itself. A process whose owner is dropped before `reap()` told of its end is killed with its group,
/// and stays a zombie unless it was one already.
public struct ChildProcess: ~Copyable {
  /// How a process ended.
  public enum ExitStatus: Hashable, Sendable {
    /// With this exit code, 0-255.
    case exited(Int32)
    /// By this signal.
    case signalled(Int32)
  }

  /// Bytes read from one stream in one call, so that a flood leaves time for the rest of the loop.
  /// More than a pipe holds: the call after the end of the process gets all that it wrote.
  static let readBound = 262_144

  public let processIdentifier: Int32
  /// What it wrote to standard output so far, at most the request's limit.
  public private(set) var output: [UInt8] = []
  /// Whether it wrote more than that; the rest was read and dropped.
  public private(set) var outputOverflowed = false

  private let exit: FileDescriptor
  private var inputPipe: FileDescriptor?
  private var outputPipe: FileDescriptor?
  private var errorPipe: FileDescriptor?
  private let bytes: [UInt8]
  private var written = 0
  private let outputLimit: Int
  private let keepsInputOpen: Bool
  private var errorLines = LineBuffer()
  private var reaped = false

  private init(
    _ processIdentifier: Int32, exit: consuming FileDescriptor, input: consuming FileDescriptor,
    output: consuming FileDescriptor, error: consuming FileDescriptor, _ request: Request
  ) {
    self.processIdentifier = processIdentifier
    self.exit = exit
    inputPipe = consume input
    outputPipe = consume output
    errorPipe = consume error
    bytes = request.input
    outputLimit = request.outputLimit
    keepsInputOpen = request.keepsInputOpen
  }

  deinit {
    guard !reaped else { return }
    kill(-processIdentifier, SIGKILL)
    var signalled: Int32 = 0
    var status: Int32 = 0
    _ = godwit_reap(exit.number, 0, &signalled, &status)
  }

  /// Starts the program. Throws the call that failed: `execve` with ENOENT for a missing program and
  /// EACCES for one that may not be run, or with EINVAL when its path is not absolute or a string
  /// contains NUL.
  public static func start(_ request: Request) throws(SystemError) -> ChildProcess {
    guard request.isWellFormed else { throw SystemError("execve", EINVAL) }
    let input = try Pipe.make(keeps: .writing)
    let output = try Pipe.make(keeps: .reading)
    let error = try Pipe.make(keeps: .reading)
    if let user = request.credentials {
      // So that it can open /dev/stdout and /dev/stderr also as another user.
      for end in [input.given.number, output.given.number, error.given.number] {
        fchown(end, user.user, user.group)
      }
    }
    var wanted = godwit_spawn_request()
    wanted.input = input.given.number
    wanted.output = output.given.number
    wanted.error = error.given.number
    var pidfd: Int32 = -1
    let process = try request.spawn(&wanted, &pidfd)
    var child = ChildProcess(
      process, exit: FileDescriptor(owning: pidfd), input: input.keep(), output: output.keep(),
      error: error.keep(), request)
    child.writeInput()
    return child
  }

  /// Readable when the process has ended (a pidfd).
  public var exitDescriptor: Int32 { exit.number }
  /// Writable while standard input is wanted; nil once it is closed.
  public var inputDescriptor: Int32? { inputPipe.reading { $0.number } }
  /// Readable while standard output comes; nil once it is closed.
  public var outputDescriptor: Int32? { outputPipe.reading { $0.number } }
  /// Readable while standard error comes; nil once it is closed.
  public var errorDescriptor: Int32? { errorPipe.reading { $0.number } }

  /// Writes as much input as the pipe takes, and closes it at the end or when nobody reads it.
  /// Needs SIGPIPE ignored (`ProcessLimits.ignoreBrokenPipes`).
  public mutating func writeInput() {
    guard let number = inputDescriptor else { return }
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN { return }
      guard count > 0 else { break }
      written += count
    }
    if !keepsInputOpen || written < bytes.count { inputPipe = nil }
  }

  /// Writes further bytes to a standard input that was kept open; how many it took, 0 when the pipe
  /// is full. Throws when nobody reads it any more.
  public mutating func writeMore(_ more: ArraySlice<UInt8>) throws(SystemError) -> Int {
    guard let number = inputDescriptor else { throw SystemError("write", EPIPE) }
    while true {
      let count = more.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
      if count >= 0 { return count }
      if errno == EINTR { continue }
      if errno == EAGAIN { return 0 }
      throw SystemError("write")
    }
  }

  /// Closes standard input, so that the program finds its end.
  public mutating func closeInput() { inputPipe = nil }

  /// Collects standard output: up to the limit, then reads and drops. True while it is open; after
  /// `reap()` it takes what is there and closes.
  public mutating func readOutput() -> Bool {
    guard let number = outputDescriptor else { return false }
    let open = Self.drain(number) { bytes in
      let kept = bytes.prefix(max(0, outputLimit - output.count))
      output.append(contentsOf: kept)
      if kept.count < bytes.count { outputOverflowed = true }
    }
    if open && !reaped { return true }
    outputPipe = nil
    return false
  }

  /// Hands out the lines that came on standard error: at most 1 KiB each, invalid UTF-8 and control
  /// characters replaced. True while it is open; after `reap()` it takes what is there and closes. The
  /// last line may lack its line feed.
  @discardableResult
  public mutating func readErrorLines(_ body: (String) -> Void) -> Bool {
    guard let number = errorDescriptor else { return false }
    let open = Self.drain(number) { errorLines.append($0, body) }
    if open && !reaped { return true }
    errorLines.finish(body)
    errorPipe = nil
    return false
  }

  /// Sends a signal to the process and its group; nothing once it has been reaped.
  public func signalGroup(_ signal: Int32) {
    if !reaped { kill(-processIdentifier, signal) }
  }

  /// SIGKILL for the process and its group; `reap()` does the same for what is left of the group.
  public func killGroup() { signalGroup(SIGKILL) }

  /// How the process ended; nil while it runs, and after it was told once.
  ///
  /// What it left behind in its group is killed, before its pid can become another's. Processes that
  /// still hold its streams open are not waited for: `readOutput()` and `readErrorLines` once more, and
  /// this value can be dropped.
  public mutating func reap() -> ExitStatus? {
    var signalled: Int32 = 0
    var status: Int32 = 0
    guard !reaped, godwit_reap(exit.number, 1, &signalled, &status) == 1 else { return nil }
    kill(-processIdentifier, SIGKILL)
    guard godwit_reap(exit.number, 0, &signalled, &status) == 1 else { return nil }
    reaped = true
    return signalled == 0 ? .exited(status) : .signalled(status)
  }

  // Reads until the pipe is empty or the bound is reached; false at its end.
  private static func drain(_ number: Int32, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
      var total = 0
      while total < readBound {
        let count = read(number, buffer.baseAddress, buffer.count)
        if count < 0 && errno == EINTR { continue }
        if count < 0 { return errno == EAGAIN }
        if count == 0 { return false }
        body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        total += count
      }
      return true
    }
  }
}
