/// What happens to the TCP connections of the addresses when the role moves.
public struct ConnectionSettings: Hashable, Sendable {
  public enum Release: String, Hashable, Sendable, CaseIterable {
    /// Both ends learn at once that the connection is over.
    case reset
    case leave
  }

  public enum Takeover: String, Hashable, Sendable, CaseIterable {
    /// The clients of the former holder are told.
    case tickle
    case leave
  }

  /// The most ports that can be listed.
  public static let mostPorts = 64

  public var onRelease: Release
  public var onTakeover: Takeover
  /// The local ports that both are restricted to; empty for all.
  public var ports: Set<UInt16>

  public init(
    onRelease: Release = .reset, onTakeover: Takeover = .tickle, ports: Set<UInt16> = []
  ) {
    self.onRelease = onRelease
    self.onTakeover = onTakeover
    self.ports = ports
  }
}
