import CLab

/// A point on CLOCK_MONOTONIC, the clock of every record of the lab.
public struct Moment: Comparable, Hashable, Sendable {
  /// Nanoseconds since the clock's zero.
  public let nanoseconds: Int64

  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static var now: Moment { Moment(nanoseconds: clinux_lab_now()) }

  public static func < (left: Moment, right: Moment) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  public static func - (later: Moment, earlier: Moment) -> Duration {
    .nanoseconds(later.nanoseconds - earlier.nanoseconds)
  }

  public static func + (moment: Moment, duration: Duration) -> Moment {
    Moment(nanoseconds: moment.nanoseconds + duration.inNanoseconds)
  }
}

extension Duration {
  /// Whole nanoseconds; good for 292 years.
  var inNanoseconds: Int64 {
    components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
  }

  /// Milliseconds with their fraction, for a person to read.
  public var inMilliseconds: Double { Double(inNanoseconds) / 1_000_000 }

  /// For poll(2): whole milliseconds, rounded up, 0 or more.
  var forPoll: Int32 { Int32(clamping: max(0, (inNanoseconds + 999_999) / 1_000_000)) }
}
