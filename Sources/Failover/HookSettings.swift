/// A moment at which hooks run, in the word the hook gets as its last argument.
public enum HookEvent: String, Hashable, Sendable, CaseIterable {
  /// A gate: elected, before the address comes.
  case promote
  /// A gate when planned, with the address still here; otherwise after it left.
  case demote
  /// After a failed planned failover, on the node that keeps the role.
  case undo
  /// The addresses are here and announced.
  case active
  /// This node is Backup again, also at start.
  case standby
  /// This node cannot serve.
  case fault
  /// Read-only: before a planned failover on both nodes, and now and then as fitness.
  case precheck
  /// Maintenance goes on or off.
  case maintenance
  /// The last resort: a `demote` that had to succeed failed.
  case fence

  /// How long one program may take when the operator sets nothing.
  public var standardTimeout: Duration {
    switch self {
    case .promote, .demote: .seconds(60)
    case .undo, .active, .fault, .maintenance: .seconds(30)
    case .precheck: .seconds(5)
    case .fence: .seconds(20)
    case .standby: .seconds(600)
    }
  }
}

/// One hook program as the operator wrote it.
public struct HookSettings: Hashable, Sendable {
  /// The program and its arguments; the event's name is added as the last argument.
  public var command: [String]
  /// The events it runs for.
  public var events: Set<HookEvent>
  /// How long one run may take; events that are missing here take their standard.
  public var timeouts: [HookEvent: Duration]
  /// The user it runs as; nil for the daemon's own.
  public var user: String?
  /// Further variables of its environment.
  public var environment: [String: String]

  public init(
    command: [String], events: Set<HookEvent> = Set(HookEvent.allCases),
    timeouts: [HookEvent: Duration] = [:], user: String? = nil, environment: [String: String] = [:]
  ) {
    self.command = command
    self.events = events
    self.timeouts = timeouts
    self.user = user
    self.environment = environment
  }

  /// How long this program may take for `event`.
  public func timeout(for event: HookEvent) -> Duration {
    timeouts[event] ?? event.standardTimeout
  }
}
