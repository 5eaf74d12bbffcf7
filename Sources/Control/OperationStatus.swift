/// An operation that runs.
public struct OperationStatus: Codable, Equatable, Sendable {
  public var identifier: String
  /// `failover`.
  public var kind: String
  public var phase: String
  /// When the phase began.
  public var since: Timestamp
  /// What this node does in it; nil from a daemon that does not say.
  @OrNull public var role: Role?
  /// The other node that takes part, by its name.
  @OrNull public var peer: String?

  public enum Role: String, Codable, Sendable, CaseIterable {
    /// This node has the role and hands it over.
    case giving
    /// This node takes it.
    case taking
  }

  public init(
    identifier: String, kind: String, phase: String, since: Timestamp, role: Role? = nil,
    peer: String? = nil
  ) {
    self.identifier = identifier
    self.kind = kind
    self.phase = phase
    self.since = since
    self.role = role
    self.peer = peer
  }

  private enum CodingKeys: String, CodingKey {
    case kind, phase, since, role, peer
    case identifier = "id"
  }
}
