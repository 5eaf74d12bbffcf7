import Simulation

/// What all the runs came to.
struct Totals {
  var runs = 0
  var failures: [UInt64] = []
  private var time: Nanoseconds = 0
  private var nodeTime: Nanoseconds = 0
  private var sum = World.Statistics()

  private var slowest: UInt64 = 0

  mutating func add(_ run: World.Statistics, seed: UInt64) {
    runs += 1
    time += run.time
    nodeTime += run.nodeTime
    sum.claims += run.claims
    sum.effects += run.effects
    sum.crashes += run.crashes
    sum.stalls += run.stalls
    sum.lapses += run.lapses
    sum.dividedOverlaps += run.dividedOverlaps
    sum.racedOverlaps += run.racedOverlaps
    if run.settling > sum.settling { slowest = seed }
    sum.settling = max(sum.settling, run.settling)
  }

  func show(in duration: Duration) {
    let seconds =
      Double(duration.components.seconds)
      + Double(duration.components.attoseconds) / 1e18
    let simulated = time / 1_000_000_000
    let nodeSeconds = nodeTime / 1_000_000_000
    print(
      """
      \(runs) seeds, \(failures.count) of them broke a promise
      \(simulated) s simulated, \(nodeSeconds) node-seconds, in \(Self.text(seconds)) s: \
      \(Int(Double(simulated) / seconds)) s/s, \(Int(Double(nodeSeconds) / seconds)) node-seconds/s
      \(sum.claims) claims, \(sum.effects) effects, \(sum.crashes) crashes, \(sum.stalls) pauses, \
      \(sum.lapses) lapses
      two answered at once while divided \(sum.dividedOverlaps) times, after a race of claims \
      \(sum.racedOverlaps) times
      the slowest settled \(sum.settling / 1_000_000_000) s after the end of the trouble (seed \(slowest))
      """)
  }

  private static func text(_ seconds: Double) -> String { "\((seconds * 100).rounded() / 100)" }
}
