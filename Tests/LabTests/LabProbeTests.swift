import Lab
import Testing

@Suite("The probe", .requiresLab, .serialized)
struct LabProbeTests {
  static let address = "10.77.0.100"

  @Test(
    "says who answers, and measures an outage of about 300 ms", arguments: [address, "fd77::100"])
  func outage(address: String) throws {
    let lab = try Lab.make(nodes: ["a", "client"])
    let length = address.contains(":") ? "128 nodad" : "32"
    try lab.run(["ip", "addr", "add"] + "\(address)/\(length) dev eth0".words, in: "a")
      .expectSuccess()
    let echo = try lab.echo(on: "a", [address])
    let probe = try lab.probe(address, from: "client")
    try lab.eventually("the probe is answered") { probe.lastAnswer?.responder == "a" }
    try lab.eventually("200 probes are sent") { probe.count >= 200 }
    try lab.cut("a")
    let cut = Moment.now
    try lab.eventually("300 ms have gone by") { Moment.now - cut >= .milliseconds(300) }
    try lab.heal("a")
    let healed = Moment.now
    try lab.eventually("the probe is answered again") { probe.answered(since: healed, by: "a") }
    probe.stop()
    echo.stop()
    let report = probe.report()
    let outage = try #require(report.longestOutage)
    let duration = try #require(outage.duration)
    print("outage of \(address): \(duration.inMilliseconds) ms, \(outage.lost) lost")
    #expect(duration > .milliseconds(250) && duration < .seconds(5))
    #expect(outage.lost > 20)
    #expect(report.responders == ["a"])
    #expect(report.twoHolders() == [])
    #expect(report.answered > 0)
  }

  @Test("sees the address move to another node, once")
  func move() throws {
    let lab = try Lab.make(nodes: ["a", "b", "client"])
    let echoes = try ["a", "b"].map { try lab.echo(on: $0, [Self.address]) }
    let add = ["ip", "addr", "add", "\(Self.address)/32", "dev", "eth0"]
    try lab.run(add, in: "a").expectSuccess()
    let probe = try lab.probe(Self.address, from: "client")
    try lab.eventually("a answers") { probe.lastAnswer?.responder == "a" }
    let delete = ["ip", "addr", "del", "\(Self.address)/32", "dev", "eth0"]
    try lab.run(delete, in: "a").expectSuccess()
    try lab.run(add, in: "b").expectSuccess()
    #expect(try lab.holders(of: Self.address) == ["b"])
    try lab.inject(announcement(2), from: "b")
    try lab.eventually("b answers") { probe.lastAnswer?.responder == "b" }
    probe.stop()
    let report = probe.report()
    #expect(report.responders == ["a", "b"])
    #expect(report.longestOutage?.before == "a")
    #expect(report.longestOutage?.after == "b")
    #expect(report.twoHolders() == [])
    for echo in echoes { echo.stop() }
  }

  @Test("sees two nodes that answer side by side")
  func twoHolders() throws {
    let lab = try Lab.make(nodes: ["a", "b", "client"])
    let echoes = try ["a", "b"].map { try lab.echo(on: $0, [Self.address]) }
    for node in ["a", "b"] {
      try lab.run(["ip", "addr", "add", "\(Self.address)/32", "dev", "eth0"], in: node)
        .expectSuccess()
    }
    let probe = try lab.probe(Self.address, from: "client")
    try lab.eventually("somebody answers") { probe.lastAnswer != nil }
    for (node, number) in [("a", UInt8(1)), ("b", 2), ("a", 1)] {
      try lab.inject(announcement(number), from: node)
      try lab.eventually("\(node) answers", poll: .milliseconds(1)) {
        probe.lastAnswer?.responder == node
      }
    }
    probe.stop()
    #expect(probe.report().responders.suffix(3) == ["a", "b", "a"])
    #expect(!probe.report().twoHolders(window: .seconds(2)).isEmpty)
    for echo in echoes { echo.stop() }
  }

  @Test("at 100 us all is answered, and the longest time between two answers is told")
  func fine() throws {
    let lab = try Lab.make(nodes: ["a", "client"])
    let own = lab.address(of: "a")
    let echo = try lab.echo(on: "a", [own])
    let probe = try lab.probe(own, from: "client", every: .microseconds(100))
    try lab.eventually("20,000 probes are sent", poll: .milliseconds(50)) { probe.count >= 20_000 }
    probe.stop()
    echo.stop()
    let times = probe.report().results.compactMap(\.received)
    let pauses = zip(times, times.dropFirst()).map { $1 - $0 }.sorted()
    print(
      "between answers: 50 % \(pauses[pauses.count / 2].inMilliseconds) ms,",
      "99.9 % \(pauses[pauses.count * 999 / 1000].inMilliseconds) ms,",
      "greatest \(pauses.last?.inMilliseconds ?? 0) ms")
    #expect(times.count > 19_000)
  }
}

/// An ARP request of 10.77.0.100 for itself, from the node of that number.
func announcement(_ number: UInt8) -> [UInt8] {
  var frame = Samples.gratuitousRequest(number: number)
  frame.replaceSubrange(28..<32, with: [10, 77, 0, 100])
  frame.replaceSubrange(38..<42, with: [10, 77, 0, 100])
  return frame
}

extension String {
  var words: [String] { split(separator: " ").map(String.init) }
}

@Suite("The probe's report")
struct ProbeReportTests {
  /// Probes one millisecond apart, a letter each: who answered, `.` nobody, `2` both a and b.
  private func report(_ letters: String) -> ProbeReport {
    ProbeReport(
      letters.enumerated().map { index, letter in
        let sent = Moment(nanoseconds: Int64(index) * 1_000_000)
        let responder = letter == "." ? nil : letter == "2" ? "a" : String(letter)
        let all = letter == "2" ? ["a", "b"] : responder.map { [$0] } ?? []
        return ProbeResult(
          sent: sent, received: responder.map { _ in sent + .microseconds(100) },
          responder: responder, responders: all)
      })
  }

  @Test("measures an outage from the last answer before it to the first one after it")
  func duration() {
    let report = report("..aaa....bbb.b")
    #expect(report.outages.map(\.lost) == [4, 1])
    #expect(report.longestOutage?.duration == .milliseconds(5))
    #expect(report.longestOutage?.before == "a")
    #expect(report.longestOutage?.after == "b")
    #expect(report.responders == ["a", "b"])
    #expect(report.answered == 7)
    #expect(report.lost == 7)
  }

  @Test("says that an outage goes on")
  func open() {
    let report = report("aa..a...")
    #expect(report.longestOutage?.duration == nil)
    #expect(report.longestOutage?.lost == 3)
  }

  @Test("can begin at a moment, with the answer before it")
  func since() {
    let report = report("aa.aaa...bb").since(Moment(nanoseconds: 6_000_000))
    #expect(report.outages.map(\.lost) == [3])
    #expect(report.outages.first?.duration == .milliseconds(4))
    #expect(report.responders == ["a", "b"])
  }

  @Test(
    "finds two holders in a turn between turns and in a doubled answer, not in a failover",
    arguments: [("aaabbb", 0), ("aabaaa", 1), ("aa2aa", 1), ("ababab", 4), ("aa...bb", 0)])
  func holders(letters: String, moments: Int) {
    #expect(report(letters).twoHolders().count == moments)
  }
}
