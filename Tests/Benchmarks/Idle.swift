import Lab

/// What the programs use while nothing happens.
func measureIdle(rounds: Int, report: inout Report) throws {
  struct Subject: Hashable {
    var centiseconds: Int
    var node: String
  }
  let intervals = [1, 10, 100]
  var labs: [Lab] = []
  defer { for lab in labs { lab.remove() } }
  var daemons: [(subject: Subject, program: Program, daemon: Daemon)] = []
  for centiseconds in intervals {
    for program in Program.allCases {
      let lab = try Lab.make(nodes: ["a", "b"])
      labs.append(lab)
      let setup = Setup(
        routers: [RouterSetup(vrid: 51, addresses: ["10.77.0.100"])], centiseconds: centiseconds)
      let pair = try Pair(program, in: lab, setup)
      daemons += [pair.a, pair.b].map {
        (Subject(centiseconds: centiseconds, node: $0.node), program, $0)
      }
    }
  }
  try pause(.seconds(4))
  var processor: [Subject: [Program: Samples]] = [:]
  var ticks: [Subject: [Program: Samples]] = [:]
  for _ in 0..<rounds {
    let start = Moment.now
    let before = daemons.map { Consumption.of($0.daemon) }
    try pause(.seconds(10))
    let time = Moment.now - start
    for (entry, before) in zip(daemons, before) {
      let used = Consumption.of(entry.daemon).processor(since: before, over: time)
      processor[entry.subject, default: [:]][entry.program, default: Samples()].add(used.exact)
      ticks[entry.subject, default: [:]][entry.program, default: Samples()].add(used.ticks)
    }
  }
  var memory: [(String, [Program: Samples])] = []
  for (name, field) in [
    ("RSS", \Consumption.residentKiB), ("PSS", \.proportionalKiB), ("private", \.privateKiB),
  ] as [(String, KeyPath<Consumption, Int>)] {
    for (node, role) in [("a", "Active"), ("b", "Backup")] {
      var samples: [Program: Samples] = [:]
      for entry in daemons where entry.subject.node == node {
        samples[entry.program, default: Samples()].add(
          Double(Consumption.of(entry.daemon)[keyPath: field]))
      }
      memory.append(("\(name), \(role)", samples))
    }
  }
  let names: [(String, Subject)] = intervals.flatMap { centiseconds in
    [("a", "Active"), ("b", "Backup")].map { node, role in
      ("\(role), \(centiseconds * 10) ms", Subject(centiseconds: centiseconds, node: node))
    }
  }
  report.section(
    "Idle",
    """
    One virtual router with one address. All pairs of all intervals run at the same time, each in a \
    network of its own; a round is 10 s. Processor time is summed over all processes of a program, \
    once from schedstat and once from utime and stime (in steps of 1 ms per second); memory is from \
    smaps_rollup, one sample for each interval.
    """)
  report.comparison("ms per second, schedstat", names.map { ($0.0, processor[$0.1] ?? [:]) })
  report.comparison("ms per second, utime + stime", names.map { ($0.0, ticks[$0.1] ?? [:]) })
  report.comparison("KiB, all processes", memory)
}
