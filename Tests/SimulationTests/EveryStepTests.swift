import Testing
import VRRP

@testable import Simulation

/// A node crashes or stands still between any two effects of a life with everything in it: a claim
/// with hooks, a failover that finds nobody better, a reload, a removal of its addresses, a stop.
@Suite struct EveryStepTests {
  /// What happens to the node of the best priority, in order.
  static func life(_ mishap: Mishap) -> Scenario {
    let steps: [(Nanoseconds, Mishap)] = [
      (0, mishap),
      (9, .reload(.addresses(1))),
      (10, .addressesRemoved),
      (11, .failover),
      (25, .reload(.addresses(3))),
      (30, .shutdown(downFor: 2 * .second)),
    ]
    return .directed(
      hookCount: 1, preemption: .always, length: 60 * .second,
      steps.map { Injection(time: $0 * .second + 1, node: 0, mishap: $1) })
  }

  static let lengths: [Nanoseconds] = [300, 1400, 2450, 2600, 3300, 20_000]

  @Test("a crash between any two effects leaves one holder")
  func crashes() {
    var points = 0
    while points < 1000 {
      let scenario = Self.life(.crash(afterEffects: points + 1, downFor: 300 * .millisecond))
      let world = Hunt.run(scenario)
      #expect(world.violation == nil, "after \(points + 1) effects")
      // The life was over before.
      if world.statistics.crashes == 0 { break }
      points += 1
    }
    #expect((150..<1000).contains(points))
  }

  @Test("a pause between any two effects leaves one holder", arguments: lengths)
  func pauses(milliseconds: Nanoseconds) {
    var points = 0
    while points < 1000 {
      let stall = Mishap.stall(afterEffects: points + 1, lasting: milliseconds * .millisecond)
      let world = Hunt.run(Self.life(stall))
      #expect(world.violation == nil, "after \(points + 1) effects")
      if world.statistics.stalls == 0 { break }
      points += 1
    }
    #expect((150..<1000).contains(points))
  }

  // MARK: Handovers

  /// The role goes from node 0 to node 1 at the word of `asked`; the mishap is armed right before it.
  static func handover(asked: Int, _ mishap: Mishap, on side: Int) -> Scenario {
    .directed(
      hookCount: 1, hasChannel: true, length: 30 * .second,
      [
        Injection(time: 12 * .second, node: side, mishap: mishap),
        Injection(time: 12 * .second + 1, node: asked, mishap: .failover),
      ])
  }

  /// A stop of node 0 that hands over, and a restart of node 1 under maintenance.
  static func stops(_ mishap: Mishap, on side: Int) -> Scenario {
    let steps: [(Nanoseconds, Int, Mishap)] = [
      (12_000, side, mishap),
      (12_000, 0, .shutdown(downFor: 3 * .second)),
      (20_000, 0, .maintenance(isOn: true)),
      (22_000, 1, .shutdown(downFor: 2 * .second)),
      (29_000, 0, .maintenance(isOn: false)),
    ]
    var scenario = Scenario.directed(
      hookCount: 1, hasChannel: true, length: 60 * .second,
      steps.map { Injection(time: $0 * .millisecond + 1, node: $1, mishap: $2) })
    scenario.hasMaintenance = true
    return scenario
  }

  /// Arms the mishap after one effect more each time, until the life is over before it happens; the
  /// steps of planned failovers at which it did.
  private func enumerate(
    _ scenario: (Int) -> Scenario, happened: (World.Statistics) -> Int
  ) -> Set<String> {
    var steps: Set<String> = []
    for points in 1...1000 {
      let world = Hunt.run(scenario(points))
      if let violation = world.violation {
        let history = Hunt.history(of: scenario(points), last: 80)
        Issue.record("after \(points) effects: \(violation.text): \(history)")
        return steps
      }
      if happened(world.statistics) == 0 { return steps }
      steps.formUnion(world.statistics.steps)
    }
    Issue.record("the life is not over after 1000 effects")
    return steps
  }

  /// All that a node says of a planned failover that goes well.
  static let said: [Set<String>] = [
    ["preparing", "demoting", "handing", "released", "moved"],
    ["checking", "ready", "informed", "taking", "held"],
  ]

  static let sides: [(Int, Int)] = [(0, 0), (0, 1), (1, 0), (1, 1)]

  @Test(
    "a crash of either side between any two steps of a handover leaves one holder",
    arguments: sides)
  func handoverCrashes(who: (asked: Int, side: Int)) {
    let steps = enumerate(
      {
        Self.handover(
          asked: who.asked, .crash(afterEffects: $0, downFor: 700 * .millisecond), on: who.side)
      }, happened: { $0.crashes })
    #expect(steps.isSuperset(of: Self.said[who.side]), "\(steps)")
  }

  @Test(
    "a pause of either side between any two steps of a handover leaves one holder",
    arguments: sides)
  func handoverPauses(who: (asked: Int, side: Int)) {
    let steps = enumerate(
      {
        Self.handover(
          asked: who.asked, .stall(afterEffects: $0, lasting: 2600 * .millisecond), on: who.side)
      }, happened: { $0.stalls })
    #expect(steps.isSuperset(of: Self.said[who.side]), "\(steps)")
  }

  @Test(
    "a crash of either side between any two steps of a stop and a restart under maintenance",
    arguments: 0..<2)
  func stopCrashes(side: Int) {
    let steps = enumerate(
      { Self.stops(.crash(afterEffects: $0, downFor: 700 * .millisecond), on: side) },
      happened: { $0.crashes })
    #expect(steps.isSuperset(of: Self.said[side].subtracting(["moved"])), "\(steps)")
  }

  @Test("nothing goes wrong: the role moves by a word and by a stop, and survives the restart")
  func handoverLife() {
    let moved = Hunt.run(Self.handover(asked: 1, .announce, on: 0)).statistics
    #expect(moved.moved == 1 && moved.claims == 2)
    let stopped = Hunt.run(Self.stops(.announce, on: 0)).statistics
    #expect(stopped.resumed == 1 && stopped.claims == 3)
  }
}
