import Lab

/// How long a decision takes to be on the wire.
func measureTakeover(rounds: Int, report: inout Report) throws {
  let lab = try Lab.make(nodes: ["a", "b", "client"])
  defer { lab.remove() }
  let each = max(1, (50 + rounds - 1) / rounds)
  report.section(
    "Takeover",
    """
    The switch drops the Active Router's advertisements. The zero of time is the kernel's receive \
    timestamp of the last one at the Backup, plus its Active_Down_Interval (3 + 156/256 intervals); \
    measured is when its first advertisement and its first gratuitous ARP leave its interface \
    (kernel timestamps). \(rounds * each) takeovers each; in brackets the least and the greatest.
    """)
  for centiseconds in [1, 10] {
    var advertisement: [Program: Samples] = [:]
    var announcement: [Program: Samples] = [:]
    for _ in 0..<rounds {
      for program in Program.allCases {
        let setup = Setup(
          routers: [RouterSetup(vrid: 51, addresses: ["10.77.0.100"])], centiseconds: centiseconds)
        let pair = try Pair(program, in: lab, setup)
        for _ in 0..<each {
          let late = try takeover(pair, centiseconds)
          advertisement[program, default: Samples()].add(late.advertisement)
          announcement[program, default: Samples()].add(late.announcement)
        }
        try pair.stop()
      }
    }
    report.comparison(
      "ms, interval \(centiseconds * 10) ms",
      [("first advertisement", advertisement), ("first gratuitous ARP", announcement)])
    report.table(
      ["first gratuitous ARP, ms", "50 %", "90 %", "99 %"],
      Program.allCases.map { program in
        let samples = announcement[program] ?? Samples()
        return [program.name] + [0.5, 0.9, 0.99].map { number(samples.quantile($0)) }
      })
  }
}

private func takeover(
  _ pair: Pair, _ centiseconds: Int
) throws -> (advertisement: Duration, announcement: Duration) {
  let lab = pair.lab
  let sniffer = try lab.sniffer(on: "b")
  _ = try sniffer.wait(for: "an advertisement of a") { $0.vrrp != nil && !$0.isOutgoing }
  try lab.cut("a", .vrrp)
  let first = try sniffer.wait(for: "an advertisement of b") { $0.vrrp != nil && $0.isOutgoing }
  let announced = try sniffer.wait(for: "a gratuitous ARP of b") {
    $0.isOutgoing && $0.arp.map { $0.sender == $0.target } == true
  }
  let heard = sniffer.frames.last { $0.vrrp != nil && !$0.isOutgoing && $0.time < first.time }
  guard let heard else { throw LabError("b took over without having heard a") }
  try lab.heal("a")
  try pair.awaitHolder("a")
  // Active_Down_Interval of priority 100: 3 intervals and (256 - 100) / 256 of one.
  let deadline =
    heard.time + .milliseconds(centiseconds * 30)
    + .nanoseconds(centiseconds * 10_000_000 * 156 / 256)
  return (first.time - deadline, announced.time - deadline)
}
