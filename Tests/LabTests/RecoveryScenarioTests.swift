import Control
import Foundation
import Glibc
import Lab
import Testing

/// What happens in the field in pairs and in a hurry.
@Suite("One holder", .requiresGodwit)
struct RecoveryScenarioTests {
  @Test("to and fro: of ten failovers no probe sees two holders, and each one is told once")
  func toAndFro() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    let echoes = try ["a", "b"].map { try lab.echo(on: $0, [Scenario.address]) }
    let probe = try lab.probe(Scenario.address, from: "client")
    try lab.eventually("a answers") { probe.lastAnswer?.responder == "a" }
    for round in 1...10 {
      let (one, other) = round % 2 == 1 ? ("a", "b") : ("b", "a")
      #expect(try scenario[one].command("failover", "--yes").status == 0)
      try scenario.waitForHolder(other)
      try lab.eventually("\(other) answers") { probe.lastAnswer?.responder == other }
    }
    probe.stop()
    #expect(probe.report().responders == ["a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a"])
    #expect(probe.report().twoHolders() == [])
    #expect(try scenario.history("a").filter { $0.event == "failover" }.count == 5)
    #expect(scenario.sniffer.frames.filter { $0.vrrp?.priority == 0 }.count == 10)
    for echo in echoes { echo.stop() }
  }

  @Test("a node that gave its role up does not preempt, better or not, until it is needed")
  func yields() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, _ in
      configuration.preempt = "true"
    }
    try scenario.start()
    #expect(try scenario["a"].command("failover", "--yes").status == 0)
    try scenario.waitForHolder("b")
    try scenario.waitForBeats(10, of: "b")
    #expect(try scenario.lab.holders(of: Scenario.address) == ["b"])
    try scenario["b"].stop()
    try scenario.waitForHolder("a")
  }

  @Test("a daemon that hung while the other one took over: one holder after it goes on")
  func frozen() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    let process = try #require(try scenario["a"].process)
    process.signal(SIGSTOP)
    try scenario["b"].wait(for: "active")
    process.signal(SIGCONT)
    // Its lease had ended, so it is Backup before it says a word; the other one stays.
    try scenario["a"].wait(for: "backup")
    try scenario.waitForHolder("b")
    #expect(try scenario.history("a").contains { $0.event == "backup" && $0.reason == "lease" })
    #expect(try lab.holders(of: Scenario.address) == ["b"])
  }

  enum Loss: CaseIterable { case port, link, interface }

  @Test("a Backup whose link was away hears the Active Router again", arguments: Loss.allCases)
  func backupHears(loss: Loss) throws {
    let scenario = try Scenario(["a": 100, "b": 150])
    let lab = scenario.lab
    try scenario.start()
    switch loss {
    case .port: try lab.setPort("b", up: false)
    case .link: try lab.setLink("b", up: false)
    case .interface: try lab.removeInterface("b")
    }
    try scenario["b"].wait(for: "fault")
    switch loss {
    case .port: try lab.setPort("b", up: true)
    case .link: try lab.setLink("b", up: true)
    case .interface: try lab.restoreInterface("b")
    }
    try scenario["b"].wait(for: "backup")
    try lab.eventually("a is heard") { try scenario.router("b").activeRouter == "10.77.0.1" }
    try scenario.waitForBeats(10, of: "a")
    #expect(scenario.advertisements(of: "b").isEmpty)
    #expect(try lab.holders(of: Scenario.address) == ["a"])
  }

  @Test("a link that flaps ends with one holder")
  func flapping() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    for _ in 1...5 {
      try lab.setPort("a", up: false)
      try lab.setPort("a", up: true)
    }
    try lab.eventually("one holder, one Backup") {
      let states = try ["a", "b"].map { try scenario.router($0).state }
      let holders = try lab.holders(of: Scenario.address)
      return Set(states) == [.active, .backup] && holders == [states[0] == .active ? "a" : "b"]
    }
  }

  @Test("without an address of its own a node cannot serve, and with it again it can")
  func ownAddress() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    try lab.run(["ip", "addr", "del", "10.77.0.1/24", "dev", "eth0"], in: "a").expectSuccess()
    try scenario["a"].wait(for: "fault")
    try scenario.waitForHolder("b")
    try lab.run(["ip", "addr", "add", "10.77.0.1/24", "dev", "eth0"], in: "a").expectSuccess()
    try scenario["a"].wait(for: "backup")
    try scenario["b"].stop()
    try scenario.waitForHolder("a")
  }

  @Test("a reload that takes a failed check out ends the fault")
  func checkTakenOut() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.routerLines = CheckScenarioTests.check("file: /nonexistent")
    }
    let node = try scenario["a"]
    try node.start()
    try node.wait(for: "fault")
    node.configuration.routerLines = []
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try scenario.waitForHolder("a")
    // And one that adds it moves nothing before it has failed as often as it must.
    node.configuration.routerLines = CheckScenarioTests.check("file: /nonexistent")
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try node.wait(for: "fault")
  }

  @Test("a notice that hangs holds up the end for a bounded time, and a second SIGTERM ends that")
  func hangingNotice() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      let body = "[ $GODWIT_NODE-$1 = a-active ] && exec sleep 1000; true"
      configuration.routerLines = [
        "hooks:", "  - command: [/bin/sh, \(try lab.hook(body))]", "    timeout: 2s",
      ]
    }
    let lab = scenario.lab
    try scenario.start()
    let process = try #require(try scenario["a"].process)
    try lab.eventually("active runs") { try scenario.router("a").hook?.event == "active" }
    // demote waits its turn behind the notice, and its own time begins only then.
    process.signal(SIGTERM)
    process.signal(SIGTERM)
    #expect(try process.waitForExit(within: .seconds(50)) == .status(0))
    try scenario.waitForHolder("b")
  }

  @Test("announce sends the announcements again, and only where the addresses are")
  func announce() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    try scenario.start()
    let now = Moment.now
    try scenario["a"].command("announce").expectSuccess()
    _ = try scenario.sniffer.wait(for: "an announcement") {
      $0.arp?.sender == Scenario.address && $0.time > now
    }
    #expect(try scenario["b"].command("announce").status == 1)
    let hardware = scenario.lab.hardwareAddress(of: "b")
    #expect(
      scenario.sniffer.frames.allSatisfy {
        $0.arp?.senderHardware != hardware || $0.arp?.sender != Scenario.address
      })
  }
}
