/// Another node as it last reported itself; nil for what it has not said.
public struct PeerStatus: Codable, Equatable, Sendable {
  public var name: String
  public var addresses: [String]
  @OrNull public var state: ReportedState?
  @OrNull public var effectivePriority: Int?
  /// Since anything was heard of it.
  @OrNull public var lastSeenMilliseconds: Int?
  @OrNull public var fit: Bool?
  @OrNull public var configurationAgrees: Bool?
  /// One of each address on which its reports are expected.
  @OrEmpty public var paths: [PeerPathStatus]
  /// The daemon's version.
  @OrNull public var version: String?
  /// Its wall clock less this node's.
  @OrNull public var clockOffsetMilliseconds: Int?
  /// The keys of the configuration in which it differs and must not: `advertisement_interval`, …
  @OrEmpty public var disagreements: [String]

  public init(
    name: String, addresses: [String], state: ReportedState? = nil, effectivePriority: Int? = nil,
    lastSeenMilliseconds: Int? = nil, fit: Bool? = nil, configurationAgrees: Bool? = nil,
    paths: [PeerPathStatus] = [], version: String? = nil, clockOffsetMilliseconds: Int? = nil,
    disagreements: [String] = []
  ) {
    self.name = name
    self.addresses = addresses
    self.state = state
    self.effectivePriority = effectivePriority
    self.lastSeenMilliseconds = lastSeenMilliseconds
    self.fit = fit
    self.configurationAgrees = configurationAgrees
    self.paths = paths
    self.version = version
    self.clockOffsetMilliseconds = clockOffsetMilliseconds
    self.disagreements = disagreements
  }

  private enum CodingKeys: String, CodingKey {
    case name, addresses, state, fit, paths, version, disagreements
    case effectivePriority = "effective_priority"
    case lastSeenMilliseconds = "last_seen_ms"
    case configurationAgrees = "configuration_agrees"
    case clockOffsetMilliseconds = "clock_offset_ms"
  }
}

/// One way to a peer: one of its addresses.
public struct PeerPathStatus: Codable, Equatable, Sendable {
  public var address: String
  /// Since a report was heard on it; nil for never.
  @OrNull public var lastSeenMilliseconds: Int?
  /// Whether the peer is heard on it now.
  @OrNull public var heard: Bool?
  /// Whether the peer says that it hears this node on it.
  @OrNull public var echoed: Bool?

  public init(
    address: String, lastSeenMilliseconds: Int? = nil, heard: Bool? = nil, echoed: Bool? = nil
  ) {
    self.address = address
    self.lastSeenMilliseconds = lastSeenMilliseconds
    self.heard = heard
    self.echoed = echoed
  }

  private enum CodingKeys: String, CodingKey {
    case address, heard, echoed
    case lastSeenMilliseconds = "last_seen_ms"
  }
}
