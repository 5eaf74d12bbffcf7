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
}
