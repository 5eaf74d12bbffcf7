/// How advertisements and reports are authenticated.
public struct AuthenticationStatus: Codable, Equatable, Sendable {
  /// `receive-only`, `permissive` or `enforce`; `off` without a key.
  public var mode: String
  /// The key that signs.
  @OrNull public var activeKey: Int?
  /// The keys that are accepted.
  @OrEmpty public var keys: [Int]
  /// What is wrong with the wall clock, a sentence without its full stop; nil when nothing is, or
  /// when no time is compared.
  @OrNull public var clock: String?

  public init(mode: String, activeKey: Int? = nil, keys: [Int] = [], clock: String? = nil) {
    self.mode = mode
    self.activeKey = activeKey
    self.keys = keys
    self.clock = clock
  }

  private enum CodingKeys: String, CodingKey {
    case mode, keys, clock
    case activeKey = "active_key"
  }
}
