/// Whether nodes report to each other beside VRRP.
public struct PeerChannelStatus: Codable, Equatable, Sendable {
  /// `on` or `off`.
  public var state: State
  /// Why it is off, or why some of its paths are not used; a sentence without its full stop.
  @OrNull public var reason: String?

  public enum State: String, Codable, Sendable, CaseIterable {
    case on, off
  }

  public init(state: State, reason: String? = nil) {
    self.state = state
    self.reason = reason
  }
}
