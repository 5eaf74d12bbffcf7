import Testing
import VRRP

@testable import Failover

/// The programs `one`, `two` and so on run for every event, each with its standard time: 60 s for a
/// gate, 30 s for `active` and `fault`, 600 s for `standby`.
@Suite struct HookQueueTests {
  // MARK: Order

  @Test("the programs of an order run in the listed order, one at a time")
  func listedOrder() {
    var queue = Self.queue("one", "two", "three")
    #expect(Self.words(queue.submit(order(.promote), at: at(0))) == ["start 1 one"])
    #expect(
      Self.words(queue.programEnded(run(1), .exited(0), at: at(1))) == [
        "ended 1 done", "start 2 two",
      ])
    #expect(
      Self.words(queue.programEnded(run(2), .exited(0), at: at(2))) == [
        "ended 2 done", "start 3 three",
      ])
    #expect(!queue.isIdle)
    #expect(
      Self.words(queue.programEnded(run(3), .exited(0), at: at(3))) == [
        "ended 3 done", "promote 1 done",
      ])
    #expect(queue.isIdle)
  }

  @Test("a program runs only for its events")
  func events() {
    var queue = HookQueue([
      HookSettings(command: ["one"], events: [.demote]),
      HookSettings(command: ["two"], events: [.promote, .active]),
    ])
    #expect(Self.words(queue.submit(order(.promote), at: at(0))) == ["start 1 two"])
    #expect(queue.hasHook(for: .active))
    #expect(!queue.hasHook(for: .standby))
  }

  @Test("an order without programs passes at once", arguments: HookEvent.allCases)
  func noPrograms(event: HookEvent) {
    var queue = HookQueue([])
    #expect(Self.words(queue.submit(order(event), at: at(0))) == ["\(event.rawValue) 1 done"])
    #expect(queue.isIdle)
    #expect(queue.nextDeadline == nil)
  }

  @Test("an order without programs waits for the one before it")
  func noProgramsInTurn() {
    var queue = HookQueue([HookSettings(command: ["one"], events: [.demote])])
    _ = queue.submit(order(.demote, 1), at: at(0))
    #expect(queue.submit(order(.promote, 2), at: at(1)) == [])
    #expect(
      Self.words(queue.programEnded(run(1), .exited(0), at: at(2))) == [
        "ended 1 done", "demote 1 done", "promote 2 done",
      ])
  }

  // MARK: What an end means

  struct End: Sendable, CustomTestStringConvertible {
    var end: ProgramEnd
    var words: [String]
    var testDescription: String { "\(end)" }
  }

  static let ends: [End] = [
    End(end: .exited(0), words: ["ended 1 done", "start 2 two"]),
    End(end: .exited(10), words: ["ended 1 done with a warning", "start 2 two"]),
    End(end: .exited(75), words: []),
    End(
      end: .exited(69),
      words: [
        "ended 1 said that this node is unfit (exit status 69)",
        "promote 1 said that this node is unfit (exit status 69)",
      ]),
    End(
      end: .exited(1),
      words: ["ended 1 exited with status 1", "promote 1 exited with status 1"]),
    End(
      end: .exited(255),
      words: ["ended 1 exited with status 255", "promote 1 exited with status 255"]),
    End(
      end: .signalled(9),
      words: ["ended 1 was ended by signal 9", "promote 1 was ended by signal 9"]),
    End(
      end: .notStarted("no such file"),
      words: [
        "ended 1 could not be started: no such file",
        "promote 1 could not be started: no such file",
      ]),
  ]

  @Test("what the end of the first of two programs means", arguments: ends)
  func end(_ row: End) {
    var queue = Self.queue("one", "two")
    _ = queue.submit(order(.promote), at: at(0))
    #expect(Self.words(queue.programEnded(run(1), row.end, at: at(1))) == row.words)
  }

  @Test("a warning of any program is the warning of the order, and passes")
  func warning() {
    var queue = Self.queue("one", "two")
    _ = queue.submit(order(.promote), at: at(0))
    _ = queue.programEnded(run(1), .exited(10), at: at(1))
    let effects = queue.programEnded(run(2), .exited(0), at: at(2))
    #expect(effects.last == .completed(order(.promote), .warning))
    // The next order does not inherit it.
    _ = queue.submit(order(.demote, 2), at: at(3))
    _ = queue.programEnded(run(3), .exited(0), at: at(4))
    #expect(
      queue.programEnded(run(4), .exited(0), at: at(5)).last
        == .completed(order(.demote, 2), .done))
  }

  @Test("only done and done with a warning pass a gate")
  func passes() {
    let results: [HookResult] = [
      .done, .warning, .unfit, .failed(.exited(1)), .crowdedOut, .timedOut, .overtaken,
    ]
    #expect(results.map(\.passes) == [true, true, false, false, false, false, false])
  }

  @Test("the end of a program that does not run means nothing")
  func strangeEnd() {
    var queue = Self.queue("one")
    #expect(queue.programEnded(run(1), .exited(0), at: at(0)) == [])
    _ = queue.submit(order(.promote), at: at(0))
    #expect(queue.programEnded(run(2), .exited(0), at: at(1)) == [])
    #expect(queue.running?.identifier == run(1))
  }

  // MARK: Try again

  @Test("exit status 75 is tried again half a second later, with the time that is left")
  func retry() throws {
    var queue = Self.queue("one")
    _ = queue.submit(order(.promote), at: at(0))
    #expect(queue.programEnded(run(1), .exited(75), at: at(20)) == [])
    #expect(queue.nextDeadline == at(20.5))
    #expect(queue.deadlineReached(at: at(20.4)) == [])
    let effects = queue.deadlineReached(at: at(20.5))
    #expect(Self.words(effects) == ["start 2 one"])
    let second = try #require(queue.running)
    #expect(second.attempt == 2)
    #expect(second.timeout == .milliseconds(39_500))
    #expect(queue.nextDeadline == at(60))
  }

  @Test("a try that could only begin at the deadline does not begin")
  func retryUntilDeadline() {
    var queue = Self.queue("one", "two")
    _ = queue.submit(order(.promote), at: at(0))
    #expect(
      Self.words(queue.programEnded(run(1), .exited(75), at: at(59.5))) == [
        "ended 1 took longer than its timeout and was ended",
        "promote 1 took longer than its timeout and was ended",
      ])
    #expect(queue.isIdle)
  }

  @Test("each program of an order has its own time")
  func ownTime() {
    var queue = HookQueue([
      HookSettings(command: ["one"], timeouts: [.promote: .seconds(5)]),
      HookSettings(command: ["two"], timeouts: [.promote: .seconds(7)]),
    ])
    _ = queue.submit(order(.promote), at: at(0))
    #expect(queue.nextDeadline == at(5))
    _ = queue.programEnded(run(1), .exited(0), at: at(4))
    #expect(queue.nextDeadline == at(11))
  }

  // MARK: Too late

  @Test("a gate whose time is over has failed at that moment; its program gets TERM, then KILL")
  func timeout() {
    var queue = Self.queue("one", "two")
    _ = queue.submit(order(.promote, 1), at: at(0))
    #expect(queue.deadlineReached(at: at(59.9)) == [])
    #expect(
      Self.words(queue.deadlineReached(at: at(60))) == [
        "terminate 1", "ended 1 took longer than its timeout and was ended",
        "promote 1 took longer than its timeout and was ended",
      ])
    // The next order waits for the program, not for the result.
    #expect(queue.submit(order(.demote, 2), at: at(60)) == [])
    #expect(queue.nextDeadline == at(65))
    #expect(queue.deadlineReached(at: at(64.9)) == [])
    #expect(Self.words(queue.deadlineReached(at: at(65))) == ["kill 1"])
    #expect(queue.nextDeadline == at(70))
    #expect(
      Self.words(queue.programEnded(run(1), .signalled(9), at: at(65.1))) == ["start 2 one"])
  }

  @Test("a program that SIGTERM ends makes room at once, and what it said last does not count")
  func endsOnTerm() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.promote, 1), at: at(0))
    _ = queue.deadlineReached(at: at(60))
    _ = queue.submit(order(.demote, 2), at: at(60))
    #expect(Self.words(queue.programEnded(run(1), .exited(0), at: at(61))) == ["start 2 one"])
  }

  @Test("a program that SIGKILL does not move is given up after another 5 s")
  func givenUp() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.promote, 1), at: at(0))
    _ = queue.deadlineReached(at: at(60))
    _ = queue.submit(order(.demote, 2), at: at(60))
    _ = queue.deadlineReached(at: at(65))
    #expect(queue.deadlineReached(at: at(69.9)) == [])
    #expect(Self.words(queue.deadlineReached(at: at(70))) == ["start 2 one"])
    // Its end, should it ever come, is nobody's.
    #expect(queue.programEnded(run(1), .signalled(9), at: at(71)) == [])
    #expect(queue.running?.identifier == run(2))
  }

  // MARK: Overtaken

  @Test("a promote that runs is ended when the role is gone")
  func overtakeRunning() {
    var queue = Self.queue("one", "two")
    _ = queue.submit(order(.promote, 1), at: at(0))
    #expect(
      Self.words(queue.overtakePromote(at: at(1))) == [
        "terminate 1", "ended 1 was ended since the role changed",
        "promote 1 was ended since the role changed",
      ])
    #expect(queue.submit(order(.demote, 2), at: at(1)) == [])
    #expect(Self.words(queue.programEnded(run(1), .signalled(15), at: at(2))) == ["start 2 one"])
  }

  @Test("a promote that is about to be tried again is not")
  func overtakePausing() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.promote, 1), at: at(0))
    _ = queue.programEnded(run(1), .exited(75), at: at(1))
    #expect(
      Self.words(queue.overtakePromote(at: at(1.1))) == [
        "ended 1 was ended since the role changed", "promote 1 was ended since the role changed",
      ])
    #expect(queue.isIdle)
    #expect(queue.nextDeadline == nil)
  }

  @Test("a promote that waits never runs, and what runs is left alone")
  func overtakeWaiting() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.demote, 1), at: at(0))
    _ = queue.submit(order(.promote, 2), at: at(1))
    #expect(
      Self.words(queue.overtakePromote(at: at(2))) == ["promote 2 was ended since the role changed"]
    )
    #expect(queue.running?.order.event == .demote)
    #expect(
      Self.words(queue.programEnded(run(1), .exited(0), at: at(3))) == [
        "ended 1 done", "demote 1 done",
      ])
  }

  @Test(
    "nothing but a promote is overtaken", arguments: HookEvent.allCases.filter { $0 != .promote })
  func overtakesOnlyPromote(event: HookEvent) {
    var queue = Self.queue("one")
    _ = queue.submit(order(event), at: at(0))
    #expect(queue.overtakePromote(at: at(1)) == [])
    #expect(queue.running?.order.event == event)
  }

  // MARK: Waiting

  @Test("of the notices that wait only the newest runs, behind the gates before it")
  func noticesCoalesce() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.active, 1), at: at(0))
    _ = queue.submit(order(.fault, 2), at: at(1))
    _ = queue.submit(order(.demote, 3), at: at(2))
    _ = queue.submit(order(.standby, 4), at: at(3))
    #expect(Self.events(Self.drain(&queue, from: 1)) == [.active, .demote, .standby])
  }

  @Test("a notice that runs is not ended by a newer one")
  func noticeRunsOn() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.standby, 1), at: at(0))
    #expect(queue.submit(order(.fault, 2), at: at(1)) == [])
    #expect(queue.running?.order.event == .standby)
  }

  @Test("a notice that waits is void once the node is elected")
  func promoteVoidsNotices() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.demote, 1), at: at(0))
    _ = queue.submit(order(.standby, 2), at: at(1))
    _ = queue.submit(order(.promote, 3), at: at(2))
    #expect(Self.events(Self.drain(&queue, from: 1)) == [.demote, .promote])
  }

  @Test("gates are never dropped: at most 32 orders wait, and one gate too many fails")
  func bound() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.demote, 1), at: at(0))
    for number in 2...33 { #expect(queue.submit(order(.undo, UInt64(number)), at: at(1)) == []) }
    #expect(
      Self.words(queue.submit(order(.promote, 34), at: at(2))) == [
        "promote 34 did not run: too many hooks wait already"
      ])
    #expect(queue.submit(order(.standby, 35), at: at(3)) == [])
    let runs = Self.drain(&queue, from: 1)
    #expect(runs.map(\.order.number) == Array(1...33))
    #expect(queue.isIdle)
  }

  @Test("a notice makes room for a gate")
  func noticeMakesRoom() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.demote, 1), at: at(0))
    for number in 2...32 { _ = queue.submit(order(.undo, UInt64(number)), at: at(1)) }
    _ = queue.submit(order(.standby, 33), at: at(2))
    #expect(queue.submit(order(.demote, 34), at: at(2)) == [])
    #expect(Self.drain(&queue, from: 1).map(\.order.number) == Array(1...32) + [34])
  }

  @Test("other programs apply to the orders that have not begun")
  func replaceHooks() {
    var queue = Self.queue("one", "two")
    _ = queue.submit(order(.promote, 1), at: at(0))
    _ = queue.submit(order(.demote, 2), at: at(0))
    queue.replaceHooks([HookSettings(command: ["new"])])
    #expect(
      Self.words(queue.programEnded(run(1), .exited(0), at: at(1))) == [
        "ended 1 done", "start 2 two",
      ])
    #expect(
      Self.words(queue.programEnded(run(2), .exited(0), at: at(2))) == [
        "ended 2 done", "promote 1 done", "start 3 new",
      ])
  }

  @Test("a demote that had to succeed and fails is followed by fence, before anything that waits")
  func fence() {
    var queue = Self.queue("one")
    _ = queue.submit(order(.demote, 1), at: at(0))
    _ = queue.submit(order(.standby, 2), at: at(0))
    #expect(
      Self.words(queue.programEnded(run(1), .exited(1), at: at(1))) == [
        "ended 1 exited with status 1", "demote 1 exited with status 1", "start 2 one",
      ])
    #expect(queue.running?.order.event == .fence)
    _ = queue.programEnded(run(2), .exited(0), at: at(2))
    #expect(queue.running?.order.event == .standby)
  }

  @Test("a demote of a planned failover that fails is undone, not fenced")
  func noFence() {
    var queue = Self.queue("one")
    var demote = order(.demote, 1)
    demote.isPlanned = true
    demote.reason = .manual
    _ = queue.submit(demote, at: at(0))
    _ = queue.programEnded(run(1), .exited(1), at: at(1))
    #expect(queue.isIdle)
    demote.reason = .shutdown
    _ = queue.submit(demote, at: at(2))
    _ = queue.programEnded(run(2), .exited(1), at: at(3))
    #expect(queue.running?.order.event == .fence)
  }

  @Test("a gate that runs, waits or is about to be tried again keeps the queue busy; a notice not")
  func busy() {
    var queue = HookQueue([HookSettings(command: ["one"], events: [.active, .demote])])
    _ = queue.submit(order(.active, 1), at: at(0))
    #expect(!queue.isBusyWithGate)
    _ = queue.submit(order(.demote, 2), at: at(0))
    #expect(queue.isBusyWithGate)
    _ = queue.programEnded(run(1), .exited(0), at: at(1))
    #expect(queue.isBusyWithGate)
    _ = queue.programEnded(run(2), .exited(75), at: at(2))
    #expect(queue.isBusyWithGate)
    _ = queue.deadlineReached(at: at(2.5))
    _ = queue.deadlineReached(at: at(61))
    #expect(!queue.isBusyWithGate)
    #expect(!queue.isIdle)
  }

  // MARK: Making them

  static func queue(_ programs: String...) -> HookQueue {
    HookQueue(programs.map { HookSettings(command: [$0]) })
  }

  static func words(_ effects: [HookQueue.Effect]) -> [String] {
    effects.map {
      switch $0 {
      case .start(let run): "start \(run.identifier.number) \(run.hook.command[0])"
      case .terminate(let run): "terminate \(run.number)"
      case .kill(let run): "kill \(run.number)"
      case .ended(let run, let result): "ended \(run.identifier.number) \(result)"
      case .completed(let order, let result): "\(order.event.rawValue) \(order.number) \(result)"
      }
    }
  }

  /// Lets every program pass, from the run of that number on; returns what ran.
  static func drain(_ queue: inout HookQueue, from first: UInt64) -> [HookRun] {
    var runs: [HookRun] = []
    while let running = queue.running, runs.count < 100 {
      runs.append(running)
      _ = queue.programEnded(running.identifier, .exited(0), at: at(10))
    }
    return runs
  }

  static func events(_ runs: [HookRun]) -> [HookEvent] { runs.map(\.order.event) }
}
