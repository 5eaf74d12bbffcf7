import Testing
import VRRP

@testable import Simulation

/// The connections of a holder, on a perfect LAN.
@Suite struct SharingTests {
  @Test("whoever was connected for a few seconds is told, whenever the holder crashes")
  func crashes() {
    for milliseconds in stride(from: Nanoseconds(15_000), to: 25_000, by: 250) {
      let scenario = Scenario.directed(
        hasChannel: true, length: 40 * .second,
        [
          Injection(
            time: milliseconds * .millisecond, node: 0,
            mishap: .crash(afterEffects: 0, downFor: 20 * .second))
        ])
      let world = Hunt.run(scenario)
      #expect(world.violation == nil, "\(world.violation?.text ?? "")")
      #expect(world.statistics.told > 0)
    }
  }

  @Test(
    "a crash between any two effects or parcels of either side leaves nobody untold",
    arguments: [0, 1])
  func everyStep(side: Int) {
    for points in 1...1000 {
      let scenario = Scenario.directed(
        hasChannel: true, length: 30 * .second,
        [
          Injection(
            time: 15 * .second, node: side,
            mishap: .crash(afterEffects: points, downFor: 5 * .second)),
          Injection(time: 15 * .second + 1, node: 0, mishap: .failover),
        ])
      let world = Hunt.run(scenario)
      #expect(world.violation == nil, "after \(points): \(world.violation?.text ?? "")")
      if world.statistics.crashes == 0 { return #expect(points > 20) }
    }
    Issue.record("the life is not over after 1000 effects")
  }

  @Test("a planned failover leaves no client that nobody tells")
  func moves() {
    let scenario = Scenario.directed(
      hasChannel: true, length: 40 * .second,
      [
        Injection(time: 20 * .second, node: 0, mishap: .failover),
        Injection(time: 28 * .second, node: 0, mishap: .failover),
      ])
    let world = Hunt.run(scenario)
    #expect(world.violation == nil, "\(world.violation?.text ?? "")")
    #expect(world.statistics.moved == 2)
  }
}
