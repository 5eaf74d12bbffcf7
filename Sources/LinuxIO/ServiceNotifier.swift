import CLinux
// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc

/// Tells systemd how the daemon is doing (sd_notify(3)); does nothing where nobody listens.
public struct ServiceNotifier: ~Copyable {
  /// How often systemd wants to hear `watchdog()`, nil when it does not; tell it twice as often.
  public let watchdogInterval: Duration?

  private let socket: FileDescriptor?
  private let address: UnixAddress?
  /// What found no room in systemd's queue, in order; of each kind the last.
  private var owed: [(kind: String, text: String)] = []

  private init(
    _ socket: consuming FileDescriptor?, _ address: UnixAddress?, watchdogInterval: Duration?
  ) {
    self.socket = socket
    self.address = address
    self.watchdogInterval = watchdogInterval
  }

  /// From `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` of this process's environment.
  public static func fromEnvironment() -> ServiceNotifier {
    make { name in getenv(name).map { String(cString: $0) } }
  }

  /// The same with another environment.
  static func make(_ variable: (String) -> String?) -> ServiceNotifier {
    let watchdog = watchdogInterval(variable("WATCHDOG_USEC"), for: variable("WATCHDOG_PID"))
    guard let notation = variable("NOTIFY_SOCKET"), "/@".contains(notation.prefix(1)),
      !notation.isEmpty, let address = try? UnixAddress(notation: notation),
      let socket = try? UnixAddress.socket(SOCK_DGRAM)
    else { return ServiceNotifier(nil, nil, watchdogInterval: watchdog) }
    return ServiceNotifier(socket, address, watchdogInterval: watchdog)
  }

  /// The daemon does its work.
  public mutating func ready() { send("READY", "1") }

  /// A reload begins; `ready()` ends it.
  public mutating func reloading() {
    let now = Clock.read(CLOCK_MONOTONIC)
    let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    send("RELOADING", "1\nMONOTONIC_USEC=\(microseconds)")
  }

  /// One line for `systemctl status`.
  public mutating func status(_ text: String) {
    send("STATUS", LineBuffer.printable(text.utf8))
  }

  /// The daemon is on its way out.
  public mutating func stopping() { send("STOPPING", "1") }

  /// The event loop turns.
  public mutating func watchdog() {
    sendOwed()
    // One that is lost is made good by the next.
    if owed.isEmpty { _ = post("WATCHDOG=1") }
  }

  /// Whether something waits for room in systemd's queue: `sendOwed()` tries again.
  public var owes: Bool { !owed.isEmpty }

  /// Sends what found no room before.
  public mutating func sendOwed() {
    while let next = owed.first, post("\(next.kind)=\(next.text)") { owed.removeFirst() }
  }

  private mutating func send(_ kind: String, _ text: String) {
    owed.removeAll { $0.kind == kind }
    owed.append((kind, text))
    sendOwed()
  }

  /// False when the queue is full; nobody at the other end is nothing to wait for.
  private func post(_ message: String) -> Bool {
    guard let address, let number = socket.reading({ $0.number }) else { return true }
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    let bytes = Array(message.utf8)
    let sent = address.use {
      Int32(truncatingIfNeeded: sendto(number, bytes, bytes.count, flags, $0, $1))
    }
    return sent >= 0 || errno != EAGAIN && errno != ENOBUFS
  }

  private static func watchdogInterval(_ text: String?, for process: String?) -> Duration? {
    guard let text, let microseconds = Int64(text), microseconds > 0 else { return nil }
    if let process, Int32(process) != getpid() { return nil }
    return .microseconds(microseconds)
  }
}
