import Lab
import Testing

@Suite("Who had the address")
struct HolderJudgeTests {
  private let judge = HolderJudge(longestPause: .milliseconds(75))

  /// Claims one millisecond apart, a letter each: who, `.` nobody, `2` a and b at the same moment.
  private func claims(_ letters: String) -> [Sighting] {
    letters.enumerated().flatMap { index, letter in
      (letter == "." ? [] : letter == "2" ? ["a", "b"] : [String(letter)]).map { node in
        Sighting(
          time: Moment(nanoseconds: Int64(index) * 1_000_000), node: node, isIPv6: false,
          kind: .answer)
      }
    }
  }

  private static let pause = String(repeating: ".", count: 80)

  static let histories: [(String, Int)] = [
    // One holder, a takeover, and there and back again.
    ("aaaaaaaa", 0),
    ("aaaa....bbbb", 0),
    ("aaaa\(pause)bbbb\(pause)aaaa", 0),
    // Frames that pass each other on their way.
    ("aaaab2bbbb", 0),
    ("aaaabaabbb", 1),
    // A single answer in the middle of the other's.
    ("bbbbbabbbb", 1),
    ("bbbbb2bbbb", 1),
    ("aaaa\(pause)bbbb\(pause)bbabb", 1),
    // Side by side.
    ("abababababab", 1),
    ("2222222222", 1),
    ("aaaa....bbbb....aaaa", 1),
  ]

  @Test(
    "two nodes have it at once when one claims between two claims of the other",
    arguments: histories)
  func overlaps(letters: String, count: Int) {
    #expect(judge.overlaps(claims(letters)).count == count)
  }

  @Test("an overlap goes from the first claim of the second to the last while both had it")
  func times() {
    let overlap = judge.overlaps(claims("aaaabababa....bb")).first
    #expect(overlap?.old == "a")
    #expect(overlap?.new == "b")
    #expect(overlap?.from == Moment(nanoseconds: 4_000_000))
    #expect(overlap?.to == Moment(nanoseconds: 9_000_000))
  }

  @Test("an advertisement is no claim")
  func advertisements() {
    var seen = claims("bbbbbabbbb")
    seen[5].kind = .advertisement(priority: 100)
    #expect(judge.overlaps(seen) == [])
  }
}

@Suite("The watch", .requiresLab)
struct LabWatchTests {
  static let addresses = ["10.77.0.100", "fd77::100"]

  @Test("sees every node that has the address, by ARP, neighbour discovery and datagrams")
  func everyNode() throws {
    let lab = try Lab.make(nodes: ["a", "b", "client"])
    let echoes = try ["a", "b"].map { try lab.echo(on: $0, Self.addresses) }
    let watch = try lab.watch(Self.addresses[0], Self.addresses[1], from: "client")
    for node in ["a", "b"] {
      try lab.run(["ip", "addr", "add", "10.77.0.100/32", "dev", "eth0"], in: node).expectSuccess()
      try lab.run(["ip", "addr", "add", "fd77::100/128", "dev", "eth0", "nodad"], in: node)
        .expectSuccess()
    }
    for node in ["a", "b"] {
      for isIPv6 in [false, true] {
        for kind in [Sighting.Kind.answer, .datagram] {
          try lab.eventually("\(node) is seen by \(kind)\(isIPv6 ? " over IPv6" : "")") {
            watch.last { $0.node == node && $0.isIPv6 == isIPv6 && $0.kind == kind } != nil
          }
        }
      }
    }
    let first = watch.count
    try lab.eventually("a while passes") { watch.count > first + 500 }
    let judge = HolderJudge(longestPause: .milliseconds(75))
    let seen = watch.sightings(from: first)
    #expect(judge.overlaps(seen.filter { !$0.isIPv6 }).count == 1)
    #expect(judge.overlaps(seen.filter { $0.isIPv6 }).count == 1)

    try lab.run(["ip", "addr", "del", "10.77.0.100/32", "dev", "eth0"], in: "a").expectSuccess()
    let removed = Moment.now
    try lab.eventually("b alone is seen", poll: .milliseconds(50)) {
      watch.count > first + 1000
        && watch.last { !$0.isIPv6 && $0.node == "a" && $0.time > removed + .milliseconds(20) }
          == nil
    }
    watch.stop()
    #expect(watch.lost == 0)
    for echo in echoes { echo.stop() }
  }
}
