import Failover
import VRRP

/// Up to eight nodes on one virtual LAN under a virtual clock, and a plan of what goes wrong.
///
/// Each node runs the shipped `Participant` through `handle` and `nextDeadline` alone. Around it stands
/// what the daemon does (`WorldProcess`, `WorldEffects`), a kernel that outlives its process
/// (`NodeKernel`), the network (`WorldNetwork`) and the mishaps (`WorldMishaps`). After every change
/// of what a kernel answers for the promises are checked (`WorldPromises`). The same scenario gives the
/// same history, always.
public struct World {
  /// A promise that was not kept.
  public struct Violation: Sendable {
    public var time: Nanoseconds
    public var text: String
  }

  /// What happened in a run that kept its promises, too.
  public struct Statistics: Sendable {
    /// Simulated time, and the same times the number of nodes.
    public var time: Nanoseconds = 0
    public var nodeTime: Nanoseconds = 0
    public var claims = 0
    public var effects = 0
    public var crashes = 0
    public var stalls = 0
    public var lapses = 0
    /// Failovers that an operator asked for, by how they ended.
    public var moved = 0
    public var notMoved = 0
    /// How often a Backup did not claim for what it was told.
    public var refrained = 0
    /// The steps of planned failovers at which nodes crashed or stood still.
    public var steps: Set<String> = []
    /// Clients that were told of a takeover.
    public var told = 0
    /// Restarts under maintenance that kept the addresses.
    public var resumed = 0
    /// Beginnings of two nodes answering at once: while they could not hear each other, and because
    /// both claimed before either could hear the other.
    public var dividedOverlaps = 0
    public var racedOverlaps = 0
    /// From the end of the trouble to one node answering for good.
    public var settling: Nanoseconds = 0

    public init() {}
  }

  public let scenario: Scenario
  var now: Nanoseconds = 0
  var nodes: [Node] = []
  var agenda = Agenda()
  var lan = LAN()
  /// One sequence for each purpose: what happens on the LAN moves no end of a program.
  var networkRandom: SplitMix64
  var programRandom: SplitMix64
  var kernelRandom: SplitMix64
  var isQuiet = false
  var lastOperation: UInt64 = 0
  /// The clients of whoever holds the addresses, and the last port that one of them had.
  var clients: [ClientConnection] = []
  var lastPort: UInt16 = 1024
  public internal(set) var violation: Violation?
  public internal(set) var statistics = Statistics()
  var history: History?

  public init(_ scenario: Scenario, keepsHistory: Bool = false) {
    self.scenario = scenario
    history = keepsHistory ? History() : nil
    var random = SplitMix64(seed: scenario.seed ^ 0x5EED)
    networkRandom = random.fork()
    programRandom = random.fork()
    kernelRandom = random.fork()
    for member in scenario.members { nodes.append(makeNode(member)) }
    for index in nodes.indices {
      agenda.add(.boot, to: index, at: networkRandom.time(0 ... .second))
    }
    for (place, injection) in scenario.injections.enumerated() {
      agenda.add(.injection(place), to: injection.node ?? 0, at: injection.time)
    }
    agenda.add(.quiet, to: 0, at: scenario.troubleEnds)
    agenda.add(.clientAsks, to: 0, at: 10 * .second)
  }

  /// Runs through the trouble and the quiet after it; stops at the first broken promise.
  public mutating func run() {
    let end = scenario.troubleEnds + scenario.quietBound
    while violation == nil {
      var due = Nanoseconds.max
      var node = 0
      for index in nodes.indices where nodes[index].process.due < due {
        due = nodes[index].process.due
        node = index
      }
      guard min(due, agenda.nextTime) <= end else { break }
      if due < agenda.nextTime {
        now = max(now, due)
        work(node)
      } else if let next = agenda.takeFirst() {
        now = next.time
        happen(next)
      }
      if isQuiet, isSettled { break }
    }
    statistics.time = now
    statistics.nodeTime = now * Nanoseconds(nodes.count)
    statistics.settling = now - scenario.troubleEnds
    if violation == nil { checkEnd() }
  }

  /// The last steps of a world that keeps its history.
  public func historyText(last count: Int) -> String { history?.text(last: count) ?? "" }

  private mutating func happen(_ next: Agenda.Entry) {
    let index = next.node
    switch next.happening {
    case .advertisement(let advertisement, let addresses, let sender):
      receive(advertisement, addresses, from: sender, at: index)
    case .hookEnds(let run, let end, let life): deliver(.hookEnded(run, end), to: index, life: life)
    case .checkEnds(let place, let passed, let life):
      deliver(.checkEnded(place, failure: passed ? nil : "no"), to: index, life: life)
    case .connectionsReset(let life):
      deliver(.connectionsReset(reset: 0, left: 0), to: index, life: life)
    case .wake: wake(index)
    case .boot: boot(index)
    case .link(let life): deliver(linkEvent(index), to: index, life: life)
    case .injection(let place): inject(scenario.injections[place])
    case .carrierBack: carrierBack(index)
    case .partitionOver: mend()
    case .checkMended(let place): nodes[index].failingChecks.remove(place)
    case .resume: resume(index)
    case .neighbor(let claim, let life): deliver(.neighbor(claim), to: index, life: life)
    case .heardByClient: heardByClient(index)
    case .clientAsks: clientAsks()
    case .channel(let message): receive(message, at: index)
    case .channelTick(let life): channelTick(index, life: life)
    case .parcel(let parcel): receive(parcel, at: index)
    case .quiet: beQuiet()
    case .maintenanceOver: endMaintenance()
    }
  }

  private mutating func deliver(_ event: Participant.Event, to index: Int, life: Int) {
    guard nodes[index].life == life, nodes[index].isRunning else { return }
    nodes[index].process.others.append(.event(event))
    work(index)
  }

  mutating func note(_ word: @autoclosure () -> String) {
    if history != nil { history?.note(.word(word()), at: now) }
  }

  mutating func expect(_ promise: Bool, _ words: @autoclosure () -> String) {
    guard !promise, violation == nil else { return }
    violation = Violation(time: now, text: words())
    note("BROKEN: \(words())")
  }
}
