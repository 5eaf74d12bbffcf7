import Control
import Lab
import Testing

@Suite("Families, versions and ways to name an interface", .requiresGodwit)
struct FamilyScenarioTests {
  static let address6 = "fd77::100"

  @Test(
    "over IPv6 with a link-local address derived from the VRID or given, the address moves",
    arguments: [["fd77::100/64"], ["fe80::77/64", "fd77::100/64"]])
  func ipv6(addresses: [String]) throws {
    let scenario = try Scenario(["a": 150, "b": 100], addresses: addresses)
    let lab = scenario.lab
    let linkLocal = addresses.count == 1 ? "fe80::5e00:233" : "fe80::77"
    try scenario.start()
    try scenario.waitForHolder("a", of: Self.address6)
    #expect(try lab.holders(of: linkLocal) == ["a"])
    #expect(try scenario.router("a").family == .ipv6)
    #expect(
      try lab.addresses(of: "a").filter { [linkLocal, Self.address6].contains($0.address) }
        .allSatisfy { !$0.isTentative })
    let echoes = try ["a", "b"].map { try lab.echo(on: $0, [Self.address6]) }
    let probe = try lab.probe(Self.address6, from: "client")
    try lab.eventually("a answers") { probe.lastAnswer?.responder == "a" }
    #expect(try scenario["a"].command("failover", "--yes").status == 0)
    try scenario.waitForHolder("b", of: Self.address6)
    #expect(try lab.holders(of: linkLocal) == ["b"])
    try lab.eventually("b answers") { probe.lastAnswer?.responder == "b" }
    probe.stop()
    #expect(probe.report().responders == ["a", "b"])
    let announcement = try #require(
      scenario.sniffer.frames.first {
        $0.neighbour?.target == Self.address6 && $0.neighbour?.type == 136
          && $0.source == lab.hardwareAddress(of: "b")
      })
    // Router and Override, not Solicited (RFC 4861 section 4.4).
    #expect(announcement.neighbour.map { $0.flags & 0xe0 } == 0xa0)
    for echo in echoes { echo.stop() }
  }

  @Test("version 2 elects, takes over and gives back every second")
  func version2() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, _ in
      configuration.version = 2
      configuration.interval = "1s"
    }
    try scenario.start()
    #expect(
      scenario.sniffer.frames.compactMap(\.vrrp).allSatisfy {
        $0.version == 2 && $0.message.count == 20
      })
    #expect(try scenario["a"].command("failover", "--yes").status == 0)
    try scenario.waitForHolder("b")
    try scenario["b"].stop()
    try scenario.waitForHolder("a")
  }

  @Test("both families on one node with the same VRID move independently")
  func bothFamilies() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, _ in
      configuration.otherRouters = [
        "six:", "  vrid: 51", "  interface: eth0", "  addresses: [\"fd77::100/64\"]",
        "  priority: \(configuration.priority)", "  advertisement_interval: 100ms",
      ]
    }
    try scenario.start()
    try scenario.lab.eventually("a has both") {
      let four = try scenario.lab.holders(of: Scenario.address)
      return try four == ["a"] && scenario.lab.holders(of: Self.address6) == ["a"]
    }
    #expect(try scenario.report("a").virtualRouters.map(\.state) == [.active, .active])
    #expect(try scenario["a"].command("failover", "six", "--yes").status == 0)
    try scenario.lab.eventually("b has the one") {
      try scenario.lab.holders(of: Self.address6) == ["b"]
    }
    #expect(try scenario.lab.holders(of: Scenario.address) == ["a"])
    // Which one is meant must be said.
    #expect(try scenario["a"].command("failover", "--yes").status == 64)
  }

  @Test("source_address is where advertisements come from, and without it there is a fault")
  func sourceAddress() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.routerLines = ["source_address: 10.77.0.50"]
    }
    let lab = scenario.lab
    try scenario["a"].start()
    try scenario["a"].wait(for: "fault")
    try lab.run(["ip", "addr", "add", "10.77.0.50/24", "dev", "eth0"], in: "a").expectSuccess()
    try scenario.waitForHolder("a")
    #expect(!scenario.sniffer.frames.compactMap(\.vrrp).isEmpty)
    #expect(scenario.sniffer.frames.compactMap(\.vrrp).allSatisfy { $0.source == "10.77.0.50" })
    try lab.run(["ip", "addr", "del", "10.77.0.50/24", "dev", "eth0"], in: "a").expectSuccess()
    try scenario["a"].wait(for: "fault")
    #expect(try !lab.holds("a", Scenario.address))
  }

  @Test(
    "an interface can be named by its hardware address or by a subnet",
    arguments: ["{ mac: \"02:77:00:00:00:01\" }", "{ subnet: 10.77.0.0/24 }"])
  func selector(interface: String) throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.interface = interface
    }
    try scenario.start()
    try scenario.waitForHolder("a")
    #expect(try scenario.router("a").interface == "eth0")
  }

  @Test("the owner of the address is Active at once, and keeps its address when it stops")
  func owner() throws {
    let scenario = try Scenario(["b": 100, "a": 255]) { configuration, name, lab in
      configuration.addresses = ["\(lab.address(of: "a"))/24"]
    }
    let lab = scenario.lab
    let address = lab.address(of: "a")
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    #expect(try scenario.router("a").reason == "startup")
    try scenario["b"].start()
    try scenario["b"].wait(for: "backup")
    #expect(try lab.holders(of: address) == ["a"])
    #expect(scenario.sniffer.frames.compactMap(\.vrrp).allSatisfy { $0.priority == 255 })
    try scenario["a"].stop()
    // It is the node's own and was never Godwit's to take.
    #expect(try lab.holds("a", address))
  }
}
