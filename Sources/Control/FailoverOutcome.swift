/// How a failover ended, or that it has not.
public struct FailoverOutcome: Codable, Equatable, Sendable {
  public var operationIdentifier: String
  public var result: Result
  /// What happened, a sentence.
  public var message: String
  public var phases: [PhaseRecord]
  /// The node, or the address, that is Active now; nil while nobody is known to be.
  @OrNull public var newActive: String?
  public var durationMilliseconds: Int
  /// The node that was Active before.
  @OrNull public var oldActive: String?
  /// From the moment the old node stopped answering until the new one announced, with a fraction;
  /// nil when unknown.
  @OrNull public var gapMilliseconds: Double?
  /// The addresses' TCP connections that the old node reset before it let go.
  @OrNull public var connectionsReset: Int?
  /// Those that it could not, or was not to, reset.
  @OrNull public var connectionsLeft: Int?
  /// Those whose clients the new node has told.
  @OrNull public var connectionsTold: Int?
  /// Of a dry run.
  @OrNull public var plan: FailoverPlan?

  public enum Result: String, Codable, Sendable, CaseIterable {
    case done
    /// Nothing was changed.
    case refused
    /// It failed on the way and this node has the role again.
    case rolledBack = "rolled_back"
    /// The role has moved, but a step after it failed.
    case incomplete
    /// It goes on; the wait is over.
    case running
  }

  public init(
    operationIdentifier: String, result: Result, message: String, phases: [PhaseRecord] = [],
    newActive: String? = nil, durationMilliseconds: Int, oldActive: String? = nil,
    gapMilliseconds: Double? = nil, connectionsReset: Int? = nil, connectionsLeft: Int? = nil,
    connectionsTold: Int? = nil, plan: FailoverPlan? = nil
  ) {
    self.operationIdentifier = operationIdentifier
    self.result = result
    self.message = message
    self.phases = phases
    self.newActive = newActive
    self.durationMilliseconds = durationMilliseconds
    self.oldActive = oldActive
    // JSON has no infinity.
    self.gapMilliseconds = gapMilliseconds.flatMap { $0.isFinite ? $0 : nil }
    self.connectionsReset = connectionsReset
    self.connectionsLeft = connectionsLeft
    self.connectionsTold = connectionsTold
    self.plan = plan
  }

  private enum CodingKeys: String, CodingKey {
    case result, message, phases, plan
    case operationIdentifier = "operation_id"
    case newActive = "new_active"
    case durationMilliseconds = "duration_ms"
    case oldActive = "old_active"
    case gapMilliseconds = "gap_ms"
    case connectionsReset = "connections_reset"
    case connectionsLeft = "connections_left"
    case connectionsTold = "connections_told"
  }
}
