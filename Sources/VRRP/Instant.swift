/// A point on the caller's clock, as the time since that clock's zero.
///
/// The daemon reads CLOCK_BOOTTIME (clock_gettime(2)), the tests and the simulator count their own
/// time. Timers of this module are exact: a `Duration` holds the fractions of RFC 9568 section 6.1.
public struct Instant: Comparable, Hashable, Sendable {
  /// Time since the clock's zero, never negative in practice.
  public var sinceBoot: Duration

  public init(sinceBoot: Duration) { self.sinceBoot = sinceBoot }

  public static func < (left: Instant, right: Instant) -> Bool { left.sinceBoot < right.sinceBoot }

  public static func + (instant: Instant, duration: Duration) -> Instant {
    Instant(sinceBoot: instant.sinceBoot + duration)
  }

  public static func += (instant: inout Instant, duration: Duration) {
    instant = instant + duration
  }

  /// The time from `earlier` to `later`, negative when they are the other way round.
  public static func - (later: Instant, earlier: Instant) -> Duration {
    later.sinceBoot - earlier.sinceBoot
  }
}
