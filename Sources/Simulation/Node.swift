import Failover
import VRRP

/// One node: its clock, its kernel and, while it runs, its process.
struct Node {
  let index: Int
  /// What the configuration file says now.
  var member: Scenario.Member
  var interval: AdvertisementInterval
  var addresses: AddressSet
  /// Addresses that a reload dropped and the kernel kept; their lifetime ends them.
  var leftBehind: AddressSet = []
  let clock: NodeClock
  var kernel: NodeKernel
  var process: NodeProcess
  var isRunning = true
  /// Counts the processes, so that the end of an earlier one's program means nothing.
  var life = 0
  /// The term as the state directory knows it.
  var storedTerm: UInt64 = 0
  var storedMaintenance = MaintenanceMark()
  /// Until when the process stands still, busy or stopped.
  var stalledUntil: Nanoseconds = 0
  /// Until when the machine sleeps; 0 when it does not.
  var asleepUntil: Nanoseconds = 0
  /// When it last stood still or slept.
  var lastStall: Nanoseconds = -1
  var lastCrash: Nanoseconds = -1
  var hasCarrier = true
  var failingChecks: Set<Int> = []
  var failingCalls: (kind: CallKind, until: Nanoseconds)?
  var slowCalls: (upTo: Nanoseconds, until: Nanoseconds)?
  /// Advertisements that are still to be lost on purpose.
  var losses = 0
  var armedCrash: (effects: Int, downFor: Nanoseconds)?
  var armedStall: (effects: Int, lasting: Nanoseconds)?
  /// Whether the last process ended without a goodbye.
  var hasCrashed = false
  /// From the end of an orderly stop to the next start.
  var downAfterStop: Nanoseconds = 0
  var promises = NodePromises()

  func canAct(at now: Nanoseconds) -> Bool {
    isRunning && stalledUntil <= now && asleepUntil == 0
  }

  func answers(at now: Nanoseconds) -> AddressSet {
    guard asleepUntil == 0 else { return [] }
    return kernel.answers(at: clock.local(at: now))
  }

  func fails(_ kind: CallKind, at now: Nanoseconds) -> Bool {
    guard let failingCalls else { return false }
    return (failingCalls.kind == kind || failingCalls.kind == .all) && now < failingCalls.until
  }
}

/// What is gone when the process is gone.
struct NodeProcess {
  var participant: Participant
  /// Events that the daemon has taken in, and how many of them are done.
  var queue: [Participant.Event] = []
  var queueHead = 0
  /// The answer that is being performed, and how much of it is done.
  var effects: [Participant.Effect] = []
  var effectHead = 0
  /// When the process was started.
  var began: Nanoseconds = 0
  /// When the participant gave that answer.
  var answered: Nanoseconds = 0
  /// Advertisements that wait in the socket.
  var socket: [(advertisement: Advertisement, addresses: AddressSet, from: Int)] = []
  /// Whether advertisements came while the buffer was full (SO_RXQ_OVFL of socket(7)).
  var hasOverflowed = false
  /// What else the loop will find: ends of programs, link events, commands.
  var others: [Waiting] = []
  /// When `.timer` is due.
  var due = Nanoseconds.max
  /// Whether the slow call in front has been waited for.
  var hasWaited = false
  /// What it last reported.
  var said: PeerReport?
  var lastSendFailed = false
  var closeFailed = false
  var removeFailed = false
  /// Programs that were started and may get a signal.
  var runs: Set<HookRun.Identifier> = []
  var operations: Set<OperationIdentifier> = []
  /// Its connections as it shares them, and what others shared with it.
  var ledger: ConnectionLedger?
  var shared = SharedConnections()
  /// By the other node: when the last parcel to it arrives.
  var parcelsUntil: [Int: Nanoseconds] = [:]
  /// Those that are over, too.
  var knownOperations: Set<OperationIdentifier> = []
  /// What is known of the other nodes.
  var channel: [Int: ChannelView] = [:]

  enum Waiting {
    case event(Participant.Event)
    case reload(Reload)
  }

  /// What the socket's buffer holds; whatever comes then is lost.
  static let socketLimit = 256

  init(_ participant: Participant) { self.participant = participant }

  // Mutating, though they change nothing: whoever only reads an element of an array copies it.

  mutating func nextDeadline() -> Instant? { participant.nextDeadline }
  mutating func isOut() -> Bool { participant.isOut }
  mutating func staysWithoutDaemon() -> Bool { participant.staysWithoutDaemon }
  mutating func leaseEnd() -> Instant? { participant.leaseEnd }

  mutating func takeQueued() -> Participant.Event? {
    guard queueHead < queue.count else { return nil }
    defer {
      queueHead += 1
      if queueHead == queue.count {
        queue.removeAll(keepingCapacity: true)
        queueHead = 0
      }
    }
    return queue[queueHead]
  }
}

/// What is remembered of a node to judge it by.
struct NodePromises {
  /// The term of its last claim, over all its processes.
  var lastClaimTerm: UInt64 = 0
  var isActive = false
  /// When it was last elected, and when the first advertisement of that claim left.
  var elected: Nanoseconds = -1
  var claimed: Nanoseconds = -1
  var lastSent: Nanoseconds?
  /// Changes of role since everything was mended.
  var quietChanges = 0
  /// The last `promote`, `demote` or `undo` that began in this process.
  var lastBegan: HookEvent?
  /// The `promote` of the claim under way: how many programs it has and how many passed.
  var gate: (order: UInt64, programs: Int, passed: Int)?
}
