import VRRP

/// Why something happened, in the word that hooks, status and history use.
public enum Reason: String, Hashable, Sendable, CaseIterable {
  /// An operator's command.
  case manual
  /// The Active Router fell silent.
  case peerTimeout = "peer_timeout"
  /// The Active Router said goodbye.
  case peerReleased = "peer_released"
  /// A router of higher priority is Active.
  case preempted
  /// A check failed, or this node is unfit.
  case health
  /// The interface, its carrier or its address is missing.
  case link
  /// Another host or router answers for the addresses.
  case conflict
  /// The daemon woke too late: its lease had ended.
  case lease
  /// The daemon starts.
  case startup
  /// The daemon stops.
  case shutdown
  /// A step failed and the role went back.
  case rollback
  /// The daemon was started anew while maintenance kept the addresses here.
  case maintenance
}

/// The state of one virtual router on this node, in the words of status and hooks.
public enum RoleState: String, Hashable, Sendable {
  case initialize, backup, claiming, active, releasing, fault
}

/// One event for which hooks run: what they are told beside the settings.
public struct HookOrder: Hashable, Sendable {
  /// Counts up from 1 while the daemon runs.
  public var number: UInt64
  public var event: HookEvent
  /// The operation that this event belongs to; nil when nobody asked for it.
  public var operation: OperationIdentifier?
  public var reason: Reason
  /// Whether it is a step of a planned failover or stop.
  public var isPlanned: Bool
  public var oldState: RoleState
  public var newState: RoleState
  /// The fencing token: grows by one at every change of owner.
  public var term: UInt64
  /// The effective priority.
  public var priority: Priority
  /// The other Active Router, when one was heard.
  public var peer: IPAddress?
  /// Whether the addresses leave by now whatever a planned `demote` says.
  public var mustSucceed = false
}

extension HookOrder {
  /// Whether it is a `demote` that had to succeed: the addresses leave, or have left, whatever it says.
  var needsFence: Bool {
    event == .demote && (!isPlanned || reason == .shutdown || mustSucceed)
  }
}

/// The number of an operation that somebody asked for; no other one of any node has it.
public struct OperationIdentifier: Hashable, Sendable {
  public let number: UInt64
  public init(_ number: UInt64) { self.number = number }
}

/// One program to start for an order.
public struct HookRun: Hashable, Sendable {
  /// Which run this is; never used twice while the daemon runs.
  public struct Identifier: Hashable, Sendable {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
  }

  public var identifier: Identifier
  public var order: HookOrder
  public var hook: HookSettings
  /// 1 for the first try, more after exit status 75.
  public var attempt: Int
  /// What is left of the program's time.
  public var timeout: Duration
}

/// How one program ended.
public enum ProgramEnd: Hashable, Sendable {
  case exited(Int32)
  case signalled(Int32)
  /// It could not be started: what the system said.
  case notStarted(String)
}

/// How the programs of one order ended.
public enum HookResult: Hashable, Sendable {
  /// Every program said 0, or there is none.
  case done
  /// Every program said 0 or 10, and at least one 10.
  case warning
  /// A program said 69: this node is unfit.
  case unfit
  /// A program failed: how it ended.
  case failed(ProgramEnd)
  /// A program's time was over.
  case timedOut
  /// It did not run: too many wait already.
  case crowdedOut
  /// A newer event overtook it.
  case overtaken

  /// Whether a gate lets the failover go on.
  public var passes: Bool { self == .done || self == .warning }
}

extension HookResult: CustomStringConvertible {
  public var description: String {
    switch self {
    case .done: "done"
    case .warning: "done with a warning"
    case .unfit: "said that this node is unfit (exit status 69)"
    case .failed(.exited(let status)): "exited with status \(status)"
    case .failed(.signalled(let signal)): "was ended by signal \(signal)"
    case .failed(.notStarted(let why)): "could not be started: \(why)"
    case .crowdedOut: "did not run: too many hooks wait already"
    case .timedOut: "took longer than its timeout and was ended"
    case .overtaken: "was ended since the role changed"
    }
  }
}
