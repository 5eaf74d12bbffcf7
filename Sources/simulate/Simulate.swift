import ArgumentParser
import Simulation

@main
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Run nodes on a virtual LAN under a virtual clock, and see whether the promises hold."
  )

  @Option(help: "How many seeds to run.")
  var seeds: UInt64 = 1000

  @Option(help: "The first seed.")
  var first: UInt64 = 0

  @Option(name: .customLong("break"), help: "Take an assumption away: \(Self.breaches).")
  var breach: Breach?

  @Option(help: "How many last steps of a failure are shown.")
  var steps = 60

  @Flag(help: "Show the history of the first seed, whether it fails or not.")
  var history = false

  @Flag(help: "Go on after a failure, and count.")
  var keepGoing = false

  @Option(help: ArgumentHelp("Play a recording of godwitd --record again.", valueName: "file"))
  var replay: String?

  @Flag(help: "Show every event of a recording.")
  var verbose = false

  static let breaches = Breach.allCases.map(\.rawValue).joined(separator: ", ")

  func run() throws {
    if let replay { return try PlayBack(path: replay, isVerbose: verbose).run() }
    if history {
      let scenario = Scenario(seed: first, breach: breach)
      return print(scenario.summary, Hunt.history(of: scenario, last: steps), separator: "\n")
    }
    var totals = Totals()
    var failed: (scenario: Scenario, violation: World.Violation)?
    let clock = ContinuousClock()
    let began = clock.now
    for seed in first..<first + seeds where failed == nil || keepGoing {
      let scenario = Scenario(seed: seed, breach: breach)
      let world = Hunt.run(scenario)
      totals.add(world.statistics, seed: seed)
      guard let violation = world.violation else { continue }
      totals.failures.append(seed)
      failed = failed ?? (scenario, violation)
      if keepGoing { print("seed \(seed): \(violation.text)") }
    }
    totals.show(in: clock.now - began)
    guard let failed else { return }
    if !keepGoing { show(failed.scenario, failed.violation) }
    throw ExitCode.failure
  }

  private func show(_ scenario: Scenario, _ violation: World.Violation) {
    let failure = Hunt.shrink(scenario, violation)
    print(Hunt.history(of: failure.scenario, last: steps))
    print("seed \(scenario.seed): \(violation.text)")
    print(failure.scenario.summary)
    print(
      "Of \(failure.planned) injections these are enough:",
      failure.scenario.injections.map(\.description).joined(separator: "\n  "), separator: "\n  ")
    let mode = breach.map { " BREAK=\($0.rawValue)" } ?? ""
    print("Again: make simulate SEEDS=1 FIRST=\(scenario.seed)\(mode)")
  }
}

extension Breach: ExpressibleByArgument {}
