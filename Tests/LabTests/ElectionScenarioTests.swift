import Lab
import Testing

@Suite("Election", .requiresGodwit)
struct ElectionScenarioTests {
  @Test("the highest priority becomes Active, whoever starts first")
  func priority() throws {
    let scenario = try Scenario(["b": 100, "a": 150]) { configuration, _, _ in
      configuration.preempt = "true"
    }
    try scenario["b"].start()
    try scenario["a"].start()
    try scenario.waitForHolder("a")
    try scenario["b"].wait(for: "backup")
    let status = try scenario.router("b")
    #expect(status.activeRouter == scenario.lab.address(of: "a"))
    #expect(status.activeRouterPriority == 150)
    #expect(!status.addressesHeld)
  }

  @Test("without preemption the first one stays Active")
  func noPreemption() throws {
    let scenario = try Scenario(["b": 100, "a": 150])
    try scenario.start()
    try scenario.waitForBeats(10, of: "b")
    #expect(try scenario.lab.holders(of: Scenario.address) == ["b"])
    #expect(scenario.advertisements(of: "a").isEmpty)
  }

  @Test("of two Active Routers of the same priority the one with the higher address stays")
  func address() throws {
    let scenario = try Scenario(["a": 100, "b": 100]) { configuration, _, _ in
      // With it the second one would not become Active at all.
      configuration.routerLines = ["conflict_detection: false"]
    }
    let lab = scenario.lab
    try lab.cut("b", .vrrp)
    for node in scenario.nodes {
      try node.start()
      try node.wait(for: "active")
    }
    #expect(try lab.holders(of: Scenario.address) == ["a", "b"])
    try lab.heal("b")
    try scenario.waitForHolder("b")
    try scenario["a"].wait(for: "backup")
    let status = try scenario.router("a")
    #expect(status.reason == "preempted")
    #expect(status.activeRouter == "10.77.0.2")
    // Neither asks for anything but the role: nobody said goodbye.
    #expect(scenario.advertisements(of: "a").allSatisfy { $0.vrrp?.priority == 100 })
  }

  @Test("the best Backup takes over, then the next, whether the Active one falls silent or stops")
  func three() throws {
    let scenario = try Scenario(["a": 150, "b": 120, "c": 90])
    try scenario.start()
    let began = try scenario.router("b").term
    try scenario.lab.cut("a")
    try scenario.lab.eventually("b has the address") {
      try scenario.lab.holds("b", Scenario.address)
    }
    try scenario["b"].wait(for: "active")
    #expect(try scenario.router("b").reason == "peer_timeout")
    #expect(try scenario.router("b").term > began)
    #expect(try scenario["c"].router().state == "backup")
    try scenario["a"].kill()
    try scenario["b"].stop()
    try scenario["c"].wait(for: "active")
    #expect(try scenario.router("c").reason == "peer_released")
    #expect(try !scenario.lab.holds("b", Scenario.address))
  }
}
