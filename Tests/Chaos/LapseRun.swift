import Foundation
import Lab

/// Kills and stops the daemon that holds, again and again, and measures what the other nodes and the
/// clients see of it.
final class LapseRun {
  private enum Blow: String, CaseIterable {
    case kill, stop
  }

  /// What was seen of one blow and one address.
  private struct Lapse {
    /// Claims of the old holder after the first one of its successor, the tolerance excepted.
    var stale = 0
    /// From the last advertisement of the old holder on the wire to its last claim.
    var answeredFor: Duration
    /// From the old holder's last claim to the first one of its successor.
    var silence: Duration
  }

  private let stage: ChaosStage
  private let options: ChaosOptions
  private var random: SplitMix64
  private var lapses: [Blow: [Lapse]] = [:]
  private var blows: [(from: Moment, to: Moment, Blow)] = []

  init(_ stage: ChaosStage, _ options: ChaosOptions) {
    self.stage = stage
    self.options = options
    random = SplitMix64(state: options.seed)
  }

  /// Whether every promise was kept.
  func run() throws -> Bool {
    tell(
      "seed \(options.seed), interval \(options.interval), lease \(options.lease),"
        + " kills \(options.kills), stops \(options.stops)")
    try stage.start()
    for _ in 0..<options.kills { try strike(.kill) }
    for _ in 0..<options.stops { try strike(.stop) }
    stage.watch.stop()
    stage.probe.stop()
    let isKept = Blow.allCases.reduce(true) { report($1) && $0 }
    if stage.watch.lost > 0 { tell("BROKEN: \(stage.watch.lost) frames were not seen") }
    return isKept && stage.watch.lost == 0
  }

  private func strike(_ blow: Blow) throws {
    try stage.lab.eventually("one node holds both addresses", within: .seconds(30)) {
      stage.isCalm && stage.holder != nil
    }
    // Anywhere between two advertisements.
    stage.rest(options.interval * Int.random(in: 100...200, using: &random) / 100)
    guard let old = stage.holder else { throw LabError("nobody holds") }
    let first = stage.watch.count
    let before = stage.watch.sightings(from: max(0, first - 6000 - 60 * options.centiseconds))
    let begin = Moment.now
    old.process?.signal(blow == .kill ? SIGKILL : SIGSTOP)
    try waitForSuccessors(of: old.node, since: begin)
    // The old one stays away for a while longer, at times past the end of its addresses.
    stage.rest(options.interval * Int.random(in: 1...20, using: &random) / 2)
    if blow == .kill { try old.start() } else { old.process?.signal(SIGCONT) }
    try old.wait(for: "backup")
    stage.rest(options.interval)
    let seen = before + stage.watch.sightings(from: first)
    blows.append((begin, .now, blow))
    for isIPv6 in [false, true] {
      try note(blow, old.node, seen.filter { $0.isIPv6 == isIPv6 }, since: begin)
    }
  }

  private func waitForSuccessors(of old: String, since: Moment) throws {
    try stage.lab.eventually("another node than \(old) has both", within: .seconds(60)) {
      [false, true].allSatisfy { isIPv6 in
        stage.watch.last { seen in
          seen.isIPv6 == isIPv6 && seen.isClaim && seen.node != old && seen.time > since
        } != nil
      }
    }
  }

  private func note(
    _ blow: Blow, _ old: String, _ seen: [Sighting], since begin: Moment
  ) throws {
    let claims = seen.filter(\.isClaim)
    let taken = claims.first { $0.node != old && $0.time > begin }
    guard let taken,
      let last = claims.last(where: { $0.node == old && $0.time < taken.time }),
      let beat = seen.last(where: {
        $0.node == old && $0.kind != .advertisement(priority: 0) && !$0.isClaim
          && $0.time < taken.time
      })
    else { throw LabError("\(blow) of \(old): who had the address was not seen") }
    let late = claims.filter {
      $0.node == old && $0.time > taken.time + HolderJudge(longestPause: .zero).tolerance
    }
    if let stray = late.last {
      stage.say(
        "BROKEN: \(blow.rawValue) of \(old): \(late.count) claims after \(taken.node)'s first,"
          + " until \((stray.time - taken.time).inMilliseconds) ms after it")
    }
    lapses[blow, default: []].append(
      Lapse(
        stale: late.count, answeredFor: last.time - beat.time, silence: taken.time - last.time))
  }

  // MARK: Report

  private func report(_ blow: Blow) -> Bool {
    guard let lapses = lapses[blow] else { return true }
    var answered = Samples()
    var silences = Samples()
    for lapse in lapses {
      answered.add(lapse.answeredFor)
      silences.add(lapse.silence)
    }
    let stale = lapses.reduce(0) { $0 + $1.stale }
    let overrun = lapses.filter { $0.answeredFor > options.lease + .milliseconds(1) }.count
    tell(
      "\(blow.rawValue): \(lapses.count / 2) times, two addresses, in ms: median (least, greatest)")
    tell("  claims of the old holder after its successor's first: \(stale)")
    tell(
      "  old holder's last claim after its last advertisement: \(answered.text),"
        + " longer than the lease: \(overrun)")
    tell("  nobody answers: \(silences.text)")
    tell("  a client gets no answer: \(clientOutages(blow).text)")
    if stale > 0 || overrun > 0 { tell("BROKEN: the lease of \(options.lease) was not kept") }
    return stale == 0 && overrun == 0
  }

  /// The longest outage of each blow, as a client with a neighbour cache sees it.
  private func clientOutages(_ blow: Blow) -> Samples {
    let outages = stage.probe.report().outages
    var samples = Samples()
    for (from, to, kind) in blows where kind == blow {
      let longest = outages.filter { $0.from > from - options.interval && $0.from < to }
        .compactMap(\.duration).max()
      if let longest { samples.add(longest) }
    }
    return samples
  }
}
