/// A point on a signing clock: UTC time as the trailer of an advertisement carries it.
public struct SigningTime: Hashable, Sendable {
  /// Since 1970-01-01T00:00:00Z.
  public var seconds: Int64
  /// 0-999999999, in addition to the seconds.
  public var nanoseconds: Int32

  public init(seconds: Int64, nanoseconds: Int32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// The time since 1970, not before.
  public init(sinceEpoch duration: Duration) {
    let parts = max(duration, .zero).components
    self.init(
      seconds: parts.seconds,
      nanoseconds: Int32(truncatingIfNeeded: parts.attoseconds / 1_000_000_000))
  }
}

/// What orders the advertisements of one sender: 32 bits of seconds, 16 of a fraction of 1/65536 s,
/// 16 of a counter.
public struct SequenceNumber: Hashable, Sendable {
  public let number: UInt64

  public init(_ number: UInt64) { self.number = number }

  /// The first one at that time: the fraction is cut and the counter 0.
  public init(_ time: SigningTime) {
    let fraction = (Int64(time.nanoseconds) << 16) / 1_000_000_000
    let seconds = UInt64(truncatingIfNeeded: time.seconds) << 32
    self.init(seconds | UInt64(truncatingIfNeeded: fraction & 0xffff) << 16)
  }

  /// Seconds since 1970, modulo 2^32.
  public var seconds: UInt32 { UInt32(truncatingIfNeeded: number >> 32) }

  /// One more; the counter carries into the fraction, and that into the seconds.
  public var next: SequenceNumber { SequenceNumber(number &+ 1) }

  /// Whether it comes after another one (RFC 1982 section 3.2); a difference of exactly 2^63 does
  /// not.
  public func isAfter(_ other: SequenceNumber) -> Bool {
    Int64(bitPattern: number &- other.number) > 0
  }

  /// How many whole seconds a clock is ahead of it, negative when it is behind; modulo 2^32.
  func secondsBehind(_ time: SigningTime) -> Int32 {
    Int32(bitPattern: UInt32(truncatingIfNeeded: time.seconds) &- seconds)
  }

  /// How much a clock is ahead of it, negative when it is behind; without the counter.
  public func behind(_ time: SigningTime) -> Duration {
    let now = SequenceNumber(time).number & ~0xffff
    let units = Int64(bitPattern: now &- (number & ~0xffff)) >> 16
    // Whole seconds apart, so that nothing overflows.
    return .seconds(units >> 16) + .nanoseconds(((units & 0xffff) * 1_000_000_000) >> 16)
  }
}

extension SequenceNumber {
  /// The one of the next advertisement.
  ///
  /// - Parameters:
  ///   - last: the last one sent; nil when none was, which is not the same as 0.
  ///   - window: in `time` mode, how far a sequence may be ahead of the clock before it begins anew
  ///     from there: that heals a clock that was set back.
  static func following(
    _ last: SequenceNumber?, at time: SigningTime, _ mode: ReplayProtection, window: Int32
  ) -> SequenceNumber {
    let clock = SequenceNumber(time)
    guard let last else { return clock }
    if clock.isAfter(last) { return clock }
    if mode == .time, -Int64(last.secondsBehind(time)) > Int64(window) { return clock }
    return last.next
  }
}
