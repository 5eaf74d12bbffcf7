import Lab

/// How long it takes until the last of 1,000 clients knows that its connection is gone.
func measureClients(rounds: Int, report: inout Report) throws {
  report.section(
    "1,000 clients",
    """
    The address moves under 1,000 connections that are idle, or that send a request each 100 ms and \
    wait for no answer. Measured is when the last client has noticed the end of its connection, and \
    when the last one has had a whole request answered again; a client connects again at once. The \
    zero of time is the order for a planned failover, and the first answer of the new Active Router to \
    a datagram (one each 100 us) for a crash, in which the node leaves the network and its program \
    dies. After \(Int(limit / .seconds(1))) s without news nobody waits any more. keepalived does \
    nothing about connections: its idle clients are measured once.
    """)
  for centiseconds in [10, 100] {
    var rows: [[String]] = []
    for kind in [ClientPool.Kind.idle, .writing] {
      var planned: [Lever: Knowing] = [:]
      var crashed: [Program: Knowing] = [:]
      for round in 0..<min(rounds, 3) {
        for lever in [Lever.command] + Lever.keepalived {
          if kind == .idle && lever != .command && round > 0 { continue }
          try planned[lever, default: Knowing()].measure(lever, of: .of(lever), kind, centiseconds)
        }
        for program in Program.allCases {
          if kind == .idle && program == .keepalived && round > 0 { continue }
          try crashed[program, default: Knowing()].measure(.crash, of: program, kind, centiseconds)
        }
      }
      for lever in [Lever.command] + Lever.keepalived {
        rows.append(["\(kind), planned: \(lever.name)"] + (planned[lever] ?? Knowing()).cells)
      }
      for program in Program.allCases {
        rows.append(["\(kind), crash: \(program.name)"] + (crashed[program] ?? Knowing()).cells)
      }
    }
    report.table(
      ["ms, interval \(centiseconds * 10) ms", "the last one knows", "the last one is answered"],
      rows)
  }
}

private let limit = Duration.seconds(20)
private let clientCount = 1000

extension Program {
  fileprivate static func of(_ lever: Lever) -> Program {
    lever == .command ? .godwit : .keepalived
  }
}

/// What the rounds of one row found.
private struct Knowing {
  private var known = Samples()
  private var answered = Samples()
  /// The fewest clients that knew in the end, in a round in which not all did.
  private var fewest: Int?

  var cells: [String] {
    if let fewest {
      let text = "not within \(Int(limit / .seconds(1))) s (\(fewest) of \(clientCount))"
      return [text, "-"]
    }
    return [known.text, answered.text]
  }

  mutating func measure(
    _ lever: Lever, of program: Program, _ kind: ClientPool.Kind, _ centiseconds: Int
  ) throws {
    let stage = try Stage(program, centiseconds: centiseconds, preempts: lever == .file)
    let pool = try stage.clients(kind, clientCount)
    let probe = try stage.probe()
    try pause(Stage.quiet)
    let order = Moment.now
    try stage.pull(lever, on: "a")
    try stage.lab.eventually("b answers", within: .seconds(20)) {
      probe.lastAnswer?.responder == "b"
    }
    probe.stop()
    let all = try pool.waitUntilAllKnow(since: order, within: limit)
    guard all else {
      fewest = min(fewest ?? clientCount, try pool.report().knowing(since: order))
      return
    }
    try pool.waitUntilAllAreUp(within: limit)
    let first = probe.report().results.first { $0.responder == "b" }?.received
    guard let first else { throw LabError("no answer of b in the record of the probes") }
    let start = lever == .crash ? first : order
    let report = try pool.report()
    if let last = report.noticing(since: order).last { known.add(order + last - start) }
    if let last = report.answering(since: order).last { answered.add(order + last - start) }
  }
}
