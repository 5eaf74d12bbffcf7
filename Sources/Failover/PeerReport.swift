import VRRP

/// What one node tells another of its part in a virtual router.
///
/// A report never makes a node claim: it can make one refrain, or say that the addresses are free.
public struct PeerReport: Hashable, Sendable {
  public var state: RoleState
  /// `.release` when it cannot serve.
  public var effectivePriority: Priority
  /// Whether it could serve: no fault, and its prechecks pass.
  public var isFit: Bool
  /// The highest fencing token that it knows.
  public var term: UInt64
  /// Whether it may answer for the addresses: they were brought and have not been seen gone since.
  public var isHolding: Bool
  /// Where its advertisements leave from; nil while it has no such address.
  public var source: IPAddress?
  public var maintenance: MaintenanceMark
  /// Its part in a planned failover; nil when none is under way.
  public var handover: Handover?

  public init(
    state: RoleState, effectivePriority: Priority, isFit: Bool, term: UInt64, isHolding: Bool,
    source: IPAddress?, maintenance: MaintenanceMark = MaintenanceMark(), handover: Handover? = nil
  ) {
    self.state = state
    self.effectivePriority = effectivePriority
    self.isFit = isFit
    self.term = term
    self.isHolding = isHolding
    self.source = source
    self.maintenance = maintenance
    self.handover = handover
  }

  /// Whether it has the role, with the addresses or on the way to them.
  public var isActive: Bool {
    switch state {
    case .active, .claiming, .releasing: true
    case .initialize, .backup, .fault: false
    }
  }
}

/// What one node says of a planned failover; repeated in every report until it is over.
public struct Handover: Hashable, Sendable {
  public var operation: OperationIdentifier
  /// The node that it is said to.
  public var partner: String
  public var reason: Cause
  public var step: Step

  public enum Cause: UInt8, Hashable, Sendable {
    /// An operator asked for it.
    case manual = 1
    /// The holder stops.
    case shutdown = 2
  }

  public enum Step: Hashable, Sendable {
    /// A node without the role to the holder: please give it to `candidate`.
    case requested(candidate: String, isForced: Bool)
    /// The holder: will you take over? My prechecks run.
    case preparing(isForced: Bool)
    /// The candidate: my prechecks run.
    case checking
    /// The candidate: I can take over.
    case ready
    /// Either: it will not be; nothing has changed.
    case refused(String)
    /// The holder: `demote` runs, the addresses are still here.
    case demoting
    /// The holder: `demote` has passed, its result is on its way.
    case handing
    /// The candidate: I have the result.
    case informed
    /// The holder: the addresses are gone, the role is yours; `term` was mine.
    case released(term: UInt64)
    /// The candidate: elected, `promote` runs.
    case taking
    /// The candidate: the addresses are here and announced; `told` clients were told.
    case held(told: Int)
    /// The candidate: I could not.
    case failed(String)
    /// The holder: done, and how.
    case moved(Passage)
    /// The holder: given up, after something had changed.
    case withdrawn(String)
  }

  public init(
    operation: OperationIdentifier, partner: String, reason: Cause = .manual, step: Step
  ) {
    self.operation = operation
    self.partner = partner
    self.reason = reason
    self.step = step
  }
}

/// What a failover was for the clients.
public struct Passage: Hashable, Sendable {
  /// From the moment the old holder fell silent until it heard that the new one answers; nil when
  /// nobody told.
  public var gap: Duration?
  /// Connections that were reset before the addresses left.
  public var reset: Int
  /// Connections that were not.
  public var left: Int
  /// Clients that the new holder told.
  public var told: Int

  public init(gap: Duration? = nil, reset: Int = 0, left: Int = 0, told: Int = 0) {
    self.gap = gap
    self.reset = reset
    self.left = left
    self.told = told
  }
}

/// What an operator wants moved, and where to.
public struct FailoverOrder: Hashable, Sendable {
  public var operation: OperationIdentifier
  /// The node that shall be Active; nil for the best one.
  public var to: String?
  /// Whether prechecks, and the silence of a holder, are passed over.
  public var isForced: Bool

  public init(_ operation: OperationIdentifier, to: String? = nil, isForced: Bool = false) {
    self.operation = operation
    self.to = to
    self.isForced = isForced
  }
}
