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

  /// The role goes from node 0 to node 1 at the word of `asked`, back by a stop of node 1, and once more
  /// by a start in maintenance; the mishap is armed right before the first of them.
  static func handover(asked: Int, _ mishap: Mishap, on side: Int, hookCount: Int) -> Scenario {
    let steps: [(Nanoseconds, Int, Mishap)] = [
      (12_000, side, mishap),
      (12_000, asked, .failover),
      (22_000, 1, .shutdown(downFor: 3 * .second)),
      (32_000, 0, .maintenance(isOn: true)),
      (34_000, 0, .shutdown(downFor: 2 * .second)),
      (44_000, 1, .maintenance(isOn: false)),
    ]
    var scenario = Scenario.directed(
      hookCount: hookCount, hasChannel: true, length: 150 * .second,
      steps.map { Injection(time: $0 * .millisecond + 1, node: $1, mishap: $2) })
    scenario.hasMaintenance = true
    return scenario
  }

  /// How many effects a side has from the first handover to the end of everything.
  private func enumerate(
    asked: Int, side: Int, hookCount: Int, _ mishap: (Int) -> Mishap,
    happened: (World.Statistics) -> Int
  ) -> Int {
    var points = 0
    while points < 1000 {
      let scenario = Self.handover(asked: asked, mishap(points + 1), on: side, hookCount: hookCount)
      let world = Hunt.run(scenario)
      if let violation = world.violation {
        Issue.record(
          "after \(points + 1) effects: \(violation.text)\n\(Hunt.history(of: scenario, last: 80))")
        return points
      }
      if happened(world.statistics) == 0 { break }
      points += 1
    }
    return points
  }

  static let sides: [(Int, Int)] = [(0, 0), (0, 1), (1, 0), (1, 1)]

  @Test(
    "a crash of either side between any two steps of a handover leaves one holder",
    arguments: sides, [0, 1])
  func handoverCrashes(who: (Int, Int), hookCount: Int) {
    let points = enumerate(
      asked: who.0, side: who.1, hookCount: hookCount,
      { .crash(afterEffects: $0, downFor: 700 * .millisecond) }, happened: { $0.crashes })
    #expect((60..<1000).contains(points))
  }

  @Test(
    "a pause of either side between any two steps of a handover leaves one holder",
    arguments: sides, [Nanoseconds(300), 2600, 9000])
  func handoverPauses(who: (Int, Int), milliseconds: Nanoseconds) {
    let points = enumerate(
      asked: who.0, side: who.1, hookCount: 1,
      { .stall(afterEffects: $0, lasting: milliseconds * .millisecond) }, happened: { $0.stalls })
    #expect((60..<1000).contains(points))
  }

  @Test("nothing goes wrong: the role moves, comes back by the stop, and survives the restart")
  func handoverLife() {
    let scenario = Self.handover(asked: 1, .announce, on: 0, hookCount: 1)
    let statistics = Hunt.run(scenario).statistics
    #expect(statistics.moved == 1)
    #expect(statistics.resumed == 1)
    // The first claim, the two moves, and the restart.
    #expect(statistics.claims == 4)
  }
}
