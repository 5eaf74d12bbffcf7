import Control
import Foundation
import Lab
import Testing

/// A host on the segment that sends 100,000 frames to each socket of both nodes, of which none may
/// change anything.
@Suite("Floods", .requiresGodwit, .serialized)
struct FloodScenarioTests {
  static let total = 100_000

  /// Nodes a (Active) and b with a virtual router of each family, a host x that floods, and a sniffer
  /// that does not hear it.
  private final class Segment {
    let scenario: Scenario
    let sniffer: Sniffer
    let frames: FloodFrames
    private let terms: [String: [UInt64]]
    private let memory: [String: Int]
    private let began: Moment

    /// With `isSigned` the nodes demand signatures.
    init(isSigned: Bool = false) throws {
      let scenario = try Scenario(["a": 150, "b": 100], others: ["x"]) { configuration, node, lab in
        let other = node == "a" ? "b" : "a"
        configuration.peers = [(other, [lab.address(of: other)])]
        // One advertisement that is missing makes a gap of 400 ms.
        configuration.interval = "200ms"
        if isSigned { configuration.lines = try HandoverStage.authentication(lab) }
        configuration.otherRouters = [
          "six:", "  vrid: 61", "  interface: eth0",
          "  addresses: [\"fe80::61/64\", \"fd77::100/64\"]",
          "  priority: \(configuration.priority)", "  advertisement_interval: 200ms",
        ]
      }
      self.scenario = scenario
      try scenario.start()
      let lab = scenario.lab
      try lab.eventually("the roles of both families are shared out") {
        try lab.holders(of: "fd77::100") == ["a"]
          && Self.terms(scenario) == ["a": [1, 1], "b": [1, 1]]
      }
      sniffer = try lab.sniffer(on: "client", ignoring: "x")
      frames = FloodFrames(sender: lab.hardwareBytes(of: "x"))
      terms = try Self.terms(scenario)
      memory = try Self.memory(scenario)
      began = Moment.now
    }

    private static func terms(_ scenario: Scenario) throws -> [String: [UInt64]] {
      try Dictionary(
        uniqueKeysWithValues: ["a", "b"].map {
          ($0, try scenario.report($0).virtualRouters.map { UInt64($0.term) })
        })
    }

    /// VmRSS of proc(5), in KiB.
    private static func memory(_ scenario: Scenario) throws -> [String: Int] {
      try Dictionary(
        uniqueKeysWithValues: ["a", "b"].map { node in
          let process = try #require(try scenario[node].process?.processIdentifier)
          let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
          let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
          return (node, try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])))
        })
    }

    /// An advertisement of a, of one family.
    func advertisement(isIPv6: Bool) throws -> Frame {
      let hardware = scenario.lab.hardwareAddress(of: "a")
      return try scenario.sniffer.wait(for: "an advertisement of a") {
        $0.vrrp?.source.contains(":") == isIPv6 && $0.source == hardware
      }
    }

    func flood(_ frames: [[UInt8]], perSecond: Int = 0) throws {
      let flood = try scenario.lab.flood(
        frames, total: FloodScenarioTests.total, perSecond: perSecond, from: "x")
      // Reads the socket, which would overflow.
      while flood.isRunning {
        _ = sniffer.frames
        _ = try scenario.lab.holders(of: Scenario.address)
      }
      print("flood of \(frames.count) different frames: \(Int(try flood.wait())) each second")
    }

    /// a has been Active of both all the time, b has claimed nothing, and neither has grown.
    func expectCalm() throws {
      for node in ["a", "b"] { _ = try scenario.report(node) }
      let moment = Moment.now
      try scenario.lab.eventually("a goes on") {
        sniffer.frames.filter { $0.vrrp != nil && $0.time > moment }.count >= 6
      }
      let mine = sniffer.frames.filter { $0.vrrp != nil && $0.time > began }
      let hardware = scenario.lab.hardwareAddress(of: "a")
      #expect(mine.allSatisfy { $0.source == hardware && $0.vrrp?.priority == 150 })
      for isIPv6 in [false, true] {
        let times = mine.filter { $0.vrrp?.source.contains(":") == isIPv6 }.map(\.time)
        let longest = zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? .seconds(1000)
        #expect(longest < .milliseconds(390), "\(times.count) advertisements")
      }
      let now = try Self.terms(scenario)
      #expect(now == terms)
      #expect(try scenario.report("a").virtualRouters.allSatisfy { $0.state == .active })
      #expect(try scenario.report("b").virtualRouters.allSatisfy { $0.state == .backup })
      for (node, now) in try Self.memory(scenario) {
        #expect(now - (memory[node] ?? 0) < 2048, "KiB more on \(node)")
      }
    }

    /// How much the counters of a node have grown since `earlier`.
    func discarded(_ node: String, since earlier: [String: Int] = [:]) throws -> [String: Int] {
      try scenario.report(node).discarded.merging(earlier) { $0 - $1 }.filter { $0.value > 0 }
    }
  }

  @Test(
    "of advertisements that are forged, replayed, cut or too long: no role moves, each has a reason",
    arguments: [false, true], [0, 20_000])
  func advertisements(isIPv6: Bool, perSecond: Int) throws {
    let segment = try Segment()
    let frames = segment.frames.advertisements(
      try segment.advertisement(isIPv6: isIPv6), source: [10, 77, 0, 4])
    try segment.flood(frames, perSecond: perSecond)
    try segment.expectCalm()
    for node in ["a", "b"] {
      let reasons = try segment.discarded(node)
      let expected: Set = [
        "hop_limit", "version", "type", "length", "checksum", "unknown_virtual_router",
        "zero_interval",
      ]
      #expect(expected.isSubset(of: Set(reasons.keys)), "\(reasons)")
    }
  }

  @Test(
    "of signed advertisements that are replayed or forged without the key: no role moves",
    arguments: [false, true])
  func signed(isIPv6: Bool) throws {
    let segment = try Segment(isSigned: true)
    let frame = try segment.advertisement(isIPv6: isIPv6)
    let length = try #require(frame.vrrp).message.count
    try #require(length == 8 + (isIPv6 ? 32 : 4) + 28)
    try segment.flood(segment.frames.signed(frame, source: [10, 77, 0, 4]), perSecond: 20_000)
    try segment.expectCalm()
    // What comes in the name of a itself never gets far there.
    let expected: [String: Set] = [
      "a": isIPv6 ? ["own_source"] : ["missing_trailer", "invalid_code"],
      "b": [
        "missing_trailer", "malformed_trailer", "unknown_key", "invalid_code", "stale", "length",
        "replayed",
      ],
    ]
    for (node, reasons) in expected {
      let counted = try segment.discarded(node)
      #expect(reasons.isSubset(of: Set(counted.keys)), "\(node) \(counted)")
    }
  }

  @Test("a recorded advertisement is too old once the window is over, and changes nothing")
  func stale() throws {
    let segment = try Segment(isSigned: true)
    let frame = try segment.advertisement(isIPv6: false)
    let original = frame.bytes.prefix(6) + segment.frames.sender + frame.bytes.dropFirst(12)
    // The window is 5 s.
    try segment.scenario.lab.eventually("the window is over") {
      Moment.now - frame.time > .seconds(7)
    }
    try segment.flood([Array(original)], perSecond: 20_000)
    try segment.expectCalm()
    #expect(try segment.discarded("b")["stale"] ?? 0 > 90_000)
  }

  @Test("of ARP and neighbour discovery: no role moves, and no conflict is seen")
  func neighbours() throws {
    let segment = try Segment()
    let address: [UInt8] = [10, 77, 0, 100]
    let address6: [UInt8] = [0xfd, 0x77] + [UInt8](repeating: 0, count: 12) + [1, 0]
    try segment.flood(segment.frames.neighbours(address, address6))
    try segment.expectCalm()
    for node in ["a", "b"] {
      #expect(try segment.scenario.report(node).virtualRouters.allSatisfy { $0.conflict == nil })
    }
  }

  @Test("of ARP that claims the address: it is defended at a bounded rate, and no role moves")
  func claims() throws {
    let segment = try Segment()
    let claim = [UInt8](repeating: 0xff, count: 6) + segment.frames.sender
    let sender = segment.frames.sender + [10, 77, 0, 100]
    let frames = [1, 2].map { operation in
      claim + [8, 6, 0, 1, 8, 0, 6, 4, 0, operation] + sender
        + [UInt8](repeating: 0xff, count: 6) + [10, 77, 0, 100]
    }
    let began = Moment.now
    try segment.flood(frames)
    let ended = Moment.now
    try segment.expectCalm()
    let hardware = segment.scenario.lab.hardwareAddress(of: "a")
    let defences = segment.sniffer.frames.filter {
      $0.arp?.sender == Scenario.address && $0.source == hardware && $0.time > began
        && $0.time < ended
    }
    print("\(defences.count) defences in \(ended - began)")
    #expect(defences.count < 100)
    let conflict = try segment.scenario.router("a").conflict
    #expect(conflict?.hardwareAddress == segment.scenario.lab.hardwareAddress(of: "x"))
  }

  @Test("of datagrams to the peer channel, genuine ones played again among them: no role moves")
  func peerChannel() throws {
    let segment = try Segment(isSigned: true)
    let lab = segment.scenario.lab
    let heard = try lab.sniffer(on: "a", ignoring: "x")
    try segment.scenario.waitForBeats(30, of: "a")
    let genuine = heard.frames.filter { $0.content == .other }.suffix(20).map {
      Array($0.bytes.dropFirst(42))
    }
    print("\(genuine.count) datagrams of the peer channel to begin with")
    let frames = zip(["a", "b"], [UInt8(1), 2]).flatMap { node, number in
      segment.frames.datagrams(
        from: [10, 77, 0, 4], to: [10, 77, 0, number], hardware: lab.hardwareBytes(of: node),
        port: 9112, payloads: genuine)
    }
    try segment.flood(frames)
    try segment.expectCalm()
    for node in ["a", "b"] {
      let counted = try segment.discarded(node)
      print(node, counted.sorted { $0.key < $1.key })
      let reasons: Set = ["peer_too_short", "peer_magic", "peer_invalid_code", "peer_not_for_us"]
      #expect(reasons.isSubset(of: Set(counted.keys)), "\(node) \(counted)")
    }
  }

  @Test("of clients of the control socket that keep to no protocol: no role moves, status answers")
  func control() throws {
    let segment = try Segment()
    let path = try segment.scenario["a"].socketPath
    var random = Generator(state: 11)
    let lines: [[UInt8]] = [
      Array("{\"command\":\"stat".utf8), Array("{\"command\":\"events\"}\n".utf8),
      Array("{\"command\":1}\n".utf8), Array("[]\n".utf8), Array("null\n".utf8),
      Array("{\"command\":\"status\",\"name\":\"\\u0000\"}\n".utf8),
      Array("{\"command\":\"failover\",\"name\":\"nobody\"}\n".utf8),
      Array((String(repeating: "{\"a\":", count: 5000) + "\n").utf8),
      Array(repeating: UInt8(ascii: "\n"), count: 5000),
      (0..<4000).map { _ in UInt8.random(in: 0...255, using: &random) },
    ]
    var open: [RawClient] = []
    for round in 0..<2000 {
      // One that the daemon has no place for is closed at once, which is no failure.
      let client = try RawClient(path)
      client.send(lines[round % lines.count])
      open.append(client)
      if open.count > 200 { open.removeFirst(100) }
    }
    #expect(try segment.scenario.report("a").virtualRouters.count == 2)
    open = []
    try segment.expectCalm()
  }
}
