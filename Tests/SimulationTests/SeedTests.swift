import Testing

@testable import Simulation

@Suite struct SeedTests {
  @Test("whatever happens to a few nodes, the promises hold, and in the end one of them answers")
  func promises() {
    var sum = World.Statistics()
    for seed in 0..<UInt64(100) {
      let scenario = Scenario(seed: seed)
      let world = Hunt.run(scenario)
      sum.claims += world.statistics.claims
      sum.crashes += world.statistics.crashes
      sum.lapses += world.statistics.lapses
      if let violation = world.violation {
        Issue.record(
          "seed \(seed): \(violation.text)\n\(Hunt.history(of: scenario, last: 60))")
        return
      }
    }
    // Else the worlds were too quiet to tell anything.
    #expect(sum.claims > 1000)
    #expect(sum.crashes > 300)
    #expect(sum.lapses > 100)
  }

  @Test("the same seed gives the same history")
  func isRepeatable() {
    let scenario = Scenario(seed: 7)
    let histories = (0..<2).map { _ in Hunt.history(of: scenario, last: 10_000) }
    #expect(histories[0] == histories[1])
    #expect(histories[0].count > 10_000)
  }

  /// Each with a seed from which on it is soon seen.
  static let breaches: [(Breach, UInt64)] = Breach.allCases.map {
    ($0, $0 == .lateTimeout ? 800 : 0)
  }

  @Test("an assumption that is taken away shows: the checker can fail", arguments: breaches)
  func breach(_ breach: Breach, from first: UInt64) {
    let found = (first..<first + 200).contains { seed in
      Hunt.run(Scenario(seed: seed, breach: breach)).violation != nil
    }
    #expect(found)
  }

  @Test("what is shown of a failure still fails, with fewer injections")
  func shrinks() throws {
    let scenario = Scenario(seed: 3, breach: .pauseWithoutLease)
    let violation = try #require(Hunt.run(scenario).violation)
    let failure = Hunt.shrink(scenario, violation)
    #expect(failure.scenario.injections.count < failure.planned / 4)
    #expect(Hunt.run(failure.scenario).violation != nil)
  }
}
