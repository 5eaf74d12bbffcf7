import Control
import Foundation
import Glibc
import Lab
import Testing

@Suite("Connections", .requiresGodwit, .serialized)
struct ConnectionScenarioTests {
  /// Two nodes with a TCP server each, one socket for both families; `speak` when they have keys, so
  /// that they report to each other.
  private func scenario(
    _ lines: [String] = [], addresses: [String] = ["\(Scenario.address)/24"], speak: Bool = false
  ) throws -> (scenario: Scenario, servers: [TCPServer]) {
    let scenario = try Scenario(["a": 150, "b": 100], addresses: addresses) {
      configuration, name, lab in
      configuration.routerLines = lines
      let other = name == "a" ? "b" : "a"
      configuration.peers = [(other, [lab.address(of: other)])]
      guard speak else { return }
      let key = "\(lab.directory)/\(name)-key"
      try "hex:\(String(repeating: "1a", count: 32))\n".write(
        toFile: key, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
      configuration.lines = ["authentication: { keys: [{ id: 1, file: \(key) }], active_key: 1 }"]
    }
    let servers = try ["a", "b"].map { try scenario.lab.tcpServer(on: $0, .mapped) }
    try scenario.start()
    return (scenario, servers)
  }

  private func moveAway(_ scenario: Scenario) throws {
    try scenario["a"].command("failover", "--yes").expectSuccess()
  }

  @Test(
    "a planned failover resets every connection of the addresses, and no other",
    arguments: [Scenario.address, "fd77::100"])
  func planned(_ address: String) throws {
    let (scenario, servers) = try scenario(
      addresses: [address.contains(":") ? "\(address)/64" : "\(address)/24"])
    let lab = scenario.lab
    let own = address.contains(":") ? lab.address6(of: "a") : lab.address(of: "a")
    let idle = try ClientPool.start(.idle, 300, to: address, from: "client", in: lab)
    let others = try ClientPool.start(.idle, 5, to: own, from: "client", in: lab)
    let moment = Moment.now
    try moveAway(scenario)
    #expect(try idle.waitUntilAllKnow(since: moment, within: .seconds(5)))
    try idle.waitUntilAllAreUp()
    let losses = try idle.report().losses(since: moment)
    #expect(losses.count == 300)
    #expect(losses.allSatisfy { $0.error == ECONNRESET })
    #expect(try idle.report().losses.last?.server == "b")
    #expect(try others.report().losses.isEmpty)
    let counters = try scenario.router("a").counters
    #expect(counters.connectionsReset >= 300)
    #expect(counters.connectionsLeft == 0)
    withExtendedLifetime(servers) {}
  }

  @Test(
    "connections to other ports, and all where they are to be left, stay as they are",
    arguments: ["{ ports: [5432] }", "{ on_release: leave, on_takeover: leave }"])
  func left(_ settings: String) throws {
    let (scenario, servers) = try scenario(["connections: \(settings)"])
    let lab = scenario.lab
    let idle = try ClientPool.start(
      .idle, 10, to: Scenario.address, from: "client", in: lab)
    try moveAway(scenario)
    try scenario.waitForHolder("b")
    try scenario.waitForBeats(15, of: "b")
    #expect(try idle.report().losses.isEmpty)
    #expect(try scenario.router("a").counters.connectionsReset == 0)
    #expect(try scenario.router("b").counters.connectionsTold == 0)
    withExtendedLifetime(servers) {}
  }

  @Test(
    "a client that connects while the addresses leave is told by the new holder, over either family",
    arguments: [Scenario.address, "fd77::100"])
  func late(_ address: String) throws {
    let (scenario, servers) = try scenario(
      addresses: [address.contains(":") ? "\(address)/64" : "\(address)/24"], speak: true)
    try scenario.lab.eventually("a has a fit peer") {
      try scenario.router("a").peers.contains {
        $0.lastSeenMilliseconds != nil && $0.fit == true
      }
    }
    let mute = try ClientPool.start(.mute, 300, to: address, from: "client", in: scenario.lab)
    try moveAway(scenario)
    for (node, count) in [("b", 300), ("a", 0)] {
      try scenario.lab.eventually("\(node) has \(count) connections", within: .seconds(4)) {
        let list = try scenario.lab.run(
          ["ss", "-Htn", "state", "connected", "exclude", "time-wait", "src", "[\(address)]"],
          in: node)
        try list.expectSuccess()
        return list.output.split(separator: "\n").count == count
      }
    }
    #expect(try mute.report().up == 300)
    withExtendedLifetime(servers) {}
  }

  @Test("a reload changes which ports are meant")
  func reload() throws {
    let (scenario, servers) = try scenario(["connections: { ports: [5432] }"])
    let lab = scenario.lab
    let idle = try ClientPool.start(.idle, 10, to: Scenario.address, from: "client", in: lab)
    let node = try scenario["a"]
    node.configuration.routerLines = ["connections: { ports: [5432, \(TCPServer.port)] }"]
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    let moment = Moment.now
    try moveAway(scenario)
    #expect(try idle.waitUntilAllKnow(since: moment, within: .seconds(5)))
    withExtendedLifetime(servers) {}
  }

  @Test(
    "a reload that drops an address from the Active node resets its connections, and no other",
    arguments: [("", true), ("connections: { on_release: leave }", false)])
  func dropped(_ settings: String, isReset: Bool) throws {
    let other = "10.77.0.101"
    let (scenario, servers) = try scenario(
      settings.isEmpty ? [] : [settings], addresses: ["\(Scenario.address)/24", "\(other)/24"])
    let lab = scenario.lab
    let gone = try ClientPool.start(.idle, 300, to: other, from: "client", in: lab)
    let kept = try ClientPool.start(.idle, 5, to: Scenario.address, from: "client", in: lab)
    let node = try scenario["a"]
    let term = try scenario.router("a").term
    let moment = Moment.now
    node.configuration.addresses = ["\(Scenario.address)/24"]
    try node.writeConfiguration()
    let output = try node.command("reload").expectSuccess().output
    #expect(output == "reloaded: changed orders-db\n  changed: orders-db\n")
    try lab.eventually("the address is gone") { try lab.holders(of: other) == [] }
    #expect(
      try gone.waitUntilAllKnow(since: moment, within: isReset ? .seconds(2) : .zero) == isReset)
    let losses = try gone.report().losses(since: moment)
    #expect(losses.count == (isReset ? 300 : 0) && losses.allSatisfy { $0.error == ECONNRESET })
    #expect(try kept.report().losses.isEmpty)
    let router = try scenario.router("a")
    #expect(router.counters.connectionsReset >= (isReset ? 300 : 0))
    #expect(router.term == term && router.state == .active && router.addressesHeld)
    withExtendedLifetime(servers) {}
  }

  @Test("a Backup that a reload replaces gets the list of the clients anew")
  func replacedBackup() throws {
    let (scenario, servers) = try scenario(speak: true)
    let lab = scenario.lab
    let idle = try ClientPool.start(.idle, 20, to: Scenario.address, from: "client", in: lab)
    let known = { try scenario.router("b").connections?.known ?? 0 }
    try lab.eventually("b knows the clients") { try known() == 20 }
    let node = try scenario["b"]
    // Another identity of the same name.
    node.configuration.routerLines = ["source_address: \(lab.address(of: "b"))"]
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try node.wait(for: "backup")
    try lab.eventually("the new one knows them") { try known() == 20 }
    withExtendedLifetime((servers, idle)) {}
  }

  /// Waits until the peer has the list of what is connected now: the third survey from now on.
  private func waitUntilShared(_ scenario: Scenario) throws {
    try scenario.waitForBeats(25, of: "a")
  }

  @Test(
    "after a crash the new holder tells every idle client, over either family",
    arguments: [Scenario.address, "fd77::100"])
  func crash(_ address: String) throws {
    let count = 300
    let (scenario, servers) = try scenario(
      addresses: [address.contains(":") ? "\(address)/64" : "\(address)/24"], speak: true)
    let lab = scenario.lab
    let idle = try ClientPool.start(.idle, count, to: address, from: "client", in: lab)
    try waitUntilShared(scenario)
    let moment = Moment.now
    try lab.cut("a")
    #expect(try idle.waitUntilAllKnow(since: moment, within: .seconds(5)))
    try idle.waitUntilAllAreUp()
    let losses = try idle.report().losses(since: moment)
    #expect(losses.count == count)
    #expect(losses.allSatisfy { $0.error == ECONNRESET && $0.server == "b" })
    // The last round leaves a second after the first.
    try scenario.waitForBeats(15, of: "b")
    #expect(try scenario.router("b").counters.ticklesSent >= count)
    #expect(try scenario.router("b").counters.connectionsTold == count)
    #expect(try idle.report().losses.count == count)
    withExtendedLifetime(servers) {}
  }
}
