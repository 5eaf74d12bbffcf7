import Control
import Foundation
import Glibc
import Lab
import Testing

/// Two nodes whose address is asked for all the time, of every node.
struct WatchedScenario {
  let scenario: Scenario
  let watch: Watch
  private let echoes: [EchoServer]

  var lab: Lab { scenario.lab }

  init(
    interval: String = "100ms", mechanism: String? = nil,
    change: (inout GodwitConfiguration, String, Lab) throws -> Void = { _, _, _ in }
  ) throws {
    let scenario = try Scenario(["a": 150, "b": 100], others: ["thief"]) {
      configuration, node, lab in
      configuration.interval = interval
      let other = node == "a" ? "b" : "a"
      configuration.peers = [(other, [lab.address(of: other)])]
      if let mechanism { configuration.lines.append("lease_mechanism: \(mechanism)") }
      try change(&configuration, node, lab)
    }
    self.scenario = scenario
    echoes = try ["a", "b"].map { try scenario.lab.echo(on: $0, [Scenario.address]) }
    watch = try scenario.lab.watch(Scenario.address, "fd77::100", from: "client")
  }

  /// Waits until a node has claimed the address since then.
  func waitForClaim(of node: String, since moment: Moment) throws {
    try lab.eventually("\(node) answers") { claims(of: node, since: moment).count > 0 }
  }

  func claims(of node: String, since moment: Moment) -> [Sighting] {
    watch.sightings().filter { $0.isClaim && $0.node == node && $0.time > moment }
  }

  /// Nobody lost a frame, and no two nodes had the address at once.
  func expectOneHolder(longestPause: Duration = .milliseconds(75)) {
    watch.stop()
    #expect(watch.lost == 0)
    #expect(HolderJudge(longestPause: longestPause).overlaps(watch.sightings()) == [])
  }
}

@Suite("The lease", .requiresGodwit)
struct LeaseScenarioTests {
  static let mechanisms = ["bpf", "nftables"]

  enum Loss: CaseIterable { case killed, stopped }

  @Test(
    "a daemon that is killed or stopped leaves a node that falls silent before the other answers",
    arguments: Loss.allCases, mechanisms)
  func silence(loss: Loss, mechanism: String) throws {
    let watched = try WatchedScenario(mechanism: mechanism)
    try watched.scenario.start()
    #expect(try watched.scenario.router("a").lease.mechanism.rawValue == mechanism)
    let process = try #require(try watched.scenario["a"].process)
    try watched.waitForClaim(of: "a", since: .now)
    let lost = Moment.now
    process.signal(loss == .killed ? SIGKILL : SIGSTOP)
    try watched.scenario["b"].wait(for: "active")
    try watched.waitForClaim(of: "b", since: lost)
    // Asked on and on, with the address still in its kernel.
    try watched.scenario.waitForBeats(5, of: "b")
    let last = try #require(watched.watch.sightings().last { $0.node == "a" && $0.isClaim })
    let beat = try #require(watched.scenario.advertisements(of: "a").last)
    #expect(last.time - beat.time <= .milliseconds(251))
    watched.expectOneHolder()
    // Whoever looks at the node itself finds the address gone after its lifetime.
    if loss == .killed {
      try watched.lab.eventually("the address is gone", within: .seconds(15)) {
        try watched.lab.holders(of: Scenario.address) == ["b"]
      }
    }
    process.signal(SIGCONT)
  }

  @Test(
    "a daemon that goes on after its lease demotes with the reason lease and is Backup",
    arguments: mechanisms)
  func wakesLate(mechanism: String) throws {
    let watched = try WatchedScenario(mechanism: mechanism) { configuration, _, lab in
      let note = "echo \"$GODWIT_NODE $1 $GODWIT_REASON\" >>\(lab.directory)/reasons"
      configuration.hooks = [["/bin/sh", try lab.hook(note)]]
    }
    let lab = watched.lab
    try watched.scenario.start()
    let process = try #require(try watched.scenario["a"].process)
    let stopped = Moment.now
    process.signal(SIGSTOP)
    try watched.scenario["b"].wait(for: "active")
    try watched.waitForClaim(of: "b", since: stopped)
    let woken = Moment.now
    process.signal(SIGCONT)
    try watched.scenario["a"].wait(for: "backup")
    try lab.eventually("its hooks have run") { lab.text("reasons").contains("a standby lease") }
    #expect(lab.text("reasons").contains("a demote lease\n"))
    #expect(try lab.holders(of: Scenario.address) == ["b"])
    try watched.scenario.waitForBeats(5, of: "b")
    // It said nothing to anybody.
    #expect(watched.scenario.isQuiet("a", since: woken))
    #expect(watched.claims(of: "a", since: woken).isEmpty)
    #expect(lab.hooks.filter { $0.hasPrefix("b promote") }.count == 1)
    watched.expectOneHolder()
  }

  @Test("an interface that gets another name is fenced as before", arguments: mechanisms)
  func renamedInterface(mechanism: String) throws {
    let watched = try WatchedScenario(mechanism: mechanism) { configuration, node, lab in
      configuration.interface = "{mac: \"\(lab.hardwareAddress(of: node))\"}"
    }
    let scenario = watched.scenario
    try scenario.start()
    try scenario.lab.run(["ip", "link", "set", "eth0", "name", "wan0"], in: "a").expectSuccess()
    try scenario.lab.eventually("the new name is known") {
      try scenario.router("a").interface == "wan0"
    }
    #expect(try scenario.router("a").state == .active)
    let stopped = Moment.now
    try #require(try scenario["a"].process).signal(SIGSTOP)
    defer { try? scenario["a"].process?.signal(SIGCONT) }
    try scenario["b"].wait(for: "active")
    try watched.waitForClaim(of: "b", since: stopped)
    watched.expectOneHolder()
  }

  @Test("a stall that ends inside the lease changes nothing")
  func shortStall() throws {
    let watched = try WatchedScenario(interval: "1s")
    try watched.scenario.start()
    let term = try watched.scenario.router("a").term
    let process = try #require(try watched.scenario["a"].process)
    process.signal(SIGSTOP)
    let end = Moment.now + .milliseconds(700)
    try watched.lab.eventually("a moment passes") { Moment.now > end }
    let woken = Moment.now
    process.signal(SIGCONT)
    try watched.waitForClaim(of: "a", since: woken)
    try watched.scenario.waitForBeats(2, of: "a")
    #expect(try watched.scenario.router("a").state == .active)
    #expect(try watched.scenario.router("a").term == term)
    #expect(watched.claims(of: "b", since: Moment(nanoseconds: 0)).isEmpty)
  }

  @Test("what an earlier run left neither answers nor keeps the next one from serving")
  func leftovers() throws {
    let watched = try WatchedScenario()
    try watched.scenario.start()
    try watched.scenario["a"].kill()
    try watched.scenario["b"].wait(for: "active")
    // Its address and its fence are still there.
    #expect(try watched.lab.holders(of: Scenario.address) == ["a", "b"])
    let restarted = Moment.now
    try watched.scenario["a"].start()
    try watched.scenario["a"].wait(for: "backup")
    try watched.lab.eventually("the leftover is gone") {
      try watched.lab.holders(of: Scenario.address) == ["b"]
    }
    #expect(watched.claims(of: "a", since: restarted).isEmpty)
    try watched.scenario["b"].stop()
    try watched.scenario.waitForHolder("a")
    try watched.waitForClaim(of: "a", since: restarted)
    watched.expectOneHolder()
  }

  enum Return: CaseIterable { case late, early }

  @Test(
    "a restart after a SIGKILL, late or early, makes the other one promote once and no more",
    arguments: Return.allCases)
  func restart(comesBack: Return) throws {
    let watched = try WatchedScenario { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook()]]
    }
    let lab = watched.lab
    try watched.scenario.start()
    try lab.eventually("the hooks have run") { lab.hooks.contains("a active here") }
    let before = lab.hooks.count
    try watched.scenario["a"].kill()
    if comesBack == .late { try watched.scenario["b"].wait(for: "active") }
    try watched.scenario["a"].start()
    try watched.scenario["a"].wait(for: "backup")
    try watched.scenario["b"].wait(for: "active")
    try watched.scenario.waitForBeats(10, of: "b")
    let promotes = lab.hooks.dropFirst(before).filter { $0.contains(" promote ") }
    #expect(promotes == ["b promote gone"])
    #expect(try watched.scenario.router("a").state == .backup)
    watched.expectOneHolder()
  }
}
