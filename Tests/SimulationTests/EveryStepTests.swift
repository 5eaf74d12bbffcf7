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

  /// Arms the mishap after one effect more each time, until it does not happen any more; how often.
  private func enumerate(
    _ scenario: (Int) -> Scenario, most: Int = 1000, happened: (World.Statistics) -> Int
  ) -> Int {
    for points in 0..<most {
      let world = Hunt.run(scenario(points + 1))
      if let violation = world.violation {
        let history = Hunt.history(of: scenario(points + 1), last: 80)
        Issue.record("after \(points + 1) effects: \(violation.text): \(history)")
        return points
      }
      if happened(world.statistics) == 0 { return points }
    }
    return most
  }

  static let sides: [(Int, Int)] = [(0, 0), (0, 1), (1, 0), (1, 1)]

  @Test(
    "a crash of either side between any two steps of a handover leaves one holder",
    arguments: sides)
  func handoverCrashes(who: (asked: Int, side: Int)) {
    let points = enumerate(
      {
        Self.handover(
          asked: who.asked, .crash(afterEffects: $0, downFor: 700 * .millisecond), on: who.side)
      }, most: 80, happened: { $0.crashes })
    #expect(points > 25)
  }

  @Test(
    "a pause of either side between any two steps of a handover leaves one holder",
    arguments: sides)
  func handoverPauses(who: (asked: Int, side: Int)) {
    let points = enumerate(
      {
        Self.handover(
          asked: who.asked, .stall(afterEffects: $0, lasting: 2600 * .millisecond), on: who.side)
      }, most: 80, happened: { $0.stalls })
    #expect(points > 25)
  }

  @Test(
    "a crash of either side between any two steps of a stop and a restart under maintenance",
    arguments: 0..<2)
  func stopCrashes(side: Int) {
    let points = enumerate(
      { Self.stops(.crash(afterEffects: $0, downFor: 700 * .millisecond), on: side) }, most: 120,
      happened: { $0.crashes })
    #expect(points > 40)
  }

  @Test("nothing goes wrong: the role moves by a word and by a stop, and survives the restart")
  func handoverLife() {
    let moved = Hunt.run(Self.handover(asked: 1, .announce, on: 0)).statistics
    #expect(moved.moved == 1 && moved.claims == 2)
    let stopped = Hunt.run(Self.stops(.announce, on: 0)).statistics
    #expect(stopped.resumed == 1 && stopped.claims == 3)
  }
}
