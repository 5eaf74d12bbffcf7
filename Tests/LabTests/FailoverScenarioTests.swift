import Control
import Foundation
import Lab
import Testing

@Suite("Planned failover", .requiresGodwit)
struct FailoverScenarioTests {
  @Test(
    "demote with the address here, address gone, priority 0, then promote and the address there")
  func order() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook()]]
    }
    let lab = scenario.lab
    try scenario.start()
    try lab.eventually("all hooks have run") { lab.hooks.count == 4 }
    #expect(
      Set(lab.hooks) == ["a standby gone", "a promote gone", "a active here", "b standby gone"])

    // Asked all the time, the kernel says to whom the address belongs.
    let command = try lab.start(
      [Products.path("godwit"), "failover", "--yes", "--reason", "test"], in: "a",
      environment: ["GODWIT_SOCKET": try scenario["a"].socketPath], log: "failover")
    while command.isRunning {
      try lab.inject(Self.question, from: "client")
      clientPause()
    }
    #expect(try command.waitForExit() == .status(0))
    try scenario.waitForHolder("b")
    try lab.eventually("the hooks have run") { lab.hooks.count == 8 }
    let after = lab.hooks.dropFirst(4)
    #expect(after.first == "a demote here")
    #expect(after.filter { $0.hasPrefix("a") } == ["a demote here", "a standby gone"])
    #expect(after.filter { $0.hasPrefix("b") } == ["b promote gone", "b active here"])

    let frames = scenario.sniffer.frames
    let hardware = lab.hardwareAddress(of: "a")
    let goodbye = try #require(
      frames.first { $0.source == hardware && $0.vrrp?.priority == 0 })
    let answers = frames.filter { frame in
      frame.source == hardware && frame.arp?.operation == 2 && frame.arp?.target == "10.77.0.3"
    }
    #expect(!answers.isEmpty)
    #expect(answers.allSatisfy { $0.time < goodbye.time })
    let claim = try #require(
      frames.first {
        $0.arp?.senderHardware == lab.hardwareAddress(of: "b")
          && $0.arp?.sender == Scenario.address
      })
    #expect(goodbye.time < claim.time)
    #expect(frames.filter { $0.vrrp?.priority == 0 }.count == 1)
    let first = try #require(scenario.advertisements(of: "b").first)
    // Skew_Time for priority 100 at 100 ms is 61 ms; a silent Active Router would take 361 ms.
    #expect(first.time - goodbye.time < .milliseconds(300))

    let entry = try #require(try scenario.history("a").last { $0.event == "failover" })
    #expect(entry.planned)
    #expect(entry.reason == "manual")
    #expect(entry.activeRouter == "10.77.0.2")
    #expect(entry.phases.map(\.name) == ["demote", "connections", "addresses", "takeover"])
    let status = try scenario.router("a")
    #expect(status.state == .backup)
    #expect(status.operation == nil)
    #expect(try scenario.router("b").reason == "peer_released")
  }

  /// Who has the virtual address? asks the client, node 3 (RFC 826).
  static let question: [UInt8] =
    [UInt8](repeating: 0xff, count: 6) + [2, 0x77, 0, 0, 0, 3] + [0x08, 0x06]
    + [0, 1, 0x08, 0x00, 6, 4, 0, 1] + [2, 0x77, 0, 0, 0, 3] + [10, 77, 0, 3]
    + [0, 0, 0, 0, 0, 0] + [10, 77, 0, 100]

  private func clientPause() { usleep(300) }

  @Test("--dry-run tells the plan and changes nothing; a Backup refuses with exit status 1")
  func nothingChanges() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    try scenario.start()
    let term = try scenario.router("a").term
    let plan = try scenario["a"].command("failover", "--dry-run")
    #expect(plan.status == 0)
    #expect(plan.output.contains("10.77.0.100/24"))
    let refusal = try scenario["b"].command("failover", "--yes")
    #expect(refusal.status == 1)
    #expect((refusal.errors + refusal.output).contains("is Active for orders-db, not this node"))
    try scenario.waitForBeats(5, of: "a")
    #expect(try scenario.router("a").term == term)
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
    #expect(scenario.sniffer.frames.allSatisfy { $0.vrrp?.priority != 0 })
  }

  @Test("with no other node the role comes back: exit status 4, and the address answers")
  func nobodyElse() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook()]]
    }
    try scenario.start()
    let result = try scenario["a"].command("failover", "--yes")
    #expect(result.status == 4)
    try scenario.waitForHolder("a")
    try scenario.lab.eventually("the hooks have run") {
      scenario.lab.hooks.last == "a active here"
    }
    // A demote and a promote belong together.
    let gates = scenario.lab.hooks.filter { !$0.contains("standby") }
    #expect(
      gates == [
        "a promote gone", "a active here", "a demote here", "a promote gone", "a active here",
      ])
    #expect(try scenario.router("a").reason == "rollback")
  }

  @Test("a demote that fails leaves everything as it is: exit status 4, undo, no interruption")
  func demoteFails() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook("[ $1 != demote ]")]]
    }
    let lab = scenario.lab
    try scenario.start()
    let echo = try lab.echo(on: "a", [Scenario.address])
    let probe = try lab.probe(Scenario.address, from: "client")
    try lab.eventually("a answers") { probe.lastAnswer?.responder == "a" }
    let result = try scenario["a"].command("failover", "--yes")
    #expect(result.status == 4)
    try lab.eventually("undo has run") { lab.hooks.last == "a undo here" }
    #expect(lab.hooks.suffix(2) == ["a demote here", "a undo here"])
    #expect(try scenario.router("a").state == .active)
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
    #expect(scenario.advertisements(of: "b").isEmpty)
    probe.stop()
    #expect(probe.report().responders == ["a"])
    echo.stop()
  }

  @Test("a --wait that is too short ends with exit status 3, and the failover goes on")
  func shortWait() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook("[ $1 = demote ] && sleep 1; exit 0")]]
    }
    try scenario.start()
    let result = try scenario["a"].command("failover", "--yes", "--wait", "100ms")
    #expect(result.status == 3)
    #expect(try scenario.router("a").operation?.kind == "failover")
    #expect(try scenario.router("a").state == .releasing)
    #expect(try scenario["a"].command("failover", "--yes").status == 1)
    try scenario.waitForHolder("b")
    #expect(try scenario.router("a").operation == nil)
  }
}
