/// What a node does about authentication.
public enum AuthenticationMode: String, Hashable, Sendable, CaseIterable {
  /// Sends without a trailer; verifies one that is there.
  case receiveOnly = "receive-only"
  /// Sends a trailer; verifies one that is there.
  case permissive
  /// Sends a trailer; discards advertisements without one.
  case enforce
}

/// What orders advertisements against replay.
public enum ReplayProtection: String, Hashable, Sendable, CaseIterable {
  /// Clocks that agree within the window, and growth.
  case time
  /// Growth alone.
  case monotonic
}

/// How one virtual router authenticates its advertisements.
public struct AuthenticationPolicy: Hashable, Sendable {
  public var mode: AuthenticationMode
  public var replayProtection: ReplayProtection
  /// How far the clocks of two nodes may differ, in seconds: 1-300.
  public var window: Int32

  public init(
    mode: AuthenticationMode = .enforce, replayProtection: ReplayProtection = .time, window: Int32
  ) {
    self.mode = mode
    self.replayProtection = replayProtection
    self.window = window
  }

  /// Seconds that a window may have.
  public static let windows: ClosedRange<Int32> = 1...300

  /// Three intervals in whole seconds, at least 5, at most 300.
  public static func standardWindow(_ interval: AdvertisementInterval) -> Int32 {
    min(max(3 * Int32(interval.centiseconds / 100), 5), windows.upperBound)
  }
}
