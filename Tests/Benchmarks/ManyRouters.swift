import Lab

/// The programs with 1,000 virtual routers.
func measureManyRouters(rounds: Int, report: inout Report) throws {
  let lab = try Lab.make(nodes: ["a", "b"], networks: 4)
  defer { lab.remove() }
  let setup = Setup(
    routers: (0..<4).flatMap { network in
      (1...250).map { vrid in
        RouterSetup(vrid: vrid, interface: "eth\(network)", addresses: ["10.99.\(network).\(vrid)"])
      }
    }, centiseconds: 100)
  var processor: [String: [Program: Samples]] = [:]
  var gap: [Program: Samples] = [:]
  for program in Program.allCases {
    let pair = try Pair(program, in: lab, setup)
    try pause(.seconds(6))
    for _ in 0..<max(1, min(rounds, 3)) {
      let sniffers = try (0..<4).map { try lab.sniffer(on: "a", network: $0) }
      let start = Moment.now
      let before = [pair.a, pair.b].map { Consumption.of($0) }
      try pause(.seconds(10))
      let time = Moment.now - start
      for (daemon, before) in zip([pair.a, pair.b], before) {
        let used = Consumption.of(daemon).processor(since: before, over: time)
        processor[daemon.node, default: [:]][program, default: Samples()].add(used.exact / 10)
      }
      gap[program, default: Samples()].add(try longestGap(sniffers))
    }
    try pair.stop()
  }
  report.section(
    "1,000 virtual routers",
    """
    250 on each of 4 interfaces, one address each, interval 1 s. Processor time is from schedstat over \
    10 s; the gap is the longest time between two advertisements of any one virtual router in these \
    10 s, as they leave the Active Router. Three rounds, one program after the other.
    """)
  report.comparison(
    "",
    [
      ("percent of a processor, Active", processor["a"] ?? [:]),
      ("percent of a processor, Backup", processor["b"] ?? [:]),
      ("longest gap, ms", gap),
    ])
}

private func longestGap(_ sniffers: [Sniffer]) throws -> Duration {
  var longest = Duration.zero
  for sniffer in sniffers {
    var last: [Int: Moment] = [:]
    for frame in sniffer.frames where frame.isOutgoing {
      guard let vrrp = frame.vrrp else { continue }
      if let before = last[vrrp.identifier] { longest = max(longest, frame.time - before) }
      last[vrrp.identifier] = frame.time
    }
    guard last.count == 250 else {
      throw LabError("advertisements of \(last.count) virtual routers instead of 250")
    }
  }
  return longest
}
