/// How the nodes prove to each other who they are.
public struct AuthenticationStatus: Codable, Equatable, Sendable {
  /// `receive-only`, `permissive` or `enforce`.
  public var mode: String
  /// The id of the key that signs.
  public var activeKey: Int
  /// In ascending order.
  public var keyIdentifiers: [Int]
  /// `time` or `monotonic`.
  public var antiReplay: String
  /// By the name of the virtual router.
  public var windowsMilliseconds: [String: Int]
  public var clock: SigningClockStatus

  public init(
    mode: String, activeKey: Int, keyIdentifiers: [Int], antiReplay: String = "time",
    windowsMilliseconds: [String: Int] = [:],
    clock: SigningClockStatus = SigningClockStatus(steppedMilliseconds: 0, skewMilliseconds: [:])
  ) {
    self.mode = mode
    self.activeKey = activeKey
    self.keyIdentifiers = keyIdentifiers
    self.antiReplay = antiReplay
    self.windowsMilliseconds = windowsMilliseconds
    self.clock = clock
  }

  private enum CodingKeys: String, CodingKey {
    case mode, clock
    case activeKey = "active_key"
    case keyIdentifiers = "key_ids"
    case antiReplay = "anti_replay"
    case windowsMilliseconds = "time_window_ms"
  }
}

/// The clock by which advertisements are signed and believed.
public struct SigningClockStatus: Codable, Equatable, Sendable {
  /// How far the wall clock was stepped without being followed.
  public var steppedMilliseconds: Int
  /// How much this node's clock is ahead of another one's, by the source of its advertisements.
  public var skewMilliseconds: [String: Int]

  public init(steppedMilliseconds: Int, skewMilliseconds: [String: Int]) {
    self.steppedMilliseconds = steppedMilliseconds
    self.skewMilliseconds = skewMilliseconds
  }

  private enum CodingKeys: String, CodingKey {
    case steppedMilliseconds = "stepped_ms"
    case skewMilliseconds = "skew_ms"
  }

  /// What is wrong, a sentence each; what is below a second hurts nobody.
  var complaints: [String] {
    var complaints: [String] = []
    if abs(steppedMilliseconds) >= 1000 {
      complaints.append(
        "the wall clock was stepped by \(steppedMilliseconds) ms and is not followed while the others"
          + " go by the old time")
    }
    for (source, skew) in skewMilliseconds.sorted(by: { $0.key < $1.key }) where abs(skew) >= 1000 {
      complaints.append(
        "\(abs(skew)) ms \(skew > 0 ? "ahead of" : "behind") \(source): `chronyc tracking` on both")
    }
    return complaints
  }
}
