import Foundation
import Lab

/// Random things for a while, then calm; and a judgement.
final class ChaosRun {
  private struct Repair {
    var due: Moment
    var fault: ChaosFault
    var node: GodwitNode
    var end: () throws -> Void
  }

  private let stage: ChaosStage
  private let options: ChaosOptions
  private var random: SplitMix64
  private var repairs: [Repair] = []
  /// Since when, and until when, each side of a cut may have a holder.
  private var cuts: [(from: Moment, to: Moment)] = []
  private var happened: [ChaosFault: Int] = [:]

  init(_ stage: ChaosStage, _ options: ChaosOptions) {
    self.stage = stage
    self.options = options
    random = SplitMix64(state: options.seed)
  }

  /// Whether every promise was kept.
  func run() throws -> Bool {
    tell("seed \(options.seed), \(options.seconds) s, interval \(options.interval)")
    try stage.start()
    let begin = Moment.now
    let end = begin + .seconds(options.seconds)
    var next = begin + options.interval * 3
    while Moment.now < end {
      let due = min(repairs.map(\.due).min() ?? end, next)
      stage.rest(due - Moment.now)
      try repairDue(at: Moment.now)
      if Moment.now >= next {
        try strike()
        // Moves of the role that an operator asks for are not closer than that to each other.
        next = Moment.now + options.interval * Int.random(in: 8...25, using: &random) / 4
      }
      try expectDaemons()
    }
    try repairDue(at: Moment(nanoseconds: .max))
    return try judge()
  }

  private func strike() throws {
    let drawn = ChaosFault.allCases.flatMap { Array(repeating: $0, count: $0.weight) }
    // The draws are made whatever happens, so that a seed is one sequence of them.
    let fault = drawn[Int.random(in: drawn.indices, using: &random)]
    let place = Int.random(in: stage.nodes.indices, using: &random)
    let length = options.interval * Int.random(in: 1...40, using: &random) / 4
    guard let node = fault.isOfHolder ? stage.holder : stage.nodes[place] else { return }
    guard !repairs.contains(where: { $0.node === node || $0.fault == fault }) else { return }
    let down = repairs.filter(\.fault.isHeavy).count
    guard !fault.isHeavy || down < stage.nodes.count - 1 else { return }
    let isHolder = stage.holder === node
    stage.say("\(node.node)\(isHolder ? " (holds)" : ""): \(fault.rawValue)")
    happened[fault, default: 0] += 1
    let begun = Moment.now
    guard let end = try stage.begin(fault, node, for: length) else { return }
    if fault.isCut { cuts.append((begun, Moment(nanoseconds: .max))) }
    repairs.append(Repair(due: Moment.now + length, fault: fault, node: node, end: end))
  }

  private func repairDue(at now: Moment) throws {
    for repair in repairs where repair.due <= now {
      stage.say("\(repair.node.node): end of \(repair.fault.rawValue)")
      try repair.end()
      guard repair.fault.isCut, let last = cuts.indices.last else { continue }
      // Until one has heard the other, and a frame or two later.
      cuts[last].to = Moment.now + options.interval * 3 + .milliseconds(50)
    }
    repairs.removeAll { $0.due <= now }
  }

  /// A daemon that nobody has ended runs.
  private func expectDaemons() throws {
    for node in stage.nodes where !repairs.contains(where: { $0.node === node }) {
      guard node.process?.isRunning ?? false else {
        throw LabError("godwitd on \(node.node) has ended by itself\n\(stage.lab.logs())")
      }
    }
  }

  // MARK: Judgement

  private func judge() throws -> Bool {
    var isClean = true
    do {
      try stage.lab.eventually("one node holds both addresses again", within: .seconds(40)) {
        stage.isCalm
      }
      stage.say("calm: \(stage.holder?.node ?? "nobody") holds both addresses")
    } catch {
      tell("BROKEN: when all is quiet one node holds: \(error)")
      isClean = false
    }
    stage.watch.stop()
    let sightings = stage.watch.sightings()
    if stage.watch.lost > 0 {
      tell("BROKEN: \(stage.watch.lost) frames were not seen, so nothing is proved")
      isClean = false
    }
    let counts = happened.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.key.rawValue) \($0.value)" }
    tell("happened: \(counts.joined(separator: ", "))")
    for isIPv6 in [false, true] {
      let claims = sightings.filter { $0.isClaim && $0.isIPv6 == isIPv6 && $0.node != "thief" }
      if !report(claims, isIPv6 ? ChaosStage.address6 : ChaosStage.address) { isClean = false }
    }
    return isClean
  }

  private func report(_ claims: [Sighting], _ address: String) -> Bool {
    let judge = HolderJudge(longestPause: options.interval * 3 / 4)
    let judged = claims.filter { claim in
      !cuts.contains { $0.from <= claim.time && claim.time <= $0.to }
    }
    let overlaps = judge.overlaps(judged)
    let holds = judge.holds(claims)
    var pauses = Samples()
    for (before, after) in zip(claims, claims.dropFirst())
    where after.time - before.time > options.interval / 2 {
      pauses.add(after.time - before.time)
    }
    tell(
      "\(address): \(claims.count) claims, \(judged.count) of them outside of cuts,"
        + " \(holds.count) holds, \(overlaps.count) with two holders;"
        + " silences in ms: median (least, greatest) \(pauses.text)")
    for overlap in overlaps.prefix(20) {
      tell(
        "BROKEN: \(stage.time(overlap.from)): \(overlap.old) and \(overlap.new) for"
          + " \(overlap.duration.inMilliseconds) ms")
    }
    return overlaps.isEmpty && !claims.isEmpty
  }
}

/// Sebastiano Vigna's SplitMix64: every seed gives one sequence.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
