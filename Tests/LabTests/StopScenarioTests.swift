import Glibc
import Lab
import Testing

@Suite("The daemon's end", .requiresGodwit)
struct StopScenarioTests {
  @Test("SIGTERM on the Active node: exit status 0, priority 0 once, the other one within a skew")
  func active() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    try scenario.start()
    #expect(try scenario["a"].stop() == .status(0))
    // It ends after it has released: at that moment nothing is left.
    #expect(try !scenario.lab.holds("a", Scenario.address))
    try scenario.waitForHolder("b")
    let frames = scenario.advertisements(of: "a")
    let goodbye = try #require(frames.last)
    #expect(goodbye.vrrp?.priority == 0)
    #expect(frames.filter { $0.vrrp?.priority == 0 }.count == 1)
    let first = try #require(scenario.advertisements(of: "b").first)
    #expect(first.time > goodbye.time)
    #expect(first.time - goodbye.time < .milliseconds(300))
  }

  @Test("SIGTERM on a Backup sends nothing and changes nothing")
  func backup() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    try scenario.start()
    #expect(try scenario["b"].stop() == .status(0))
    try scenario.waitForBeats(5, of: "a")
    #expect(scenario.advertisements(of: "b").isEmpty)
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
  }

  @Test("while demote runs at SIGTERM the address stays and advertisements go on")
  func slowDemote() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      let gate = "\(lab.directory)/open"
      let body = "[ $GODWIT_NODE-$1 = a-demote ] && until [ -e \(gate) ]; do sleep 0.05; done; true"
      configuration.hooks = [["/bin/sh", try lab.hook(body)]]
    }
    let lab = scenario.lab
    try scenario.start()
    let process = try #require(try scenario["a"].process)
    process.signal(SIGTERM)
    try lab.eventually("demote runs") { lab.hooks.contains("a demote here") }
    let began = Moment.now
    try scenario.waitForBeats(10, of: "a")
    #expect(process.isRunning)
    #expect(try lab.holders(of: Scenario.address) == ["a"])
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
    #expect(scenario.sniffer.frames.allSatisfy { $0.vrrp?.priority != 0 })
    try lab.touch("open")
    #expect(try process.waitForExit() == .status(0))
    try scenario.waitForHolder("b")
  }
}
