import VRRP

/// What the clock that signs said: seconds since 1970 modulo 2^32 and a fraction of 2^-32 s.
public struct PeerTime: Hashable, Sendable {
  /// Seconds in the upper half, the fraction in the lower.
  public let number: UInt64

  public init(number: UInt64) { self.number = number }

  /// From the realtime clock; `nanoseconds` is below 1,000,000,000.
  public init(seconds: Int64, nanoseconds: Int32) {
    let fraction = (UInt64(UInt32(bitPattern: nanoseconds)) << 32) / 1_000_000_000
    number = UInt64(truncatingIfNeeded: seconds) << 32 | fraction & 0xffff_ffff
  }

  /// The time from `earlier` to `later`, negative when they are the other way round; the two are
  /// less than 68 years apart.
  public static func - (later: PeerTime, earlier: PeerTime) -> Duration {
    let difference = Int64(bitPattern: later.number &- earlier.number)
    let fraction = difference & 0xffff_ffff
    return .seconds(difference >> 32) + .nanoseconds((fraction * 1_000_000_000) >> 32)
  }
}

/// How far the signing clock of a peer is ahead of ours.
///
/// A message that answers one of ours was written between our sending and its arrival, so the
/// peer's clock read its time somewhere in between: the width of that is what is not known.
public struct ClockOffset: Sendable {
  private var best: (offset: Duration, uncertainty: Duration, at: Instant)?
  /// After that long two clocks may have drifted, and a newer estimate counts even if it is worse.
  static let longest = Duration.seconds(30)

  public init() {}

  /// Theirs minus ours, and how far it may be off either way; nil before the first message.
  public var estimate: (offset: Duration, uncertainty: Duration)? {
    best.map { ($0.offset, $0.uncertainty) }
  }

  /// A message arrived now that says `theirs` and was not written before `notBefore`.
  public mutating func take(
    _ theirs: PeerTime, ours: PeerTime, notBefore: Instant, at now: Instant
  ) {
    let width = now - notBefore
    guard width >= .zero else { return }
    let uncertainty = width / 2
    let offset = (theirs - ours) + uncertainty
    if let best, now - best.at < Self.longest, best.uncertainty < uncertainty {
      let distance = offset < best.offset ? best.offset - offset : offset - best.offset
      // Further apart than both can be off: one of the clocks was set.
      guard distance > best.uncertainty + uncertainty + .milliseconds(1) else { return }
    }
    best = (offset, uncertainty, now)
  }
}
