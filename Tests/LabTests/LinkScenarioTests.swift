import Control
import Lab
import Testing

@Suite("The link", .requiresGodwit)
struct LinkScenarioTests {
  @Test(
    "without carrier the Active node is in fault at once, and with it again a Backup",
    arguments: ["false", "true"])
  func carrier(preempt: String) throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.preempt = preempt
      configuration.hooks = [["/bin/sh", try lab.hook()]]
    }
    let lab = scenario.lab
    try scenario.start()
    try lab.setPort("a", up: false)
    try lab.eventually("the address is gone") { try !lab.holds("a", Scenario.address) }
    try scenario["a"].wait(for: "fault")
    let status = try scenario.router("a")
    #expect(status.reason == "link")
    #expect(status.faultReasons.contains { $0.contains("carrier") })
    #expect(!status.fit)
    try scenario.waitForHolder("b")
    try lab.eventually("demote runs after the address has left") {
      lab.hooks.contains("a demote gone") && lab.hooks.contains("a fault gone")
    }
    try lab.setPort("a", up: true)
    if preempt == "true" {
      try scenario.waitForHolder("a")
      try scenario["b"].wait(for: "backup")
      #expect(try scenario.router("a").reason == "preempted")
    } else {
      try scenario["a"].wait(for: "backup")
      try scenario.waitForBeats(8, of: "b")
      #expect(try lab.holders(of: Scenario.address) == ["b"])
      #expect(try scenario.router("a").state == .backup)
    }
  }

  @Test("preempt with a delay lets the other one be for that long")
  func delayedPreemption() throws {
    let scenario = try Scenario(["b": 100, "a": 150]) { configuration, _, _ in
      configuration.preempt = "{ delay: 1s }"
    }
    try scenario.start()
    let began = try #require(scenario.advertisements(of: "b").last).time
    try scenario.waitForHolder("a")
    let first = try #require(scenario.advertisements(of: "a").first)
    #expect(first.time - began > .milliseconds(500))
    let worse = scenario.advertisements(of: "b").filter { $0.time < first.time }
    #expect(worse.count >= 10)
    try scenario["b"].wait(for: "backup")
  }

  @Test("an interface that is taken away is a fault, and put back it serves again")
  func removedInterface() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    try scenario.lab.removeInterface("a")
    try scenario["a"].wait(for: "fault")
    #expect(try scenario.router("a").faultReasons.contains { $0.contains("no interface") })
    try scenario.lab.restoreInterface("a")
    try scenario.waitForHolder("a")
    let now = Moment.now
    try scenario.lab.eventually("it advertises on the new interface") {
      !scenario.advertisements(of: "a", since: now).isEmpty
    }
    _ = try scenario.sniffer.wait(for: "the address is announced again") {
      $0.arp?.sender == Scenario.address && $0.time > now
    }
  }

  @Test("an interface may come after the daemon")
  func lateInterface() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.lab.removeInterface("a")
    try scenario["a"].start()
    try scenario["a"].wait(for: "fault")
    try scenario.lab.restoreInterface("a")
    try scenario.waitForHolder("a")
  }

  @Test("an interface that is taken down and up again serves again")
  func down() throws {
    let scenario = try Scenario(["a": 150], addresses: ["fd77::100/64"])
    try scenario.start()
    try scenario.lab.setLink("a", up: false)
    try scenario["a"].wait(for: "fault")
    #expect(try scenario.lab.holders(of: "fd77::100") == [])
    try scenario.lab.setLink("a", up: true)
    try scenario.waitForHolder("a", of: "fd77::100")
  }

  @Test("a tracked interface without carrier is a fault too")
  func tracked() throws {
    let lab = try Lab.make(nodes: ["a"], networks: 2)
    var configuration = GodwitConfiguration(addresses: ["\(Scenario.address)/24"])
    configuration.interval = "100ms"
    configuration.routerLines = ["track: { interfaces: [eth1] }"]
    let node = try lab.godwit(on: "a", configuration)
    try node.start()
    try node.wait(for: "active")
    try lab.setPort("a", up: false, network: 1)
    try node.wait(for: "fault")
    #expect(try !lab.holds("a", Scenario.address))
    try lab.setPort("a", up: true, network: 1)
    try node.wait(for: "active")
  }
}
