/// How long the kernel lets this node answer for the addresses after an advertisement has left.
///
/// The rule behind it: a Backup waits more than three intervals of silence before it claims (RFC 9568
/// section 6.1, Active_Down_Interval), so a lease below three intervals, counted from the last
/// advertisement that left, has ended by then. What is left over is room for the drift of two clocks.
public struct LeaseSettings: Hashable, Sendable {
  /// More than one interval, or the lease would end before the next advertisement; less than three.
  public var duration: Duration
  /// Whether the kernel is told. If not, only the daemon itself keeps to the duration.
  public var isEnforced: Bool
  /// How long the addresses of a daemon that is gone stay in the kernel, silenced; whole seconds, nil
  /// for ever.
  public var addressLifetime: Duration?

  public init(duration: Duration, isEnforced: Bool = true) {
    self.duration = duration
    self.isEnforced = isEnforced
    let seconds = (duration * 2).components.seconds + 1
    addressLifetime = isEnforced ? .seconds(max(10, seconds)) : nil
  }

  /// Two and a half intervals: two advertisements may fail before the node falls silent.
  public static func standard(for interval: Duration, isEnforced: Bool = true) -> LeaseSettings {
    LeaseSettings(duration: interval * 5 / 2, isEnforced: isEnforced)
  }

  /// The lifetime that serves as the lease where the kernel can do nothing better: whole seconds, and
  /// the kernel takes addresses away up to 1.5 s late. nil when that leaves no time for the next
  /// advertisement to be late in.
  public func lifetimeAsLease(interval: Duration) -> Duration? {
    let seconds = (duration - .milliseconds(1500)).components.seconds
    return .seconds(seconds) >= interval + .seconds(1) ? .seconds(seconds) : nil
  }

  /// The least time that any Backup waits before it claims, whatever its priority: three intervals
  /// and the Skew_Time of priority 254 (RFC 9568 section 6.1), in version 2 of one second (RFC 3768
  /// section 6.1).
  public static func peerWaits(interval: Duration, isVersion2: Bool = false) -> Duration {
    interval * 3 + (isVersion2 ? .seconds(1) : interval) / 128
  }
}
