import Lab

/// What a client sees that asks the address once each millisecond.
func measureOutage(rounds: Int, report: inout Report) throws {
  let lab = try Lab.make(nodes: ["a", "b", "client"])
  defer { lab.remove() }
  let echoes = try ["a", "b"].map { try lab.echo(on: $0, [OutageRun.address]) }
  defer { for echo in echoes { echo.stop() } }
  report.section(
    "Outage",
    """
    A client sends a datagram to the address each millisecond; the outage is the time from the last \
    answer of the old Active Router to the first answer of the new one (kernel timestamps), 0 when no \
    datagram was lost. The role always goes from priority 150 to priority 100, without hooks and, \
    but for keepalived's tracked file, without preemption; at least 1.2 s of quiet before \
    each event. godwitd has no key here, so that both go by VRRP alone: what a command does where the \
    nodes talk to each other is the next section.
    """)
  for centiseconds in [10, 100] {
    var samples: [Outage: [Program: Samples]] = [:]
    for _ in 0..<rounds {
      for program in Program.allCases {
        let run = OutageRun(lab, program, centiseconds)
        for (outage, value) in try run.measure() {
          samples[outage, default: [:]][program, default: Samples()].add(value)
        }
      }
    }
    report.comparison(
      "ms, interval \(centiseconds * 10) ms",
      Outage.allCases.map { ($0.rawValue, samples[$0] ?? [:]) })
    // keepalived has no command, so each thing an operator can do instead stands beside ours.
    let command = samples[.command]?[.godwit] ?? Samples()
    let answer = samples[.commandAnswer]?[.godwit] ?? Samples()
    let stop = samples[.stop]?[.keepalived] ?? Samples()
    let stopAnswer = samples[.stopAnswer]?[.keepalived] ?? Samples()
    report.table(
      ["`godwit failover` against SIGTERM to keepalived, ms", "godwitd", "keepalived", "ratio"],
      [
        ["outage", command.text, stop.text, command.ratio(to: stop)],
        ["order to first answer", answer.text, stopAnswer.text, answer.ratio(to: stopAnswer)],
      ])
  }
  report.section(
    "What a command is compared with",
    """
    keepalived has no command that moves the role. In the rows named command it gets a tracked file \
    that takes 100 from its priority, with preemption on: the old router keeps the address until it \
    hears the new one, so that both have it for a moment, and the new one begins only after its timer \
    has run out. The other lever is SIGTERM and a start afterwards, in a table of its own: it \
    releases before it takes, as godwitd does. The time of `godwit failover` includes starting `godwit`.
    """)
}

enum Outage: String, CaseIterable {
  case stop = "SIGTERM to the Active Router: outage"
  case stopAnswer = "SIGTERM to first answer"
  case link = "link of the Active Router down: outage"
  case command = "command: outage"
  case commandAnswer = "command to first answer"
}

/// One round of one program.
private struct OutageRun {
  static let address = "10.77.0.100"
  /// Longer than Linux holds on to a neighbour's hardware address that it has just learned.
  static let quiet = Duration.milliseconds(1200)

  let lab: Lab
  let program: Program
  let setup: Setup

  init(_ lab: Lab, _ program: Program, _ centiseconds: Int) {
    self.lab = lab
    self.program = program
    setup = Setup(
      routers: [RouterSetup(vrid: 51, addresses: [Self.address])], centiseconds: centiseconds)
  }

  func measure() throws -> [Outage: Duration] {
    var results: [Outage: Duration] = [:]
    let cut = try Pair(program, in: lab, setup)
    try move(cut, to: "b") { try lab.setPort("a", up: false) }.map { results[.link] = $0.outage }
    try lab.setPort("a", up: true)
    try cut.stop()
    // From a, as the command: the skew of who takes over is the same in every row.
    let ended = try Pair(program, in: lab, setup)
    try move(ended, to: "b") { ended.a.terminate() }.map {
      results[.stop] = $0.outage
      results[.stopAnswer] = $0.answer
    }
    try ended.stop()
    try command().map {
      results[.command] = $0.outage
      results[.commandAnswer] = $0.answer
    }
    return results
  }

  private func command() throws -> (outage: Duration, answer: Duration)? {
    guard program == .keepalived else {
      let pair = try Pair(program, in: lab, setup)
      let result = try move(pair, to: "b") { try pair.a.failover() }
      try pair.stop()
      return result
    }
    let file = "\(lab.directory)/moved"
    try "0".write(toFile: file, atomically: false, encoding: .utf8)
    let pair = try Pair(program, in: lab, setup, preempts: true, file: file)
    let result = try move(pair, to: "b") {
      try "-100".write(toFile: file, atomically: false, encoding: .utf8)
    }
    try pair.stop()
    return result
  }

  /// Does something that makes `node` Active, and tells how long no answer came and after how long
  /// the first one of `node` did; nil when the probes tell nothing.
  private func move(
    _ pair: Pair, to node: String, _ act: () throws -> Void
  ) throws -> (outage: Duration, answer: Duration)? {
    let probe = try lab.probe(Self.address, from: "client")
    try lab.eventually("an answer") { probe.lastAnswer != nil }
    try pause(Self.quiet)
    let start = Moment.now
    try act()
    try lab.eventually("\(node) answers", within: .seconds(20)) {
      probe.lastAnswer?.responder == node
    }
    try pause(.milliseconds(100))
    probe.stop()
    let report = probe.report().since(start)
    let first = report.results.first { $0.responder == node }?.received
    guard let first else { throw LabError("no answer of \(node) in the record of the probes") }
    return (report.longestOutage?.duration ?? .zero, first - start)
  }
}
