import Control
import Foundation
import Lab
import Testing

/// A scenario whose nodes list each other and share a key.
private func scenario(
  _ change: (inout GodwitConfiguration, String) -> Void = { _, _ in }
) throws -> Scenario {
  try Scenario(["a": 150, "b": 100]) { configuration, name, lab in
    let other = name == "a" ? "b" : "a"
    let key = "\(lab.directory)/key"
    if name == "a" {
      try "hex:\(String(repeating: "5a", count: 32))".write(
        toFile: key, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    }
    configuration.peers = [(other, [lab.address(of: other)])]
    configuration.lines.append("authentication: { keys: [{ id: 1, file: \(key) }] }")
    change(&configuration, name)
  }
}

/// What a node says of its one peer.
private func peer(_ scenario: Scenario, _ node: String) throws -> PeerStatus {
  try #require(try scenario.router(node).peers.first)
}

private func waitForReports(_ scenario: Scenario) throws {
  for node in ["a", "b"] {
    try scenario.lab.eventually("the peer of \(node) reports and hears it") {
      let path = try peer(scenario, node).paths.first
      return path?.heard == true && path?.echoed == true
    }
  }
}

@Suite("Peer channel", .requiresGodwit)
struct PeerChannelScenarioTests {
  @Test("nodes with a key report to each other, and status shows the Backup too")
  func reports() throws {
    let scenario = try scenario()
    try scenario.start()
    try waitForReports(scenario)
    #expect(try scenario.report("a").peerChannel?.state == .on)
    let backup = try peer(scenario, "a")
    #expect(backup.state == .backup)
    #expect(backup.effectivePriority == 100)
    #expect(backup.fit == true)
    #expect(backup.configurationAgrees == true)
    #expect(backup.version == godwitVersion)
    #expect(abs(try #require(backup.clockOffsetMilliseconds)) <= 500)
    #expect(try peer(scenario, "b").state == .active)
  }

  @Test("a node that was killed is missed after 3 s, and found again after its start")
  func restart() throws {
    let scenario = try scenario()
    try scenario.start()
    try waitForReports(scenario)
    try scenario["b"].kill()
    try scenario.lab.eventually("a misses b") {
      try peer(scenario, "a").paths.first?.heard == false
    }
    try scenario["b"].start()
    try waitForReports(scenario)
    #expect(try peer(scenario, "a").state == .backup)
  }

  @Test("a planned failover goes over the channel")
  func handover() throws {
    let scenario = try scenario()
    try scenario.start()
    try waitForReports(scenario)
    try scenario["a"].command("failover", "--yes").expectSuccess()
    try scenario.waitForHolder("b")
    try scenario.lab.eventually("b knows that a is Backup") {
      try peer(scenario, "b").state == .backup
    }
    #expect(try scenario.report("a").discarded["peer_invalid_code"] == nil)
  }

  @Test("what the nodes must configure alike is named when they do not")
  func disagreement() throws {
    let scenario = try scenario { configuration, name in
      if name == "b" { configuration.routerLines.append("lease: 260ms") }
    }
    try scenario.start()
    try waitForReports(scenario)
    for node in ["a", "b"] {
      try scenario.lab.eventually("\(node) names the key") {
        try peer(scenario, node).disagreements == ["lease"]
      }
      #expect(try peer(scenario, node).configurationAgrees == false)
    }
  }

  @Test("without keys there is no channel, and status says why")
  func off() throws {
    let scenario = try scenario { configuration, _ in configuration.lines = [] }
    try scenario.start()
    let channel = try #require(try scenario.report("a").peerChannel)
    #expect(channel.state == .off)
    #expect(channel.reason == "authentication has no keys")
  }
}
