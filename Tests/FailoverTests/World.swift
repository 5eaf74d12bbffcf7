import VRRP

@testable import Failover

/// Sebastiano Vigna's SplitMix64: every seed gives one history.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

  mutating func time(_ milliseconds: ClosedRange<Int>) -> Duration {
    .microseconds(
      Int.random(in: milliseconds.lowerBound * 1000...milliseconds.upperBound * 1000, using: &self))
  }
}

/// Two to four nodes on one virtual LAN under a virtual clock.
///
/// The kernel does what it is told at once and answers behind the other effects, as in the daemon,
/// or in every fourth world so late that other events come between.
/// Hooks take a random time and end in a random way, or hang until they are killed, or longer.
struct World {
  enum Happening {
    case event(Participant.Event, generation: Int)
    case advertisement(Advertisement, from: Int)
    case boot
    case trouble
  }

  struct Pending {
    var time: Instant
    var sequence: Int
    var node: Int
    var happening: Happening
  }

  struct Node {
    var participant: Participant
    var generation = 0
    var isRunning = true
    var hasAddresses = false
    var hasLink = true
    var segment = 0
    /// Whether the `promote` of this claim has passed.
    var gatePassed: Bool
    var hasHooks: Bool
    var lastBegan: HookEvent?
    var lastSent: Instant?
    var runs: Set<HookRun.Identifier> = []
    var checkFails = false
    var operations: Set<OperationIdentifier> = []
  }

  static let delay = Duration.milliseconds(2)
  static let interval = Duration.seconds(1)
  static let slowness = Duration.milliseconds(300)
  var random: SplitMix64
  var now = Instant(sinceBoot: .seconds(100))
  var nodes: [Node] = []
  private var pending: [Pending] = []
  private var sequence = 0
  private var lastOperation: UInt64 = 0
  private let lossPercent: Int
  /// Whether the kernel's answers take time, so that other events come before them.
  private let isSlow: Bool
  private let troubleEnds: Instant
  /// Since when all running nodes with a link hear each other.
  private var connectedSince: Instant
  private var steps: [(Instant, Step)] = []
  private(set) var violation: String?
  private(set) var claims = 0

  init(seed: UInt64, length: Duration) {
    random = SplitMix64(state: seed)
    lossPercent = seed % 3 == 0 ? 5 : 0
    isSlow = seed % 4 == 3
    troubleEnds = now + length
    connectedSince = now
    for index in 0..<Int.random(in: 2...4, using: &random) {
      nodes.append(makeNode(index, term: 0))
    }
    for index in nodes.indices { begin(index) }
    add(.trouble, to: 0, after: .seconds(5))
  }

  /// Runs through the trouble and the quiet after it; stops at the first broken promise.
  mutating func run() {
    // Long enough for the longest gate with its retries and the longest penalty.
    let end = troubleEnds + .seconds(700)
    while violation == nil {
      let timer = nextTimer()
      if let next = pending.first, next.time <= timer?.1 ?? end {
        guard next.time <= end else { break }
        pending.removeFirst()
        now = next.time
        happen(next)
      } else {
        guard let (node, time) = timer, time <= end else { break }
        now = max(now, time)
        feed(node, .timer)
      }
      checkEveryone()
      if isSettled { break }
    }
    let holders = nodes.indices.filter { nodes[$0].hasAddresses }
    expect(holders.count == 1, "when all is quiet one node holds, here \(holders)")
    for (index, node) in nodes.enumerated() {
      expect(node.operations.isEmpty, "\(index): an operation has no last word")
    }
  }

  /// Whether the trouble is over and nothing is left to be seen.
  private var isSettled: Bool {
    now > troubleEnds + .seconds(60)
      && nodes.allSatisfy { $0.isRunning && $0.participant.hooks.isIdle }
      && nodes.contains {
        $0.participant.role == .active && now - $0.participant.since > .seconds(9)
      }
  }

  // MARK: Time

  private func nextTimer() -> (Int, Instant)? {
    var next: (Int, Instant)?
    for (index, node) in nodes.enumerated() where node.isRunning {
      guard let due = node.participant.nextDeadline else { continue }
      if due < next?.1 ?? Instant(sinceBoot: .seconds(1_000_000)) { next = (index, due) }
    }
    return next
  }

  private mutating func add(_ happening: Happening, to node: Int, after wait: Duration) {
    sequence += 1
    let new = Pending(time: now + wait, sequence: sequence, node: node, happening: happening)
    let place = pending.firstIndex { $0.time > new.time } ?? pending.count
    pending.insert(new, at: place)
  }

  private mutating func happen(_ next: Pending) {
    switch next.happening {
    case .event(let event, let generation):
      guard nodes[next.node].generation == generation else { return }
      feed(next.node, event)
    case .advertisement(let advertisement, let sender):
      guard isConnected(sender, next.node) else { return }
      feed(next.node, .advertisement(advertisement, from: Self.address(sender)))
    case .boot:
      nodes[next.node].isRunning = true
      connectedSince = now
      begin(next.node)
    case .trouble: trouble()
    }
  }

  // MARK: One node

  private mutating func makeNode(_ index: Int, term: UInt64) -> Node {
    let preemptions: [Preemption] = [.never, .always, .after(.seconds(10))]
    let hooks = HookSettings(
      command: ["hook"],
      timeouts: [.promote: .seconds(20), .demote: .seconds(20), .standby: .seconds(30)])
    let checks = [
      CheckSettings(name: "fault", probe: .file("/a")),
      CheckSettings(name: "priority", probe: .file("/b"), onFailure: .priority(-60)),
    ]
    let priority: UInt8 = random.chance(5) ? 255 : UInt8.random(in: 50...200, using: &random)
    let hasHooks = random.chance(80)
    let participant = Participant(
      ParticipantSettings(
        router: routerSettings(
          priority: priority, preemption: preemptions.randomElement(using: &random) ?? .never),
        checks: random.chance(50) ? checks : [], hooks: hasHooks ? [hooks] : []),
      term: term, at: now)
    return Node(participant: participant, gatePassed: !hasHooks, hasHooks: hasHooks)
  }

  private mutating func begin(_ index: Int) {
    tellLink(index)
    feed(index, .start)
  }

  static func address(_ index: Int) -> IPAddress {
    .v4(IPv4Address(192, 0, 2, UInt8(index + 1)))
  }

  private func isConnected(_ one: Int, _ other: Int) -> Bool {
    let (one, other) = (nodes[one], nodes[other])
    return one.isRunning && other.isRunning && one.hasLink && other.hasLink
      && one.segment == other.segment
  }

  private mutating func feed(_ index: Int, _ event: Participant.Event) {
    guard nodes[index].isRunning else { return }
    var queue = [event]
    while !queue.isEmpty {
      let event = queue.removeFirst()
      note(.event(index, event))
      for effect in nodes[index].participant.handle(event, at: now) {
        note(.effect(index, effect))
        perform(effect, index, &queue)
      }
    }
    if nodes[index].participant.isOut { stop(index) }
  }

  private mutating func perform(
    _ effect: Participant.Effect, _ index: Int, _ answers: inout [Participant.Event]
  ) {
    switch effect {
    case .send(let priority): send(priority, index)
    case .install:
      let failure = now < troubleEnds && random.chance(3) ? "refused" : nil
      expect(nodes[index].gatePassed, "\(index): an address comes without its gate")
      if failure == nil { nodes[index].hasAddresses = true }
      answer(.installed(failure: failure), index, &answers)
    case .remove:
      let failure =
        now < troubleEnds && nodes[index].hasAddresses && random.chance(2) ? "stays" : nil
      if failure == nil { nodes[index].hasAddresses = false }
      answer(.removed(failure: failure), index, &answers)
    case .startHook(let run): start(run, index, &answers)
    case .terminateHook(let run), .killHook(let run):
      expect(nodes[index].runs.contains(run), "\(index): a signal for a program that never began")
      guard random.chance(70) else { return }
      add(event(.hookEnded(run, .signalled(15)), index), to: index, after: random.time(0...500))
    case .startCheck(let place):
      let failure = nodes[index].checkFails && random.chance(80) ? "no" : nil
      if random.chance(98) {
        add(
          event(.checkEnded(place, failure: failure), index), to: index,
          after: random.time(1...900))
      }
    case .killCheck(let place):
      add(
        event(.checkEnded(place, failure: "killed"), index), to: index, after: random.time(1...9))
    case .roleChanged(_, let new, _):
      if new == .claiming { claims += 1 }
      if new != .active, new != .releasing { nodes[index].gatePassed = !nodes[index].hasHooks }
      if new == .backup || new == .fault || new == .initialize { nodes[index].lastSent = nil }
    case .hookEnded(let run, let result):
      if run.order.event == .promote, result.passes { nodes[index].gatePassed = true }
    case .record(let record):
      if record.event == .active {
        expect(nodes[index].gatePassed, "\(index): Active without its gate")
      }
    case .finished(let operation, _, _):
      let wasOpen = nodes[index].operations.remove(operation) != nil
      expect(wasOpen, "\(index): an operation has two last words")
    case .announce:
      expect(nodes[index].hasAddresses, "\(index): announces what is not here")
    case .renewLease, .openLease, .closeLease, .refreshAddresses, .resetConnections, .probe,
      .conflict, .checkChanged,
      .phase:
      break
    }
  }

  private mutating func answer(
    _ answer: Participant.Event, _ index: Int, _ answers: inout [Participant.Event]
  ) {
    if isSlow {
      add(event(answer, index), to: index, after: Self.slowness)
    } else {
      answers.append(answer)
    }
  }

  private func event(_ event: Participant.Event, _ index: Int) -> Happening {
    .event(event, generation: nodes[index].generation)
  }

  private mutating func start(
    _ run: HookRun, _ index: Int, _ answers: inout [Participant.Event]
  ) {
    nodes[index].runs.insert(run.identifier)
    let event = run.order.event
    if run.attempt == 1, event == .promote || event == .demote || event == .undo {
      let before = nodes[index].lastBegan
      let isInTurn =
        switch event {
        case .promote: before == nil || before == .demote
        // An undo takes back what a demote did.
        case .undo: before == .demote
        default: before == .promote || before == .undo
        }
      expect(isInTurn, "\(index): \(event) after \(before.map { "\($0)" } ?? "nothing")")
      nodes[index].lastBegan = event
    }
    if now >= troubleEnds {
      add(self.event(.hookEnded(run.identifier, .exited(0)), index), to: index, after: .seconds(1))
      return
    }
    if random.chance(3) {
      answers.append(.hookEnded(run.identifier, .notStarted("no such file")))
      return
    }
    // A hung program says nothing until it is killed.
    guard random.chance(96) else { return }
    let ends: [ProgramEnd] = [
      .exited(0), .exited(0), .exited(0), .exited(0), .exited(0), .exited(10), .exited(75),
      .exited(69), .exited(1), .signalled(11),
    ]
    let end = ends.randomElement(using: &random) ?? .exited(0)
    let length = random.chance(80) ? random.time(0...3000) : random.time(0...25_000)
    add(self.event(.hookEnded(run.identifier, end), index), to: index, after: length)
  }

  private mutating func send(_ priority: Priority, _ index: Int) {
    if let last = nodes[index].lastSent, priority != .release {
      expect(now - last <= Self.interval, "\(index): an advertisement is late")
    }
    nodes[index].lastSent = priority == .release ? nil : now
    let sent = advertisement(priority.number)
    for other in nodes.indices where other != index {
      if lossPercent > 0, now < troubleEnds, random.chance(lossPercent) { continue }
      add(.advertisement(sent, from: index), to: other, after: Self.delay)
    }
  }

  /// The daemon ends; a fresh one begins later and knows the term alone.
  private mutating func stop(_ index: Int) {
    note(.word("\(index): stopped"))
    let old = nodes[index]
    expect(isSlow || !old.hasAddresses, "\(index): stopped with addresses")
    expect(old.operations.isEmpty, "\(index): stopped with an operation open")
    nodes[index] = makeNode(index, term: old.participant.term)
    nodes[index].generation = old.generation + 1
    nodes[index].isRunning = false
    nodes[index].hasLink = old.hasLink
    nodes[index].segment = old.segment
    nodes[index].checkFails = old.checkFails
    add(.boot, to: index, after: random.time(100...20_000))
  }

  // MARK: Trouble

  private mutating func trouble() {
    guard now < troubleEnds else { return heal() }
    add(.trouble, to: 0, after: random.time(100...15_000))
    let index = Int.random(in: nodes.indices, using: &random)
    switch Int.random(in: 0..<9, using: &random) {
    case 0, 1: setLink(index, !nodes.allSatisfy(\.hasLink))
    case 2: nodes[index].checkFails.toggle()
    case 3:
      let isSplit = nodes.contains { $0.segment == 1 }
      for other in nodes.indices { nodes[other].segment = isSplit || other != index ? 0 : 1 }
      connectedSince = now
    case 4, 5, 6:
      guard nodes[index].isRunning else { return }
      lastOperation += 1
      let holder = nodes.indices.first { nodes[$0].hasAddresses } ?? index
      nodes[holder].operations.insert(OperationIdentifier(lastOperation))
      feed(holder, .failover(OperationIdentifier(lastOperation)))
    case 7: feed(index, .shutdown)
    default:
      guard nodes[index].hasAddresses, nodes[index].participant.tenure.isHolding else { return }
      nodes[index].hasAddresses = false
      feed(index, .addressesLost)
    }
  }

  private mutating func setLink(_ index: Int, _ isUp: Bool) {
    for other in nodes.indices where isUp ? !nodes[other].hasLink : other == index {
      nodes[other].hasLink = isUp
      connectedSince = now
      tellLink(other)
    }
  }

  private mutating func tellLink(_ index: Int) {
    let faults: Set<Fault> = nodes[index].hasLink ? [] : [.noCarrier("eth0")]
    feed(index, .link(faults, source: Self.address(index)))
  }

  private mutating func heal() {
    note(.word("everything is mended"))
    for index in nodes.indices {
      nodes[index].segment = 0
      nodes[index].checkFails = false
    }
    connectedSince = now
    setLink(0, true)
  }

  // MARK: Promises

  private mutating func checkEveryone() {
    for index in nodes.indices {
      let node = nodes[index]
      if !isSlow, node.hasAddresses, node.participant.tenure.nextDeadline == nil {
        expect(
          node.participant.tenure.isHolding, "\(index): an address in \(node.participant.role)")
      }
      if let last = node.lastSent {
        expect(now - last <= Self.interval, "\(index): no advertisement in time")
      }
    }
    // Without loss, and once everyone could hear everyone for an interval, two nodes hold only
    // until the advertisement of the better one has arrived.
    guard lossPercent == 0, now - connectedSince > Self.interval + Self.delay * 4 else { return }
    let holders = nodes.indices.filter {
      nodes[$0].hasAddresses && nodes[$0].hasLink && nodes[$0].participant.tenure.isHolding
    }
    guard holders.count > 1, nodes.allSatisfy({ $0.segment == 0 }) else { return }
    for index in holders where now - nodes[index].participant.since > Self.delay * 2 {
      let others = holders.filter {
        $0 != index && now - nodes[$0].participant.since > Self.delay * 2
      }
      expect(others.isEmpty, "two holders: \(index) and \(others)")
    }
  }

  private mutating func expect(_ promise: Bool, _ words: @autoclosure () -> String) {
    if !promise, violation == nil {
      violation = words()
      note(.word("BROKEN: \(words())"))
    }
  }

  // MARK: What happened

  /// Made into text only when it is read: a history has a hundred thousand steps.
  enum Step {
    case event(Int, Participant.Event)
    case effect(Int, Participant.Effect)
    case word(String)
  }

  private mutating func note(_ step: Step) {
    steps.append((now, step))
    if steps.count > 1000 { steps.removeFirst(900) }
  }

  /// The last steps, one a line.
  func history(_ count: Int) -> String {
    let lines = steps.suffix(count).map { time, step in
      switch step {
      case .event(let node, let event): "\(time.sinceBoot) \(node): \(event)"
      case .effect(let node, let effect): "\(time.sinceBoot) \(node):   -> \(effect)"
      case .word(let word): "\(time.sinceBoot) \(word)"
      }
    }
    return lines.joined(separator: "\n").replacing("Failover.", with: "")
  }
}
