import VRRP

/// Time of the world since its beginning, in nanoseconds.
public typealias Nanoseconds = Int64

extension Nanoseconds {
  static let second: Nanoseconds = 1_000_000_000
  static let millisecond: Nanoseconds = 1_000_000
  static let microsecond: Nanoseconds = 1000

  /// A duration rounded up: a timer of the core falls between two nanoseconds.
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self = seconds * .second + (attoseconds + 999_999_999) / 1_000_000_000
  }
}

/// CLOCK_BOOTTIME of one node: it began at its own time and runs at its own rate.
///
/// Steps of the wall clock do not appear anywhere: nothing of a `Participant` ever sees that clock.
struct NodeClock: Sendable {
  /// What it shows when the world begins.
  var offset: Nanoseconds
  /// How much faster than the world's it runs, in parts per million.
  var drift: Int64

  /// What it shows at a time of the world, which is below 9000 s so that the product fits.
  func local(at time: Nanoseconds) -> Nanoseconds { offset + time + time * drift / 1_000_000 }

  func instant(at time: Nanoseconds) -> Instant {
    Instant(sinceBoot: .nanoseconds(local(at: time)))
  }

  /// The first time of the world at which it shows that or more.
  func time(showing local: Nanoseconds) -> Nanoseconds {
    var time = (local - offset) * 1_000_000 / (1_000_000 + drift)
    while self.local(at: time) < local { time += 1 }
    while time > 0, self.local(at: time - 1) >= local { time -= 1 }
    return time
  }

  func time(of instant: Instant) -> Nanoseconds { time(showing: Nanoseconds(instant.sinceBoot)) }
}
