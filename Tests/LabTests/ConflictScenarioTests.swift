import Control
import Lab
import Testing

/// Others that have the address: RFC 5227 over IPv4, RFC 4862 and RFC 4861 over IPv6.
@Suite("Address conflicts", .requiresGodwit) struct ConflictScenarioTests {
  struct Family: CustomTestStringConvertible, Sendable {
    var addresses: [String]
    var shared: String
    var testDescription: String { shared }
  }

  static let families = [
    Family(addresses: ["10.77.0.100/24"], shared: "10.77.0.100"),
    Family(addresses: ["fd77::100/64"], shared: "fd77::100"),
  ]

  @Test(
    "who does not hear the Active Router but sees it answer stays out until it hears it",
    arguments: families)
  func staysOut(_ family: Family) throws {
    let scenario = try Scenario(["a": 100, "b": 150], addresses: family.addresses)
    let lab = scenario.lab
    try lab.cut("b", .vrrp)
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    try scenario["b"].start()
    try scenario["b"].wait(for: "fault")
    let status = try scenario.router("b")
    #expect(status.reason == "conflict")
    #expect(status.conflict?.hardwareAddress == lab.hardwareAddress(of: "a"))
    #expect(status.conflict?.keepsOut == true)
    #expect(try lab.holders(of: family.shared) == ["a"])
    try lab.heal("b")
    try scenario["b"].wait(for: "backup")
    #expect(try scenario.router("b").activeRouter != nil)
    #expect(scenario.advertisements(of: "b").isEmpty)
  }

  @Test(
    "two Active Routers that do not hear each other find each other, and the lower priority yields",
    arguments: families)
  func findEachOther(_ family: Family) throws {
    let scenario = try Scenario(["a": 150, "b": 100], addresses: family.addresses)
    let lab = scenario.lab
    try scenario.start()
    try lab.cut("b", .vrrp)
    try scenario["b"].wait(for: "fault")
    let status = try scenario.router("b")
    #expect(status.reason == "conflict")
    #expect(status.conflict?.hardwareAddress == lab.hardwareAddress(of: "a"))
    #expect(status.conflict?.node != nil)
    #expect(try scenario["a"].router().state == "active")
    #expect(try lab.holders(of: family.shared) == ["a"])
    // While it is out nobody hears a goodbye of it, and the better one goes on.
    #expect(scenario.sniffer.frames.allSatisfy { $0.vrrp?.priority != 0 })
    try scenario["a"].kill()
    try scenario["b"].wait(for: "active", within: .seconds(20))
    #expect(try scenario.router("b").addressesHeld)
  }

  @Test("a host that steals the address is named, told off, and does not get it")
  func thief() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    try scenario.start()
    try lab.run(["ip", "addr", "add", "10.77.0.100/32", "dev", "eth0"], in: "client")
      .expectSuccess()
    try lab.run(
      ["arping", "-U", "-c", "1", "-I", "eth0", "10.77.0.100"], in: "client")
    try lab.eventually("the thief is named") {
      try scenario.router("a").conflict?.hardwareAddress == lab.hardwareAddress(of: "client")
    }
    let status = try scenario.router("a")
    #expect(status.state == .active && status.addressesHeld)
    #expect(status.conflict?.keepsOut == false)
    #expect(status.conflict?.node == nil)
    #expect(status.counters.conflictsSeen >= 1)
    #expect(status.counters.conflictsDefended >= 1)
    #expect(
      try scenario["a"].command("status").expectSuccess().output
        .contains("\(lab.hardwareAddress(of: "client")) claimed 10.77.0.100"))
  }

  @Test("an address that is in use before the first claim is left alone until it is free")
  func inUse() throws {
    let scenario = try Scenario(["a": 150])
    let lab = scenario.lab
    try lab.run(["ip", "addr", "add", "10.77.0.100/32", "dev", "eth0"], in: "client")
      .expectSuccess()
    try scenario["a"].start()
    try scenario["a"].wait(for: "fault")
    #expect(
      try scenario["a"].router().faultReasons?.first?.contains(
        lab.hardwareAddress(of: "client")) == true)
    #expect(scenario.advertisements(of: "a").isEmpty)
    try lab.run(["ip", "addr", "del", "10.77.0.100/32", "dev", "eth0"], in: "client")
      .expectSuccess()
    try scenario["a"].wait(for: "active")
  }
}
