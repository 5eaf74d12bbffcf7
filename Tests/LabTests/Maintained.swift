import Control
import Foundation
import Lab
import Testing

/// Two nodes with a key, whose address is probed every millisecond from a client.
struct Maintained {
  let scenario: Scenario
  let probe: Probe
  private let echoes: [EchoServer]

  var lab: Lab { scenario.lab }

  /// `a` is Active, both report to each other.
  init(
    mechanism: String = "bpf", interval: String = "100ms", maintenanceLease: String = "60s"
  ) throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, name, lab in
      let other = name == "a" ? "b" : "a"
      let key = "\(lab.directory)/key"
      if name == "a" {
        try "hex:\(String(repeating: "5a", count: 32))".write(
          toFile: key, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
      }
      configuration.interval = interval
      configuration.peers = [(other, [lab.address(of: other)])]
      configuration.lines = [
        "authentication: { keys: [{ id: 1, file: \(key) }] }", "lease_mechanism: \(mechanism)",
      ]
      configuration.routerLines = ["maintenance_lease: \(maintenanceLease)"]
      configuration.hooks = [["/bin/sh", try lab.hook()]]
    }
    self.scenario = scenario
    echoes = try ["a", "b"].map { try scenario.lab.echo(on: $0, [Scenario.address]) }
    probe = try scenario.lab.probe(Scenario.address, from: "client")
    try scenario.start()
    try waitForReports()
  }

  func waitForReports() throws {
    for node in ["a", "b"] {
      try lab.eventually("the peer of \(node) reports and hears it") {
        let path = try scenario.router(node).peers.first?.paths.first
        return path?.heard == true && path?.echoed == true
      }
    }
  }

  /// Switches it on a node; what the command says of the virtual router.
  @discardableResult
  func maintenance(_ wish: String, on node: String) throws -> MaintenanceOutcome.Router {
    let json = try scenario[node].command("maintenance", wish, "--json").expectSuccess().output
    let outcome = try JSONDecoder().decode(MaintenanceOutcome.self, from: Data(json.utf8))
    return try #require(outcome.routers.first)
  }

  func goBy(_ duration: Duration) throws {
    let began = Moment.now
    try lab.eventually("\(duration) have gone by", within: duration * 2) {
      Moment.now - began > duration
    }
  }

  func waitForAnswer() throws {
    let now = Moment.now
    try lab.eventually("the address answers") { probe.answered(since: now) }
  }

  /// Whether a node keeps the mark, in its status.
  func isOn(_ node: String) throws -> Bool { try scenario.router(node).maintenance }

  /// The hooks of the kinds that change something, in order.
  var changes: [String] {
    lab.hooks.filter { $0.contains(" promote ") || $0.contains(" demote ") }
  }

  /// What the probe has seen since then of `a`, to which nothing else than a few late packets may have
  /// happened.
  func expectNoGap(since moment: Moment) {
    let report = probe.report().since(moment)
    #expect(report.responders == ["a"])
    #expect(report.answered > 1000)
    #expect(report.lost <= 100)
    let longest = report.longestOutage?.duration ?? .zero
    // Without the lease the address would be away for more than an interval.
    #expect(longest < .milliseconds(100), "\(longest)")
  }
}
