import Control
import Foundation
import Lab
import Testing

/// Authenticated advertisements between real nodes: keys, their rotation, and clocks that step.
@Suite("Authentication", .requiresGodwit)
struct AuthenticationScenarioTests {
  private static let first = "hex:" + String(repeating: "1a", count: 32)
  private static let second = "hex:" + String(repeating: "2b", count: 32)

  /// Two nodes with the same two keys, of which the first signs; `change` comes after that.
  private func scenario(
    mode: String = "enforce",
    change: (inout GodwitConfiguration, String, Lab) throws -> Void = { _, _, _ in }
  ) throws -> Scenario {
    try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      try Self.writeKey(Self.first, "1", node, lab)
      try Self.writeKey(Self.second, "2", node, lab)
      configuration.lines = Self.lines(mode: mode, keys: [1], active: 1, node, lab)
      try change(&configuration, node, lab)
    }
  }

  private static func keyPath(_ name: String, _ node: String, _ lab: Lab) -> String {
    "\(lab.directory)/\(node)-key-\(name)"
  }

  private static func writeKey(
    _ key: String, _ name: String, _ node: String, _ lab: Lab, mode: Int = 0o600
  ) throws {
    let path = keyPath(name, node, lab)
    try (key + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  private static func lines(
    mode: String = "enforce", keys: [Int], active: Int, _ node: String, _ lab: Lab
  ) -> [String] {
    let list = keys.map { "{ id: \($0), file: \(keyPath("\($0)", node, lab)) }" }
    return [
      "authentication:", "  mode: \(mode)", "  keys: [\(list.joined(separator: ", "))]",
      "  active_key: \(active)",
    ]
  }

  private func discarded(_ reason: String, _ node: String, _ scenario: Scenario) throws -> Int {
    try scenario.report(node).discarded[reason] ?? 0
  }

  /// Asks for the address all the time.
  private func watch(_ scenario: Scenario) throws -> Watch {
    try scenario.lab.watch(Scenario.address, "fd77::100", from: "client")
  }

  private func expectOneHolder(_ watch: Watch) {
    watch.stop()
    #expect(watch.lost == 0)
    #expect(watch.sightings().count(where: \.isClaim) > 100)
    #expect(HolderJudge(longestPause: .milliseconds(75)).overlaps(watch.sightings()) == [])
  }

  private func goBy(_ duration: Duration, _ scenario: Scenario) throws {
    let began = Moment.now
    try scenario.lab.eventually("\(duration) have gone by") { Moment.now - began > duration }
  }

  @Test("two nodes that enforce elect, follow and say who they are")
  func enforce() throws {
    let scenario = try scenario()
    try scenario.start()
    let frame = try #require(scenario.advertisements(of: "a").last?.vrrp)
    // 12 bytes of message, 28 of trailer: scheme 1, key id 1.
    #expect(frame.message.count == 40)
    #expect(Array(frame.message[12..<16]) == [1, 1, 0, 0])
    let status = try #require(try scenario.report("b").authentication)
    #expect(status.mode == "enforce" && status.activeKey == 1 && status.keyIdentifiers == [1])
    #expect(status.antiReplay == "time" && status.windowsMilliseconds == ["orders-db": 5000])
    let skew = try #require(status.clock.skewMilliseconds[scenario.lab.address(of: "a")])
    #expect(abs(skew) < 1000)
    #expect(try scenario.report("b").discarded == [:])
    // The goodbye is signed too: b need not wait for silence.
    try scenario["a"].stop()
    try scenario.waitForHolder("b")
    #expect(try scenario.router("b").reason == "peer_released")
  }

  @Test("a forged, a copied and an unsigned advertisement change nothing")
  func forger() throws {
    let scenario = try scenario()
    try scenario.start()
    // The copy is of one that b has heard.
    try scenario.waitForBeats(2, of: "a")
    let bytes = try #require(scenario.advertisements(of: "a").last?.bytes)
    try scenario.lab.inject(bytes, from: "client")
    try scenario.lab.eventually("it is a replay") {
      try discarded("replayed", "b", scenario) > 0
    }
    var forged = bytes
    forged[forged.count - 1] ^= 1
    try scenario.lab.inject(forged, from: "client")
    try scenario.lab.eventually("its code is wrong") {
      try discarded("invalid_code", "b", scenario) > 0
    }
    #expect(try scenario.router("b").state == .backup)
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
  }

  @Test("a node with a wrong key stays out as long as the other one answers, and takes over after")
  func wrongKey() throws {
    let scenario = try scenario { _, node, lab in
      if node == "b" { try Self.writeKey(Self.second, "1", node, lab) }
    }
    let watch = try watch(scenario)
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    try scenario["b"].start()
    try scenario["b"].wait(for: "fault")
    try goBy(.seconds(3), scenario)
    #expect(try scenario.router("b").state == .fault)
    #expect(
      try scenario.router("b").faultReasons.contains {
        $0.contains("answers for \(Scenario.address)")
      })
    #expect(try discarded("invalid_code", "b", scenario) > 0)
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
    try scenario["a"].stop()
    try scenario.waitForHolder("b")
    expectOneHolder(watch)
  }

  @Test("a Backup that gets a wrong key by reload does not claim")
  func wrongKeyByReload() throws {
    let scenario = try scenario()
    let watch = try watch(scenario)
    try scenario.start()
    try Self.writeKey(Self.second, "1", "b", scenario.lab)
    try scenario["b"].command("reload").expectSuccess()
    try scenario["b"].wait(for: "fault")
    try Self.writeKey(Self.first, "1", "b", scenario.lab)
    try scenario["b"].command("reload").expectSuccess()
    try scenario["b"].wait(for: "backup")
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
    expectOneHolder(watch)
  }

  @Test("a daemon that knows a key leaves no core, and one without keys may")
  func core() throws {
    let scenario = try scenario { configuration, node, _ in
      if node == "b" { configuration.lines = [] }
    }
    for (node, isForbidden) in [("a", true), ("b", false)] {
      try scenario[node].start()
      _ = try scenario.report(node)
      let process = try #require(try scenario[node].process?.processIdentifier)
      let limits = try String(contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
      let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max core") })
      #expect((line.split(separator: " ")[4] == "1") == isForbidden, "\(line)")
    }
  }

  @Test("keys rotate by reload without a lost advertisement")
  func rotation() throws {
    // One advertisement that is missing makes a gap of 400 ms.
    let scenario = try scenario { configuration, _, _ in configuration.interval = "200ms" }
    try scenario.start()
    let began = Moment.now
    func reload(_ keys: [Int], _ active: Int) throws {
      for node in ["b", "a"] {
        try scenario[node].configuration.lines = Self.lines(
          keys: keys, active: active, node, scenario.lab)
        try scenario[node].writeConfiguration()
        try scenario[node].command("reload").expectSuccess()
        try scenario.waitForBeats(2, of: "a")
      }
    }
    try reload([1, 2], 1)
    try reload([1, 2], 2)
    try reload([2], 2)
    try scenario.waitForBeats(3, of: "a")
    #expect(try scenario.report("b").discarded == [:])
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(390))
    #expect(scenario.isQuiet("b", since: began))
    let frame = try #require(scenario.advertisements(of: "a").last?.vrrp)
    #expect(frame.message[13] == 2)
    #expect(try scenario.report("a").authentication?.keyIdentifiers == [2])
  }

  @Test("a key that cannot be used is told at the start, by a reload and by check")
  func unusableKey() throws {
    let scenario = try scenario { _, node, lab in
      if node == "b" { try Self.writeKey(Self.first, "1", node, lab, mode: 0o644) }
    }
    let node = try scenario["b"]
    try node.writeConfiguration()
    let result = try scenario.lab.run(
      [Products.path("godwitd"), "--config", node.configurationPath], in: "b")
    #expect(result.status == 78)
    #expect(result.errors.contains("its mode is 0644"))
    #expect(result.errors.contains("chmod 0600"))
    let check = try node.command("check", node.configurationPath)
    #expect(check.status == 78)
    #expect(check.errors.contains("its mode is 0644"))
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    try Self.writeKey("hex:00", "1", "a", scenario.lab)
    let reload = try scenario["a"].command("reload")
    #expect(reload.status == 1)
    #expect(reload.errors.contains("the key has 1 byte"))
    try scenario.waitForBeats(3, of: "a")
    #expect(!scenario.lab.text("a-godwitd.log").contains("1a1a1a1a"))
  }

  @Test("receive-only, permissive, enforce: a roll-out without a gap")
  func rollOut() throws {
    let scenario = try scenario { configuration, _, _ in
      configuration.lines = []
      // One advertisement that is missing makes a gap of 400 ms.
      configuration.interval = "200ms"
    }
    try scenario.start()
    let began = Moment.now
    for mode in ["receive-only", "permissive", "enforce"] {
      for node in ["b", "a"] {
        try scenario[node].configuration.lines = Self.lines(
          mode: mode, keys: [1], active: 1, node, scenario.lab)
        try scenario[node].writeConfiguration()
        try scenario[node].command("reload").expectSuccess()
        try scenario.waitForBeats(2, of: "a")
      }
    }
    #expect(try scenario.report("b").discarded == [:])
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(390))
    #expect(scenario.isQuiet("b", since: began))
    #expect(scenario.advertisements(of: "a").last?.vrrp?.message.count == 40)
  }

  @Test("receive-only beside keepalived, which knows no trailer", .requiresKeepalived)
  func keepalived() throws {
    let lab = try Lab.make(nodes: ["g", "k", "client"])
    defer { lab.remove() }
    var ours = GodwitConfiguration(addresses: ["\(Scenario.address)/24"])
    ours.interval = "100ms"
    ours.priority = 150
    ours.preempt = "true"
    ours.routerLines = ["checksum: pseudo-header"]
    try Self.writeKey(Self.first, "1", "g", lab)
    ours.lines = Self.lines(mode: "receive-only", keys: [1], active: 1, "g", lab)
    var theirs = KeepalivedConfiguration(addresses: ours.addresses)
    theirs.interval = 0.1
    let godwit = try lab.godwit(on: "g", ours)
    let keepalived = lab.keepalived(on: "k", theirs)
    func expectHolder(_ node: String) throws {
      try lab.eventually("only \(node) has the address", within: .seconds(20)) {
        try lab.holders(of: Scenario.address) == [node]
      }
    }
    try keepalived.start()
    try expectHolder("k")
    try godwit.start()
    try expectHolder("g")
    try godwit.stop()
    try expectHolder("k")
    try godwit.start()
    try expectHolder("g")
    #expect(try godwit.router().state == "active")
  }

  // MARK: Clocks

  private func setClock(_ node: String, _ seconds: Int, _ lab: Lab) throws {
    try "\(seconds)".write(
      toFile: "\(lab.directory)/\(node)-clock", atomically: true, encoding: .utf8)
  }

  private func startWithClock(_ node: String, _ scenario: Scenario) throws {
    try scenario[node].start(environment: [
      "LD_PRELOAD": Products.path("libgodwit-fake-clock.so"),
      "GODWIT_FAKE_CLOCK": "\(scenario.lab.directory)/\(node)-clock",
    ])
  }

  @Test("steps of 10 minutes on either side change nothing", arguments: ["100ms", "1s"])
  func steps(interval: String) throws {
    let scenario = try scenario { configuration, _, _ in configuration.interval = interval }
    let lab = scenario.lab
    for node in ["a", "b"] { try setClock(node, 0, lab) }
    let watch = try watch(scenario)
    try startWithClock("a", scenario)
    try scenario["a"].wait(for: "active")
    try startWithClock("b", scenario)
    try scenario["b"].wait(for: "backup")
    for (node, seconds) in [("a", 600), ("b", -600), ("a", -600), ("b", 600), ("a", 0), ("b", 0)] {
      try setClock(node, seconds, lab)
      try scenario.waitForBeats(interval == "1s" ? 3 : 12, of: "a")
      #expect(try scenario.router("b").state == .backup, "\(node) \(seconds)")
      #expect(try scenario.report("b").discarded == [:], "\(node) \(seconds)")
      let stepped = try scenario.report(node).authentication?.clock.steppedMilliseconds ?? 1
      #expect(abs(stepped - seconds * 1000) < 2000)
    }
    #expect(try lab.holders(of: Scenario.address) == ["a"])
    expectOneHolder(watch)
  }

  @Test("clocks that differ by 5 minutes never make two holders, and mending them lets it join")
  func differing() throws {
    let scenario = try scenario()
    let lab = scenario.lab
    try setClock("a", 0, lab)
    try setClock("b", 300, lab)
    let watch = try watch(scenario)
    try startWithClock("a", scenario)
    try scenario["a"].wait(for: "active")
    try startWithClock("b", scenario)
    try scenario["b"].wait(for: "fault")
    #expect(try discarded("stale", "b", scenario) > 0)
    try goBy(.seconds(3), scenario)
    #expect(try lab.holders(of: Scenario.address) == ["a"])
    // Time synchronisation mends the clock of b: what a says proves it right.
    try setClock("b", 0, lab)
    try scenario["b"].wait(for: "backup")
    try scenario["a"].stop()
    try scenario.waitForHolder("b")
    // a returns ten minutes late, and stays out of what it cannot read.
    try setClock("a", -600, lab)
    try startWithClock("a", scenario)
    try scenario["a"].wait(for: "fault")
    #expect(try lab.holders(of: Scenario.address) == ["b"])
    try scenario["b"].kill()
    try scenario.waitForHolder("a")
    expectOneHolder(watch)
  }

  @Test("an Active node tells of another one that has the key and another time, and stays Active")
  func bothActive() throws {
    let scenario = try scenario { configuration, _, _ in
      // Nobody tells the one that claims of the other, as beside a router of another make.
      configuration.routerLines.append("conflict_detection: false")
    }
    let lab = scenario.lab
    try setClock("a", 300, lab)
    try setClock("b", 0, lab)
    for node in ["b", "a"] {
      try startWithClock(node, scenario)
      try scenario[node].wait(for: "active")
    }
    for (node, other, difference) in [("a", "b", 300_000), ("b", "a", -300_000)] {
      let address = lab.address(of: other)
      try lab.eventually("\(node) tells of \(other)") {
        let skew = try scenario.report(node).authentication?.clock.skewMilliseconds[address]
        return abs((skew ?? 0) - difference) < 3000
          && lab.text("\(node)-godwitd.log").contains("both may be Active")
      }
      #expect(try scenario.router(node).state == .active)
    }
  }

  /// A Backup hears the Active Router and discards none of its advertisements for their time.
  private func expectHeard(_ one: String, by other: String, _ scenario: Scenario) throws {
    try scenario[other].wait(for: "backup")
    try scenario.lab.eventually("\(other) hears \(one)") {
      try scenario.router(other).activeRouter == scenario.lab.address(of: one)
    }
    let stale = try discarded("stale", other, scenario)
    try scenario.waitForBeats(20, of: one)
    #expect(try discarded("stale", other, scenario) == stale)
    #expect(try scenario.router(other).state == .backup)
  }

  @Test("nodes that report to each other understand each other, whatever their clocks say")
  func channel() throws {
    let scenario = try scenario { configuration, node, lab in
      let other = node == "a" ? "b" : "a"
      configuration.peers = [(other, [lab.address(of: other)])]
    }
    let lab = scenario.lab
    try setClock("a", 0, lab)
    try setClock("b", 300, lab)
    let watch = try watch(scenario)
    try startWithClock("a", scenario)
    try scenario["a"].wait(for: "active")
    try startWithClock("b", scenario)
    try expectHeard("a", by: "b", scenario)
    let skew = try scenario.report("b").authentication?.clock
      .skewMilliseconds[lab.address(of: "a")]
    #expect(abs((skew ?? 0) - 300_000) < 3000)
    #expect(lab.text("b-godwitd.log").contains("chronyc tracking"))
    try scenario["a"].kill()
    try scenario.waitForHolder("b")
    try setClock("a", -600, lab)
    try startWithClock("a", scenario)
    try expectHeard("b", by: "a", scenario)
    #expect(try lab.holders(of: Scenario.address) == ["b"])
    expectOneHolder(watch)
  }

  enum ChannelEnd: String, CaseIterable { case reload, filter }

  @Test(
    "a peer whose clock was mended is understood when its reports no longer arrive",
    arguments: ChannelEnd.allCases)
  func mended(end: ChannelEnd) throws {
    let scenario = try scenario { configuration, node, lab in
      let other = node == "a" ? "b" : "a"
      configuration.peers = [(other, [lab.address(of: other)])]
    }
    let lab = scenario.lab
    try setClock("a", 0, lab)
    try setClock("b", 300, lab)
    for node in ["a", "b"] {
      try startWithClock(node, scenario)
      try scenario[node].wait(for: node == "a" ? "active" : "backup")
    }
    try lab.eventually("b hears a") {
      try scenario.router("b").activeRouter == lab.address(of: "a")
    }
    switch end {
    case .reload:
      try scenario["b"].configuration.peers = []
      try scenario["b"].writeConfiguration()
      try scenario["b"].command("reload").expectSuccess()
    case .filter:
      for line in [
        "add table ip filter", "add chain ip filter in { type filter hook input priority 0; }",
        "add rule ip filter in udp dport 9112 drop",
      ] {
        for node in ["a", "b"] { try lab.run(["nft", line], in: node).expectSuccess() }
      }
    }
    try scenario["a"].kill()
    try scenario.waitForHolder("b")
    try setClock("a", 300, lab)
    try startWithClock("a", scenario)
    try scenario["a"].wait(for: "backup")
    try scenario["b"].command("failover", "--yes", "--force").expectSuccess()
    try scenario.waitForHolder("a")
    try expectHeard("a", by: "b", scenario)
  }

  @Test("a node that is restarted after both clocks were set stays out until the other one is too")
  func restarted() throws {
    let scenario = try scenario()
    let lab = scenario.lab
    for node in ["a", "b"] { try setClock(node, 0, lab) }
    let watch = try watch(scenario)
    for node in ["a", "b"] {
      try startWithClock(node, scenario)
      try scenario[node].wait(for: node == "a" ? "active" : "backup")
    }
    // Both clocks are set, and only one node notices.
    for node in ["a", "b"] { try setClock(node, 600, lab) }
    try scenario["a"].stop()
    try scenario.waitForHolder("b")
    try startWithClock("a", scenario)
    // b is Active and steady, so a cannot read it; it stays out until b is restarted.
    try scenario["a"].wait(for: "fault")
    try scenario["b"].stop()
    try scenario.waitForHolder("a")
    try startWithClock("b", scenario)
    try scenario["b"].wait(for: "backup")
    #expect(try scenario.report("b").discarded == [:])
    expectOneHolder(watch)
  }
}
