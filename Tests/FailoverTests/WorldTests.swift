import Testing
import VRRP

@testable import Failover

@Suite struct WorldTests {
  static let seeds = 0..<200

  @Test("whatever happens to a few nodes, the promises hold, and in the end one of them serves")
  func promises() {
    var claims = 0
    for seed in Self.seeds {
      var world = World(seed: UInt64(seed), length: .seconds(300))
      world.run()
      claims += world.claims
      if let violation = world.violation {
        Issue.record("seed \(seed): \(violation)\n\(world.history(50))")
        return
      }
    }
    // Else the world was too quiet to tell anything.
    #expect(claims > 1000)
  }
}
