import CLinux
import Glibc

/// Signals as something to read: blocked for the thread and taken from a signalfd(2).
///
/// Made before any other thread starts, since a thread inherits its mask. Children of `ChildProcess`
/// start with nothing blocked.
public struct SignalSource: ~Copyable {
  private let source: FileDescriptor
  private var before: sigset_t

  private init(source: consuming FileDescriptor, before: sigset_t) {
    self.source = source
    self.before = before
  }

  /// Blocks `signals` and collects them from now on.
  public static func make(_ signals: [Int32]) throws(SystemError) -> SignalSource {
    var set = sigset_t()
    var before = sigset_t()
    sigemptyset(&set)
    for signal in signals {
      guard sigaddset(&set, signal) == 0 else { throw SystemError("sigaddset") }
    }
    let flags = Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)
    let number = signalfd(-1, &set, flags)
    guard number >= 0 else { throw SystemError("signalfd") }
    let source = FileDescriptor(owning: number)
    let failure = pthread_sigmask(SIG_BLOCK, &set, &before)
    guard failure == 0 else { throw SystemError("pthread_sigmask", failure) }
    return SignalSource(source: source, before: before)
  }

  /// Readable while a signal waits.
  public var descriptor: Int32 { source.number }

  /// The next signal that arrived; nil when there is none.
  public mutating func next() -> Int32? {
    var signal = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    var length = read(source.number, &signal, size)
    while length < 0 && errno == EINTR { length = read(source.number, &signal, size) }
    return length == size ? Int32(signal.ssi_signo) : nil
  }

  deinit {
    var mask = before
    pthread_sigmask(SIG_SETMASK, &mask, nil)
  }
}
