/// One phase of a running failover has begun.
public struct Progress: Codable, Equatable, Sendable {
  /// The phase that begins: `precheck`, `demote`, `release`, …
  public var phase: String
  /// Since the operation began.
  public var elapsedMilliseconds: Int
  /// For a person; may be empty.
  public var detail: String

  public init(phase: String, elapsedMilliseconds: Int, detail: String = "") {
    self.phase = phase
    self.elapsedMilliseconds = elapsedMilliseconds
    self.detail = detail
  }

  private enum CodingKeys: String, CodingKey {
    case phase, detail
    case elapsedMilliseconds = "elapsed_ms"
  }
}

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
    newActive: String? = nil, durationMilliseconds: Int
  ) {
    self.operationIdentifier = operationIdentifier
    self.result = result
    self.message = message
    self.phases = phases
    self.newActive = newActive
    self.durationMilliseconds = durationMilliseconds
  }

  private enum CodingKeys: String, CodingKey {
    case result, message, phases
    case operationIdentifier = "operation_id"
    case newActive = "new_active"
    case durationMilliseconds = "duration_ms"
  }
}
