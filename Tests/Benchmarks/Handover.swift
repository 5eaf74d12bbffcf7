import Lab

/// How long nobody answers in a planned failover, by a probe each 100 us.
func measureHandover(rounds: Int, report: inout Report) throws {
  report.section(
    "Planned failover",
    """
    A client sends a datagram to the address each 100 us. The gap is the longest time between two \
    answers (kernel timestamps); the row named quiet has the longest one while nothing happens. \
    Another question each 500 us, by ARP and by a datagram in frames that reach every node, shows who \
    has the address whatever anybody remembers: the order is the time from the last claim of the old \
    Active Router to the first of the new one, below 0 where both had it. The role goes from priority \
    150 to priority 100 and back. The connections are idle ones of the same client. keepalived has no \
    command; it gets a SIGTERM, and in a column of its own a tracked file that takes 100 from the \
    priority of the Active Router, with preemption. \(min(rounds, 5)) rounds.
    """)
  let levers: [Lever] = [.command] + Lever.keepalived
  for centiseconds in [10, 100] {
    var table = Table()
    for _ in 0..<min(rounds, 5) {
      for connections in [0, 100, 1000] {
        for lever in levers {
          for move in try handovers(lever, centiseconds, connections) {
            table.add(move, lever, connections)
          }
        }
      }
    }
    let header = levers.map(\.name)
    func rows(_ samples: [Row: [Lever: Samples]], _ levers: [Lever]) -> [[String]] {
      Row.all.map { row in [row.name] + levers.map { (samples[row]?[$0] ?? Samples()).text } }
    }
    let interval = "ms, interval \(centiseconds * 10) ms"
    report.table(
      ["gap, \(interval)"] + header,
      [["quiet"] + levers.map { (table.quiet[$0] ?? Samples()).text }] + rows(table.gaps, levers))
    report.table(["order, \(interval)"] + header, rows(table.orders, levers))
    report.table(["until the new one answers, \(interval)"] + header, rows(table.answers, levers))
    report.table(
      ["until `godwit failover` ends, \(interval)", Lever.command.name],
      rows(table.done, [.command]))
  }
}

private struct Row: Hashable {
  var connections: Int
  var from: String

  var name: String {
    "\(connections) connections, \(from == "a" ? "150 to 100" : "100 to 150")"
  }

  static var all: [Row] {
    [0, 100, 1000].flatMap { count in ["a", "b"].map { Row(connections: count, from: $0) } }
  }
}

private struct Table {
  var gaps: [Row: [Lever: Samples]] = [:]
  var orders: [Row: [Lever: Samples]] = [:]
  var answers: [Row: [Lever: Samples]] = [:]
  var done: [Row: [Lever: Samples]] = [:]
  var quiet: [Lever: Samples] = [:]

  mutating func add(_ move: Move, _ lever: Lever, _ connections: Int) {
    let row = Row(connections: connections, from: move.from)
    gaps[row, default: [:]][lever, default: Samples()].add(move.gap)
    orders[row, default: [:]][lever, default: Samples()].add(move.order)
    answers[row, default: [:]][lever, default: Samples()].add(move.answer)
    done[row, default: [:]][lever, default: Samples()].add(move.done)
    quiet[lever, default: Samples()].add(move.quiet)
  }
}

private struct Move {
  var from: String
  var gap: Duration
  var order: Duration
  /// From pulling the lever to the first answer of the new Active Router, and to the lever's end.
  var answer: Duration
  var done: Duration
  /// The longest time between two answers before anything happened.
  var quiet: Duration
}

/// There and back with one lever.
private func handovers(_ lever: Lever, _ centiseconds: Int, _ connections: Int) throws -> [Move] {
  let stage = try Stage(
    lever == .command ? .godwit : .keepalived, centiseconds: centiseconds,
    preempts: lever == .file)
  let clients = connections > 0 ? try stage.clients(.idle, connections) : nil
  var moves = [try move(stage, lever, from: "a", to: "b")]
  if lever == .terminate {
    // What has been stopped starts again before the way back.
    try stage.pair.a.startAgain()
    try pause(.milliseconds(centiseconds * 50))
  }
  // Who is taken for lost connects again, to whoever answers.
  try clients?.waitUntilAllAreUp()
  moves.append(try move(stage, lever, from: "b", to: "a"))
  return moves
}

private func move(_ stage: Stage, _ lever: Lever, from old: String, to new: String) throws -> Move {
  let watch = try stage.watch()
  let probe = try stage.probe()
  try pause(Stage.quiet)
  let start = Moment.now
  let done = try stage.pull(lever, on: old)
  try stage.lab.eventually("\(new) answers", within: .seconds(20)) {
    probe.lastAnswer?.responder == new
  }
  try pause(.milliseconds(200))
  probe.stop()
  watch.stop()
  let results = probe.report().results.filter { $0.received != nil }
  func longest(_ results: [ProbeResult]) -> Duration {
    let times = results.compactMap(\.received).sorted()
    return zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? .zero
  }
  let claims = watch.sightings().filter { $0.isClaim && !$0.isIPv6 }
  guard let last = claims.last(where: { $0.node == old })?.time,
    let first = claims.first(where: { $0.node == new })?.time,
    let answer = results.first(where: { $0.responder == new })?.received
  else { throw LabError("the record does not tell how \(old) gave the address to \(new)") }
  // The last answer before belongs to what happens after it.
  let before = results.last { $0.sent < start }.map { [$0] } ?? []
  return Move(
    from: old, gap: longest(before + results.filter { $0.sent >= start }), order: first - last,
    answer: answer - start, done: done, quiet: longest(results.filter { $0.sent < start }))
}
