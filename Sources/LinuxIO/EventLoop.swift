import CLinux
import Glibc
import VRRP

/// The one place where the daemon waits: epoll(7) for descriptors and one absolute timer for the
/// earliest deadline of everything.
///
/// A descriptor stays its owner's; forget it before it is closed. Tokens are the caller's: one that is
/// never used twice makes an event of a descriptor that was forgotten in the same batch harmless.
public struct EventLoop: ~Copyable {
  /// What a descriptor is ready for.
  public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let readable = Readiness(rawValue: 1)
    public static let writable = Readiness(rawValue: 2)
    /// The other end is gone or the descriptor has an error; reported whether watched for or not.
    public static let hangup = Readiness(rawValue: 4)
  }

  /// One descriptor that is ready.
  public struct Event: Equatable, Sendable {
    public let token: UInt64
    public let readiness: Readiness
  }

  /// At most that many events come from one wait, so that timers are looked at in between.
  public static let batch = 64

  // The one token that callers may not use.
  private static let timerToken = UInt64.max

  private let epoll: FileDescriptor
  private let timer: FileDescriptor
  private var armed: Instant?
  // When the kernel's timer expires, nil when it does not. It may be earlier than what is armed: a
  // deadline that moves on with every datagram costs no system call, and the wait goes on by itself
  // when the timer was early.
  private var expiry: Instant?

  private init(epoll: consuming FileDescriptor, timer: consuming FileDescriptor) {
    self.epoll = epoll
    self.timer = timer
  }

  /// Throws when the kernel has no descriptor left.
  public static func make() throws(SystemError) -> EventLoop {
    let epollNumber = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epollNumber >= 0 else { throw SystemError("epoll_create1") }
    let epoll = FileDescriptor(owning: epollNumber)
    let flags = Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK)
    let timerNumber = timerfd_create(CLOCK_BOOTTIME, flags)
    guard timerNumber >= 0 else { throw SystemError("timerfd_create") }
    let loop = EventLoop(epoll: epoll, timer: FileDescriptor(owning: timerNumber))
    // Edge-triggered, so that a timer that has expired need not be read.
    try loop.control(
      EPOLL_CTL_ADD, timerNumber, EPOLLIN.rawValue | EPOLLET.rawValue, timerToken)
    return loop
  }

  /// Reports `descriptor` from now on, again and again while it is ready (level-triggered).
  /// `token` is any number but the largest.
  public func watch(_ descriptor: Int32, for readiness: Readiness, token: UInt64)
    throws(SystemError)
  {
    try control(EPOLL_CTL_ADD, descriptor, readiness.epollEvents, token)
  }

  /// Replaces what a watched descriptor is watched for.
  public func change(_ descriptor: Int32, for readiness: Readiness, token: UInt64)
    throws(SystemError)
  {
    try control(EPOLL_CTL_MOD, descriptor, readiness.epollEvents, token)
  }

  /// Stops watching; nothing happens when it was not watched.
  public func forget(_ descriptor: Int32) {
    epoll_ctl(epoll.number, EPOLL_CTL_DEL, descriptor, nil)
  }

  /// Ends the next wait at `deadline`, never before it; nil for no deadline. One that has passed ends
  /// it at once. Costs a system call only when the deadline is earlier than the one before.
  public mutating func arm(_ deadline: Instant?) throws(SystemError) {
    armed = deadline
    guard let deadline else { return }
    if let expiry, expiry <= deadline { return }
    try setTimer(deadline)
  }

  /// Waits for descriptors or the deadline and returns what is ready, at most `batch` of it; nothing
  /// when the deadline ended the wait. Does not block when the deadline has passed already.
  public mutating func wait() throws(SystemError) -> [Event] {
    while true {
      let isDue = if let armed { armed <= Clock.now() } else { false }
      let events = try ready(timeout: isDue ? 0 : -1)
      if !events.isEmpty || isDue { return events }
      guard let armed else { continue }
      if armed <= Clock.now() { return [] }
      try setTimer(armed)
    }
  }

  /// What is ready without the timer.
  private mutating func ready(timeout: Int32) throws(SystemError) -> [Event] {
    var count: Int32 = 0
    var failure: Int32 = 0
    let events = withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: Self.batch) {
      found in
      repeat {
        count = epoll_wait(epoll.number, found.baseAddress, Int32(Self.batch), timeout)
        failure = count < 0 ? errno : 0
      } while failure == EINTR
      return found.prefix(Int(max(0, count))).compactMap { event in
        event.data.u64 == Self.timerToken
          ? nil : Event(token: event.data.u64, readiness: Readiness(epoll: event.events))
      }
    }
    guard failure == 0 else { throw SystemError("epoll_wait", failure) }
    if count > events.count { expiry = nil }
    return events
  }

  /// `wait()`, with each event handed to `handle`.
  public mutating func wait(_ handle: (_ token: UInt64, _ readiness: Readiness) -> Void)
    throws(SystemError)
  {
    for event in try wait() { handle(event.token, event.readiness) }
  }

  private mutating func setTimer(_ deadline: Instant) throws(SystemError) {
    var setting = itimerspec()
    setting.it_value = Self.expiry(deadline)
    guard timerfd_settime(timer.number, Int32(TFD_TIMER_ABSTIME), &setting, nil) == 0
    else { throw SystemError("timerfd_settime") }
    expiry = deadline
  }

  private func control(
    _ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ token: UInt64
  ) throws(SystemError) {
    var event = epoll_event()
    event.events = events
    event.data.u64 = token
    guard epoll_ctl(epoll.number, operation, descriptor, &event) == 0 else {
      throw SystemError("epoll_ctl")
    }
  }

  /// The deadline as the kernel wants it: nanoseconds rounded up, and never zero, which would disarm.
  static func expiry(_ deadline: Instant) -> timespec {
    guard deadline.sinceBoot > .zero else { return timespec(tv_sec: 0, tv_nsec: 1) }
    let (seconds, attoseconds) = deadline.sinceBoot.components
    let nanoseconds = (attoseconds + 999_999_999) / 1_000_000_000
    return nanoseconds < 1_000_000_000
      ? timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
      : timespec(tv_sec: Int(seconds) + 1, tv_nsec: 0)
  }
}

extension EventLoop.Readiness {
  fileprivate init(epoll events: UInt32) {
    self = []
    if events & EPOLLIN.rawValue != 0 { insert(.readable) }
    if events & EPOLLOUT.rawValue != 0 { insert(.writable) }
    if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
      insert(.hangup)
    }
  }

  fileprivate var epollEvents: UInt32 {
    (contains(.readable) ? EPOLLIN.rawValue : 0)
      | (contains(.writable) ? EPOLLOUT.rawValue : 0)
  }
}
