/// What `godwit status --json` prints: this node and its virtual routers.
public struct StatusReport: Equatable, Sendable {
  /// This node's name.
  public var node: String
  /// The daemon's version.
  public var version: String
  /// The daemon's process.
  @OrNull public var pid: Int?
  /// Since the daemon started.
  @OrNull public var uptimeMilliseconds: Int?
  @OrNull public var configuration: ConfigurationStatus?
  /// In the order of the configuration.
  public var virtualRouters: [VirtualRouterStatus]
  /// Packets that were refused, by reason.
  public var discarded: [String: Int]
  @OrNull public var peerChannel: PeerChannelStatus?
  @OrNull public var authentication: AuthenticationStatus?

  public init(
    node: String, version: String = godwitVersion, pid: Int?, uptimeMilliseconds: Int?,
    configuration: ConfigurationStatus?, virtualRouters: [VirtualRouterStatus],
    discarded: [String: Int] = [:], peerChannel: PeerChannelStatus? = nil,
    authentication: AuthenticationStatus? = nil
  ) {
    self.node = node
    self.version = version
    self.pid = pid
    self.uptimeMilliseconds = uptimeMilliseconds
    self.configuration = configuration
    self.virtualRouters = virtualRouters
    self.discarded = discarded
    self.peerChannel = peerChannel
    self.authentication = authentication
  }
}

/// The configuration that is in force.
public struct ConfigurationStatus: Codable, Equatable, Sendable {
  /// Its path.
  public var file: String
  /// When it was read.
  public var loaded: Timestamp

  public init(file: String, loaded: Timestamp) {
    self.file = file
    self.loaded = loaded
  }
}

extension StatusReport: Codable {
  private enum CodingKeys: String, CodingKey {
    case node, version, pid, configuration, discarded, authentication
    case uptimeMilliseconds = "uptime_ms"
    case virtualRouters = "virtual_routers"
    case peerChannel = "peer_channel"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    node = try container.decode(String.self, forKey: .node)
    version = try container.decode(String.self, forKey: .version)
    pid = try container.decodeIfPresent(Int.self, forKey: .pid)
    uptimeMilliseconds = try container.decodeIfPresent(Int.self, forKey: .uptimeMilliseconds)
    configuration = try container.decodeIfPresent(ConfigurationStatus.self, forKey: .configuration)
    virtualRouters = try container.decode([VirtualRouterStatus].self, forKey: .virtualRouters)
    discarded = try container.decodeIfPresent([String: Int].self, forKey: .discarded) ?? [:]
    peerChannel = try container.decodeIfPresent(PeerChannelStatus.self, forKey: .peerChannel)
    authentication = try container.decodeIfPresent(
      AuthenticationStatus.self, forKey: .authentication)
  }
}
