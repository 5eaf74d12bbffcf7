import VRRP

@testable import Failover

/// Two nodes on one virtual clock: "a" (192.0.2.1, priority 200) and "b" (192.0.2.2, priority 100), with
/// a peer channel and advertisements that arrive at once unless the test says otherwise.
///
/// The kernel does what it is told and answers behind the other effects; programs are the test's.
struct Pair {
  struct Side {
    var participant: Participant
    var hasAddresses = false
    var isOpen = false
    var isRunning = true
    var refusesToRemove = false
    /// Connections that are reset, and clients that are told.
    var connections = 0
    var clients = 0
  }

  static let addresses = [thisNode, otherNode]
  static let names = ["a", "b"]

  var now = at(0)
  var sides: [Side]
  /// Reports and advertisements that do not arrive, by their sender.
  var isChannelCut = [false, false]
  var areAdvertisementsCut = [false, false]
  /// Drops a report when it says so: sender, report.
  var dropsReport: (Int, PeerReport) -> Bool = { _, _ in false }
  /// How old a report is when it arrives.
  var reportDelay = Duration.zero
  /// What is believed of a report that arrives.
  var believes: (PeerReport) -> PeerReport = { $0 }
  /// Whether the test answers resets of connections.
  var holdsResets = false
  var told: [String] = []
  /// Moments at which both had open addresses.
  var overlaps = 0
  private var queue: [(side: Int, event: Participant.Event)] = []
  private var isFeeding = false
  var results: [Int: [String]] = [:]
  var passages: [Passage] = []
  private var tick = at(1)
  private var lastReport: [Instant?] = [nil, nil]

  init(hooks: Set<HookEvent> = [], preemption: Preemption = .never) {
    sides = (0..<2).map { index in
      Side(
        participant: Participant(
          ParticipantSettings(
            router: routerSettings(priority: index == 0 ? 200 : 100, preemption: preemption),
            node: Self.names[index], isPair: true, peers: [Self.names[1 - index]],
            hooks: hooks.isEmpty ? [] : [HookSettings(command: ["hook"], events: hooks)]),
          term: 0, at: at(0)))
    }
    for index in 0..<2 {
      feed(index, .link([], source: Self.addresses[index]))
      feed(index, .start)
    }
  }

  /// Node a holds the addresses at 10 s.
  static func holding(hooks: Set<HookEvent> = []) -> Pair {
    var pair = Pair(hooks: hooks)
    pair.settle(.seconds(10))
    pair.told = []
    return pair
  }

  mutating func feed(_ side: Int, _ event: Participant.Event) {
    guard sides[side].isRunning else { return }
    queue.append((side, event))
    guard !isFeeding else { return }
    isFeeding = true
    while !queue.isEmpty {
      let (side, event) = queue.removeFirst()
      guard sides[side].isRunning else { continue }
      for effect in sides[side].participant.handle(event, at: now) { perform(effect, side) }
    }
    isFeeding = false
  }

  private mutating func perform(_ effect: Participant.Effect, _ side: Int) {
    let name = Self.names[side]
    switch effect {
    case .install:
      sides[side].hasAddresses = true
      told.append("\(name) install")
      queue.append((side, .installed(failure: nil)))
    case .remove:
      let fails = sides[side].refusesToRemove
      if !fails { sides[side].hasAddresses = false }
      told.append("\(name) remove")
      queue.append((side, .removed(failure: fails ? "busy" : nil)))
    case .openLease:
      sides[side].isOpen = true
      told.append("\(name) open")
      if answers(1 - side) { overlaps += 1 }
    case .closeLease: sides[side].isOpen = false
    case .resetConnections:
      told.append("\(name) reset")
      guard !holdsResets else { return }
      queue.append((side, .connectionsReset(reset: sides[side].connections, left: 0)))
    case .tellConnections:
      told.append("\(name) tell")
      queue.append((side, .connectionsTold(sides[side].clients)))
    case .send(let priority):
      if priority == .release { told.append("\(name) goodbye") }
      guard !areAdvertisementsCut[side] else { return }
      queue.append(
        (1 - side, .advertisement(advertisement(priority.number), from: Self.addresses[side])))
    case .report(let asks):
      report(from: side)
      if asks { report(from: 1 - side) }
    case .shareResult(let operation, let to):
      told.append("\(name) shares with \(to)")
      guard !isChannelCut[side] else { return }
      queue.append((1 - side, .peerInformed(operation)))
    case .startHook(let run):
      let order = run.order
      told.append(
        "\(name) \(order.event)\(order.isPlanned ? " planned" : "") \(order.reason.rawValue)")
    case .finished(_, let result, _):
      results[side, default: []].append("\(result)")
    case .passage(_, let passage): passages.append(passage)
    case .roleChanged(_, let role, _): told.append("\(name) \(role)")
    case .refrained(let restraint): told.append("\(name) refrains: \(restraint)")
    default: break
    }
  }

  func answers(_ side: Int) -> Bool { sides[side].hasAddresses && sides[side].isOpen }

  mutating func report(from side: Int) {
    guard sides[side].isRunning, !isChannelCut[side] else { return }
    let report = sides[side].participant.report
    guard !dropsReport(side, report) else { return }
    lastReport[side] = now
    let written = Instant(sinceBoot: now.sinceBoot - reportDelay)
    queue.append(
      (1 - side, .peerReport(believes(report), from: Self.names[side], notBefore: written)))
  }

  /// Reports once a second, as the daemon sends them.
  mutating func run(until end: Instant) {
    while now < end {
      let due = sides.compactMap { $0.isRunning ? $0.participant.nextDeadline : nil }.min()
      let next = min(due ?? end, min(tick, end))
      now = max(now, next)
      for side in 0..<2 where sides[side].isRunning {
        if let due = sides[side].participant.nextDeadline, due <= now { feed(side, .timer) }
      }
      if now >= tick {
        for side in 0..<2 { report(from: side) }
        tick = now + .seconds(1)
        for side in 0..<2 {
          let isLost = lastReport[side].map { now - $0 > .seconds(3) } ?? false
          if isLost {
            lastReport[side] = nil
            queue.append((1 - side, .peerLost(Self.names[side])))
          }
          feed(side, .timer)
        }
      }
    }
  }

  mutating func end(_ side: Int, _ end: ProgramEnd = .exited(0)) {
    for queue in [sides[side].participant.hooks, sides[side].participant.prechecks] {
      if let run = queue.running { feed(side, .hookEnded(run.identifier, end)) }
    }
  }

  /// Lets that time go by; whatever program runs ends well within 250 ms.
  mutating func settle(_ time: Duration) {
    let end = now + time
    while now < end {
      run(until: min(end, now + .milliseconds(250)))
      for side in 0..<2 { self.end(side) }
    }
  }

  /// The node is gone, and its kernel keeps what it had.
  mutating func crash(_ side: Int) {
    sides[side].isRunning = false
    sides[side].isOpen = false
    let name = Self.names[side]
    feed(1 - side, .peerLost(name))
  }

  mutating func words() -> [String] {
    defer { told = [] }
    return told
  }

  var holders: [String] { (0..<2).filter(answers).map { Self.names[$0] } }
}
