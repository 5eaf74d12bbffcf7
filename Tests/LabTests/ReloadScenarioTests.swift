import Control
import Foundation
import Glibc
import Lab
import Testing

@Suite("Reload", .requiresGodwit)
struct ReloadScenarioTests {
  @Test("a bad file is refused with every error, exit status 1, and nothing changes")
  func badFile() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    let node = try scenario["a"]
    let term = try scenario.router("a").term
    let echoes = try ["a", "b"].map { try lab.echo(on: $0, [Scenario.address]) }
    let probe = try lab.probe(Scenario.address, from: "client")
    try lab.eventually("a answers") { probe.lastAnswer?.responder == "a" }
    let began = Moment.now
    node.configuration.routerLines = ["prioritty: 3", "lease: 1"]
    node.configuration.vrid = 999
    try node.writeConfiguration()
    let result = try node.command("reload")
    #expect(result.status == 1)
    for word in ["prioritty", "999", node.configurationPath] {
      #expect(result.errors.contains(word), "\(result.errors)")
    }
    node.process?.signal(SIGHUP)
    try lab.eventually("the log tells it") { lab.text("a-godwitd.log").contains("prioritty") }
    try scenario.waitForBeats(5, of: "a")
    #expect(try scenario.router("a").term == term)
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
    #expect(scenario.advertisements(of: "b").isEmpty)
    probe.stop()
    #expect(probe.report().since(began).responders == ["a"])
    // A missing file is a bad one.
    try FileManager.default.removeItem(atPath: node.configurationPath)
    #expect(try node.command("reload").status == 1)
    #expect(try scenario.router("a").state == .active)
    for echo in echoes { echo.stop() }
  }

  @Test("an unchanged file touches nothing; SIGHUP reads the file too and says RELOADING, READY")
  func priority() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, _ in
      configuration.preempt = "true"
    }
    try scenario.start()
    let node = try scenario["a"]
    let before = try scenario.router("a")
    try node.command("reload").expectSuccess()
    let after = try scenario.router("a")
    #expect(after.term == before.term && after.counters.elections == before.counters.elections)
    node.configuration.priority = 50
    try node.writeConfiguration()
    node.process?.signal(SIGHUP)
    try scenario.waitForHolder("b")
    #expect(node.notified("RELOADING=1"))
    #expect(try scenario.router("a").priority == 50)
    node.configuration.priority = 200
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try scenario.waitForHolder("a")
    #expect(scenario.sniffer.frames.contains { $0.vrrp?.priority == 200 })
  }

  @Test("addresses are added to and removed from the Active node without a change of role")
  func addresses() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook()]]
    }
    let lab = scenario.lab
    try scenario.start()
    try lab.eventually("active has run") { lab.hooks.contains("a active here") }
    let term = try scenario.router("a").term
    let hooks = lab.hooks
    let node = try scenario["a"]
    node.configuration.addresses = ["\(Scenario.address)/24", "10.77.0.101/24"]
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try lab.eventually("the new one is here") { try lab.holders(of: "10.77.0.101") == ["a"] }
    _ = try scenario.sniffer.wait(for: "its announcement") { $0.arp?.sender == "10.77.0.101" }
    try scenario.waitForBeats(2, of: "a")
    #expect(scenario.advertisements(of: "a").last?.vrrp?.message.count == 16)

    node.configuration.addresses = ["10.77.0.101/24"]
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try lab.eventually("the old one is gone") { try lab.holders(of: Scenario.address) == [] }
    try scenario.waitForBeats(2, of: "a")
    #expect(scenario.advertisements(of: "a").last?.vrrp?.message.count == 12)
    #expect(try lab.holders(of: "10.77.0.101") == ["a"])
    let router = try scenario.router("a")
    #expect(router.term == term && router.state == .active && router.addressesHeld)
    #expect(router.addresses == ["10.77.0.101/24"])
    #expect(router.counters.addressesRestored == 0)
    #expect(lab.hooks == hooks)
    #expect(scenario.advertisements(of: "b").isEmpty)
  }

  @Test("a virtual router that is added starts, one that is removed is released like a stop")
  func addedAndRemoved() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    let node = try scenario["a"]
    node.configuration.otherRouters = [
      "more:", "  vrid: 52", "  interface: eth0", "  addresses: [10.77.0.120/24]",
      "  advertisement_interval: 100ms",
    ]
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try lab.eventually("the new one is Active") { try lab.holds("a", "10.77.0.120") }
    #expect(try scenario.report("a").virtualRouters.map(\.name) == ["orders-db", "more"])
    node.configuration.otherRouters = []
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try lab.eventually("it is gone") { try !lab.holds("a", "10.77.0.120") }
    _ = try scenario.sniffer.wait(for: "its goodbye") {
      $0.vrrp?.identifier == 52 && $0.vrrp?.priority == 0
    }
    #expect(try scenario.report("a").virtualRouters.map(\.name) == ["orders-db"])
    #expect(
      scenario.sniffer.frames.allSatisfy { $0.vrrp?.identifier == 52 || $0.vrrp?.priority != 0 })
    #expect(scenario.advertisements(of: "b").isEmpty)
  }

  @Test(
    "a virtual router under another name hears the others and takes part once the old one has left")
  func renamed() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    try scenario.start()
    let node = try scenario["b"]
    node.configuration.name = "orders"
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try scenario.lab.eventually("the new name is a Backup that hears the Active Router") {
      let router = try scenario.router("b")
      return router.name == "orders" && router.state == .backup && router.activeRouter != nil
    }
    try scenario.waitForBeats(10, of: "a")
    #expect(scenario.advertisements(of: "b").isEmpty)
    try scenario["a"].kill()
    try node.wait(for: "active")
  }

  @Test("a lease that a reload takes away leaves the addresses for good")
  func leaseOff() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let node = try scenario["a"]
    node.configuration.routerLines = ["lease: off"]
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    let addresses = try scenario.lab.run(["ip", "-4", "addr", "show", "dev", "eth0"], in: "a")
    let lines = addresses.output.split(separator: "\n")
    let place = try #require(lines.firstIndex { $0.contains(Scenario.address) })
    #expect(lines[place + 1].contains("valid_lft forever"))
    #expect(try scenario.router("a").lease.mechanism == .off)
  }

  @Test("another VRID is another virtual router: goodbye to the one, election of the other")
  func identifier() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, _ in
      // The other one goes on with the old VRID and the same address.
      configuration.routerLines = ["conflict_detection: false"]
    }
    try scenario.start()
    let term = try scenario.router("a").term
    let node = try scenario["a"]
    node.configuration.vrid = 52
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    _ = try scenario.sniffer.wait(for: "the goodbye of VRID 51") {
      $0.vrrp?.identifier == 51 && $0.vrrp?.priority == 0
    }
    try scenario["b"].wait(for: "active")
    _ = try scenario.sniffer.wait(for: "an advertisement of VRID 52") {
      $0.vrrp?.identifier == 52 && $0.vrrp?.priority == 150
    }
    try scenario["a"].wait(for: "active")
    #expect(try scenario.router("a").vrid == 52)
    #expect(try scenario.router("a").term > term)
  }

  @Test("what needs a new start is refused by its name")
  func needsRestart() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let node = try scenario["a"]
    node.configuration.lines = ["lock_memory: false"]
    try node.writeConfiguration()
    let result = try node.command("reload")
    #expect(result.status == 1)
    #expect(result.errors.contains("lock_memory"))
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
  }

  // MARK: While one leaves

  @Test("a VRID that is put back while the old virtual router leaves makes no second one")
  func restoredWhileLeaving() throws {
    let (scenario, node) = try slowToLeave()
    let lab = scenario.lab
    node.configuration.vrid = 52
    try node.writeConfiguration()
    let first = try node.command("reload").expectSuccess().output
    #expect(first.contains("changed orders-db") && first.contains("has left"), "\(first)")
    try lab.eventually("demote runs") { lab.hooks.contains("a demote here") }
    // What leaves is shown until the other one is here.
    #expect(try scenario.report("a").virtualRouters.map(\.vrid) == [51])
    node.configuration.vrid = 51
    try node.writeConfiguration()
    let second = try node.command("reload").expectSuccess().output
    #expect(second.contains("changed orders-db"), "\(second)")
    #expect(try node.command("failover", "orders-db").status == 1)
    #expect(try scenario.report("a").virtualRouters.map(\.state) == [.releasing])
    try lab.touch("go")
    _ = try scenario.sniffer.wait(for: "the goodbye of what left") { $0.vrrp?.priority == 0 }
    try scenario.waitForHolder("a")
    try scenario.waitForBeats(5, of: "a")
    #expect(try scenario.report("a").virtualRouters.map(\.vrid) == [51])
    #expect(scenario.sniffer.frames.allSatisfy { ($0.vrrp?.identifier ?? 51) == 51 })
    #expect(!lab.hooks.contains { $0.contains("fault") }, "\(lab.hooks)")
  }

  @Test("one that is removed and added again while it leaves comes back once it has left")
  func addedAgainWhileLeaving() throws {
    let (scenario, node) = try slowToLeave()
    let lab = scenario.lab
    let all = try String(contentsOfFile: node.configurationPath, encoding: .utf8)
    let name = node.configuration.name
    node.configuration.name = "other"
    node.configuration.vrid = 60
    node.configuration.addresses = ["10.77.0.120/24"]
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    // Nothing that it has is in its way.
    try lab.eventually("the other one is Active") { try lab.holds("a", "10.77.0.120") }
    try lab.eventually("demote runs") { lab.hooks.contains("a demote here") }
    node.configuration.name = name
    try all.write(toFile: node.configurationPath, atomically: true, encoding: .utf8)
    let output = try node.command("reload").expectSuccess().output
    #expect(output.contains("added orders-db; removed other"), "\(output)")
    try lab.touch("go")
    _ = try scenario.sniffer.wait(for: "the goodbye of what left") {
      $0.vrrp?.identifier == 51 && $0.vrrp?.priority == 0
    }
    try scenario.waitForHolder("a")
    try lab.eventually("the other one has left") {
      try scenario.report("a").virtualRouters.map(\.name) == ["orders-db"]
    }
    #expect(!lab.hooks.contains { $0.contains("fault") }, "\(lab.hooks)")
  }

  @Test("one that is removed for good while its replacement waits takes that along")
  func removedWhileLeaving() throws {
    let (scenario, node) = try slowToLeave()
    let lab = scenario.lab
    node.configuration.otherRouters = [
      "more:", "  vrid: 70", "  interface: eth0", "  addresses: [10.77.0.120/24]",
    ]
    node.configuration.vrid = 52
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try lab.eventually("demote runs") { lab.hooks.contains("a demote here") }
    node.configuration.name = "more"
    node.configuration.vrid = 70
    node.configuration.addresses = ["10.77.0.120/24"]
    node.configuration.otherRouters = []
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try lab.touch("go")
    try lab.eventually("its address is gone") { try lab.holders(of: Scenario.address) == [] }
    try node.wait(for: "active")
    #expect(try scenario.report("a").virtualRouters.map(\.name) == ["more"])
    #expect(scenario.sniffer.frames.allSatisfy { $0.vrrp?.identifier != 52 })
  }

  @Test("two that swap their VRIDs and addresses come back once both have left")
  func swapped() throws {
    let (scenario, node) = try slowToLeave { configuration in
      configuration.otherRouters = Self.more(52, "10.77.0.120")
    }
    let lab = scenario.lab
    try lab.eventually("both are held") { try lab.holds("a", "10.77.0.120") }
    node.configuration.vrid = 52
    node.configuration.addresses = ["10.77.0.120/24"]
    node.configuration.otherRouters = Self.more(51, Scenario.address)
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try lab.eventually("the quick one has left") { try !lab.holds("a", "10.77.0.120") }
    try lab.eventually("demote runs") { lab.hooks.contains("a demote here") }
    let began = Moment.now
    try lab.touch("go")
    try lab.eventually("both are back") {
      try scenario.report("a").virtualRouters.filter { $0.state == .active }.count == 2
    }
    let routers = try scenario.report("a").virtualRouters
    #expect(Set(routers.map { "\($0.name) \($0.vrid)" }) == ["orders-db 52", "more 51"])
    #expect(routers.allSatisfy { $0.counters.addressesRestored == 0 })
    #expect(try lab.holds("a", Scenario.address) && lab.holds("a", "10.77.0.120"))
    #expect(scenario.advertisements(of: "a", since: began).contains { $0.vrrp?.identifier == 52 })
    #expect(!lab.hooks.contains { $0.contains("fault") }, "\(lab.hooks)")
  }

  @Test("an address moves to another virtual router once the one that had it has left")
  func addressOfOneThatLeaves() throws {
    let (scenario, node) = try slowToLeave { configuration in
      configuration.otherRouters = Self.more(52, "10.77.0.120")
    }
    let lab = scenario.lab
    try lab.eventually("both are held") { try lab.holds("a", "10.77.0.120") }
    node.configuration.name = "more"
    node.configuration.vrid = 52
    node.configuration.hooks = []
    node.configuration.addresses = ["10.77.0.120/24", "\(Scenario.address)/24"]
    node.configuration.otherRouters = []
    try node.writeConfiguration()
    let output = try node.command("reload").expectSuccess().output
    #expect(output.contains("has left: more"), "\(output)")
    try lab.eventually("demote runs") { lab.hooks.contains("a demote here") }
    #expect(try scenario.router("a").name == "more")
    #expect(try scenario.router("a").addresses == ["10.77.0.120/24"])
    try lab.touch("go")
    try lab.eventually("it has both") {
      let router = try scenario.router("a")
      return router.addresses.count == 2 && router.addressesHeld
    }
    #expect(try scenario.router("a").counters.addressesRestored == 0)
    #expect(try lab.holds("a", "10.77.0.120"))
  }

  /// One node that is Active, and whose `demote` lasts until the file `go` is there.
  private func slowToLeave(
    change: (inout GodwitConfiguration) -> Void = { _ in }
  ) throws -> (Scenario, GodwitNode) {
    let scenario = try Scenario(["a": 150]) { configuration, _, lab in
      let body = """
        if [ "$1" = demote ]; then while [ ! -e \(lab.directory)/go ]; do sleep 0.05; done; fi
        """
      configuration.hooks = [["/bin/sh", try lab.hook(body)]]
      change(&configuration)
    }
    try scenario.start()
    return (scenario, try scenario["a"])
  }

  /// Another virtual router without hooks.
  private static func more(_ vrid: Int, _ address: String) -> [String] {
    [
      "more:", "  vrid: \(vrid)", "  interface: eth0", "  addresses: [\(address)/24]",
      "  advertisement_interval: 100ms",
    ]
  }
}
