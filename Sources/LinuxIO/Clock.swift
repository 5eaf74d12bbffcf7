import Glibc
import VRRP

/// The two clocks of the machine.
public enum Clock {
  /// The time since boot, which also counts while the machine sleeps (CLOCK_BOOTTIME, clock_gettime(2)).
  public static func now() -> Instant {
    let time = read(CLOCK_BOOTTIME)
    // One conversion: this is asked for several times with every datagram.
    return Instant(
      sinceBoot: Duration(
        secondsComponent: Int64(time.tv_sec),
        attosecondsComponent: Int64(time.tv_nsec) * 1_000_000_000))
  }

  /// How long the machine has slept since boot, never more than that: what CLOCK_BOOTTIME is ahead of
  /// CLOCK_MONOTONIC.
  public static func slept() -> Duration {
    // In this order a pause between the two makes it less, not more.
    let all = read(CLOCK_BOOTTIME)
    let awake = read(CLOCK_MONOTONIC)
    return Duration(
      secondsComponent: Int64(all.tv_sec - awake.tv_sec),
      attosecondsComponent: Int64(all.tv_nsec - awake.tv_nsec) * 1_000_000_000)
  }

  /// The time of day (CLOCK_REALTIME), for people only: it may jump.
  public static func wallClock() -> WallTime {
    let time = read(CLOCK_REALTIME)
    return WallTime(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
  }

  /// The time of day as the time since 1970 (CLOCK_REALTIME): it may jump.
  public static func sinceEpoch() -> Duration {
    let time = read(CLOCK_REALTIME)
    return Duration(
      secondsComponent: Int64(time.tv_sec),
      attosecondsComponent: Int64(time.tv_nsec) * 1_000_000_000)
  }

  static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
  }
}

/// A time of day.
public struct WallTime: Hashable, Sendable, CustomStringConvertible {
  /// Seconds since 1970-01-01T00:00:00Z.
  public var seconds: Int64
  /// 0-999999999, in addition to the seconds.
  public var nanoseconds: Int32

  public init(seconds: Int64, nanoseconds: Int32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// ISO 8601 in UTC with milliseconds, cut and not rounded: `2026-01-31T12:00:00.123Z`.
  public var description: String {
    var time = time_t(seconds)
    var date = tm()
    // Fails only for a year that does not fit into 32 bits.
    guard gmtime_r(&time, &date) != nil else { return "\(seconds)s" }
    let day =
      "\(padded(date.tm_year + 1900, 4))-\(padded(date.tm_mon + 1, 2))-\(padded(date.tm_mday, 2))"
    let clock = "\(padded(date.tm_hour, 2)):\(padded(date.tm_min, 2)):\(padded(date.tm_sec, 2))"
    return "\(day)T\(clock).\(padded(nanoseconds / 1_000_000, 3))Z"
  }

  private func padded(_ number: Int32, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
