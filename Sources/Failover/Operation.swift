import VRRP

/// How something that an operator asked for ended.
public enum OperationResult: Hashable, Sendable {
  /// Another node is Active.
  case done(newActive: IPAddress)
  /// Nothing was changed: why.
  case refused(String)
  /// A step failed and this node kept or took back the role: which and why.
  case rolledBack(String)
  /// The role is gone and something after it failed: what.
  case incomplete(String)
}

/// A step of a claim, a release or an operation, with the time it took.
public struct Phase: Hashable, Sendable {
  public var name: String
  public var duration: Duration
  /// `done`, or what went wrong.
  public var result: String

  public init(_ name: String, _ duration: Duration, _ result: String = "done") {
    self.name = name
    self.duration = duration
    self.result = result
  }
}

/// The phases of a claim or a release, one after the other without a gap.
struct PhaseLog: Sendable {
  private(set) var ended: [Phase] = []
  private var began = Instant(sinceBoot: .zero)

  /// Begins the first phase of a new claim or release.
  mutating func begin(at now: Instant) {
    ended = []
    began = now
  }

  /// What came before the first phase.
  mutating func insert(_ phase: Phase) { ended.insert(phase, at: 0) }

  /// Ends the phase under way; the next one begins with that.
  mutating func end(_ name: String, _ result: String, at now: Instant) -> Phase {
    let phase = Phase(name, now - began, result)
    ended.append(phase)
    began = now
    return phase
  }
}

/// One line of the history: a change of role, told when it is complete.
public struct HistoryRecord: Hashable, Sendable {
  public enum Event: String, Hashable, Sendable {
    case active, backup, fault, failover, shutdown
    case addressesRestored = "addresses_restored"
  }

  public var event: Event
  public var reason: Reason
  public var term: UInt64
  public var isPlanned: Bool
  public var operation: OperationIdentifier?
  public var phases: [Phase]
  /// The other Active Router, where there is one.
  public var peer: IPAddress?
  public var detail: String
  /// What it was for the clients, where that is known.
  public var passage: Passage?
}
