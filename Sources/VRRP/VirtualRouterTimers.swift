// How long a Backup waits.
extension VirtualRouter {
  /// Skew_Time: `((256 - Priority) * Active_Adver_Interval) / 256` (RFC 9568 section 6.1), in version
  /// 2 `(256 - Priority) / 256` seconds (RFC 3768 section 6.1). Exact, never rounded.
  public var skewTime: Duration { Self.time(parts: skew) }

  /// Active_Down_Interval: `3 * Active_Adver_Interval + Skew_Time` (RFC 9568 section 6.1, RFC 3768
  /// section 6.1).
  public var activeDownInterval: Duration {
    Self.time(parts: 3 * 256 * Int64(activeAdvertisementInterval.centiseconds) + skew)
  }

  /// Skew_Time in parts of 1/256 of a centisecond.
  private var skew: Int64 {
    let interval = settings.version == .version2 ? 100 : activeAdvertisementInterval.centiseconds
    return Int64(256 - Int(priority.number)) * Int64(interval)
  }

  /// That many parts of 1/256 of a centisecond, without the division of durations, which costs
  /// more than all the rest of a received advertisement.
  private static func time(parts: Int64) -> Duration {
    let (seconds, rest) = parts.quotientAndRemainder(dividingBy: 25_600)
    return Duration(secondsComponent: seconds, attosecondsComponent: rest * 39_062_500_000_000)
  }
}
