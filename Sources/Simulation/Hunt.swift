/// Runs scenarios and makes what fails small.
public enum Hunt {
  /// A seed whose world broke a promise.
  public struct Failure: Sendable {
    /// The scenario with the shortest prefix of its plan that still fails.
    public var scenario: Scenario
    /// How many injections the whole plan has.
    public var planned: Int
    public var violation: World.Violation
  }

  /// Runs one scenario without keeping a history.
  public static func run(_ scenario: Scenario) -> World {
    var world = World(scenario)
    world.run()
    return world
  }

  /// Runs a failed scenario again with ever fewer injections: first the shortest prefix that fails,
  /// then without each injection that the failure does not need.
  public static func shrink(_ scenario: Scenario, _ violation: World.Violation) -> Failure {
    var failure = Failure(
      scenario: scenario, planned: scenario.injections.count, violation: violation)
    // Whatever comes after the failure has no part in it, whoever fails in the quiet.
    var low = 0
    var high = scenario.injections.count
    while low < high {
      let middle = (low + high) / 2
      if tries(Array(scenario.injections.prefix(middle)), &failure) {
        high = middle
      } else {
        low = middle + 1
      }
    }
    var before = Int.max
    while failure.scenario.injections.count < before {
      before = failure.scenario.injections.count
      dropOneByOne(&failure)
    }
    return failure
  }

  private static func dropOneByOne(_ failure: inout Failure) {
    var place = failure.scenario.injections.count - 1
    while place >= 0 {
      var fewer = failure.scenario.injections
      fewer.remove(at: place)
      _ = tries(fewer, &failure)
      place -= 1
    }
  }

  private static func tries(_ injections: [Injection], _ failure: inout Failure) -> Bool {
    var smaller = failure.scenario
    smaller.injections = injections
    guard let violation = run(smaller).violation else { return false }
    failure.scenario = smaller
    failure.violation = violation
    return true
  }

  /// The history of a scenario, its last steps.
  public static func history(of scenario: Scenario, last count: Int) -> String {
    var world = World(scenario, keepsHistory: true)
    world.run()
    return world.historyText(last: count)
  }
}
