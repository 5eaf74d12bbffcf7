import Control
import Lab
import Testing

@Suite("The addresses", .requiresGodwit)
struct AddressScenarioTests {
  @Test("an address that somebody removes is back at once, announced, without change of role")
  func removedByHand() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook()]]
    }
    let lab = scenario.lab
    try scenario.start()
    try lab.eventually("active has run") { lab.hooks.contains("a active here") }
    let before = try scenario.router("a")
    let hooks = lab.hooks
    let length = try #require(
      try lab.addresses(of: "a").first { $0.address == Scenario.address }?.prefixLength)
    let now = Moment.now
    try lab.run(
      ["ip", "addr", "del", "\(Scenario.address)/\(length)", "dev", "eth0"], in: "a"
    ).expectSuccess()
    try lab.eventually("it is back and counted") {
      let router = try scenario.router("a")
      return router.addressesHeld && router.counters.addressesRestored == 1
    }
    _ = try scenario.sniffer.wait(for: "an announcement") {
      $0.arp?.sender == Scenario.address && $0.time > now
    }
    let after = try scenario.router("a")
    #expect(after.term == before.term)
    #expect(after.state == .active)
    #expect(after.counters.elections == before.counters.elections)
    #expect(lab.hooks == hooks)
    #expect(scenario.advertisements(of: "b").isEmpty)
    #expect(try lab.holders(of: Scenario.address) == ["a"])
  }

  @Test("what a killed daemon left behind is removed before the next one is Backup")
  func leftovers() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    let term = try scenario.router("a").term
    try scenario["a"].kill()
    try lab.eventually("b has taken over") { try lab.holds("b", Scenario.address) }
    #expect(try lab.holds("a", Scenario.address))
    try scenario["a"].start()
    // READY=1 comes after the leftovers are gone.
    #expect(try lab.holders(of: Scenario.address) == ["b"])
    try scenario["a"].wait(for: "backup")
    // The term outlived the daemon.
    try lab.eventually("a has seen the change of owner") { try scenario.router("a").term > term }
    #expect(lab.text("a-godwitd.log").contains("earlier run"))
  }

  @Test("the addresses of the host that look like ours are left alone")
  func strangers() throws {
    let scenario = try Scenario(["a": 150])
    let lab = scenario.lab
    try lab.run(["ip", "addr", "add", "10.77.0.99/24", "dev", "eth0"], in: "a").expectSuccess()
    try scenario.start()
    try scenario["a"].stop()
    #expect(try lab.holds("a", "10.77.0.99"))
    #expect(try lab.holds("a", "10.77.0.1"))
    #expect(try !lab.holds("a", Scenario.address))
  }

  @Test("a second daemon on the same control socket ends with 71 and disturbs nothing")
  func secondDaemon() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let node = try scenario["a"]
    let second = try scenario.lab.run(
      [Products.path("godwitd"), "--config", node.configurationPath], in: "a")
    #expect(second.status == 71)
    #expect(second.errors.contains("another godwitd"))
    #expect(second.errors.split(separator: "\n").count == 1)
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
    #expect(try scenario.router("a").state == .active)
  }

  @Test("many addresses come and go together")
  func many() throws {
    let addresses = (100..<200).map { "10.77.0.\($0)/24" }
    let scenario = try Scenario(["a": 150, "b": 100], addresses: addresses)
    let lab = scenario.lab
    try scenario.start()
    #expect(try scenario.router("a").addressesHeld)
    #expect(try scenario["a"].command("failover", "--yes").status == 0)
    try scenario.waitForHolder("b", of: "10.77.0.199")
    #expect(try scenario.router("b").addressesHeld)
    #expect(try lab.addresses(of: "a").allSatisfy { !addresses.contains("\($0.address)/24") })
    try lab.eventually("each one is announced") {
      let hardware = lab.hardwareAddress(of: "b")
      let told = scenario.sniffer.frames.compactMap(\.arp)
        .filter { $0.senderHardware == hardware }.map(\.sender)
      return Set(told).isSuperset(of: (100..<200).map { "10.77.0.\($0)" })
    }
  }
}
