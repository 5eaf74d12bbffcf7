import Control
import Foundation
import Lab
import Testing

/// A scenario whose nodes list each other, by a path on each network, and share a key.
private func scenario(
  networks: Int = 1,
  _ change: (inout GodwitConfiguration, String) -> Void = { _, _ in }
) throws -> Scenario {
  try Scenario(["a": 150, "b": 100], networks: networks) { configuration, name, lab in
    let other = name == "a" ? "b" : "a"
    let key = "\(lab.directory)/key"
    if name == "a" {
      try "hex:\(String(repeating: "5a", count: 32))".write(
        toFile: key, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
    }
    configuration.peers = [(other, (0..<networks).map { lab.address(of: other, network: $0) })]
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

/// An Ethernet frame from the client to `a` with a datagram of `b` whose code is wrong.
private func forgery(_ lab: Lab) throws -> [UInt8] {
  let zeros = [UInt8](repeating: 0, count: 8)
  let one: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
  let names = Array("ba".utf8)
  let payload: [UInt8] =
    [0x47, 0x57, 0x50, 0x43, 1, 1, 1, 0, 0, 1, 1, 0] + one + one + zeros + zeros + zeros + names
    + [99, 5, 0] + [UInt8](repeating: 0, count: 1280) + [UInt8](repeating: 0, count: 32)
  func octets(_ text: String, _ separator: Character, _ radix: Int) -> [UInt8] {
    text.split(separator: separator).compactMap { UInt8($0, radix: radix) }
  }
  func word(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }
  var header: [UInt8] =
    [0x45, 0] + word(28 + payload.count) + [0, 0, 0, 0, 64, 17, 0, 0]
    + octets(lab.address(of: "client"), ".", 10) + octets(lab.address(of: "a"), ".", 10)
  var sum = 0
  for place in stride(from: 0, to: 20, by: 2) {
    sum += Int(header[place]) << 8 | Int(header[place + 1])
  }
  while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
  header.replaceSubrange(10..<12, with: word(0xffff - sum))
  // No checksum, as UDP over IPv4 may have it.
  let udp = word(40_000) + word(9112) + word(8 + payload.count) + [0, 0]
  return octets(lab.hardwareAddress(of: "a"), ":", 16)
    + octets(lab.hardwareAddress(of: "client"), ":", 16) + [8, 0] + header + udp + payload
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

  @Test("a recording of an earlier session, played back, keeps no peer from being heard again")
  func playedBack() throws {
    let scenario = try scenario(networks: 2)
    let lab = scenario.lab
    try scenario.start()
    try waitForReports(scenario)
    let hardware = lab.hardwareAddress(of: "b", network: 1)
    var old = try lab.sniffer(on: "a", network: 1).wait(for: "a report of b on the second path") {
      $0.content == .other && $0.source == hardware && $0.bytes.count > 100
    }.bytes
    // The kernel had left the checksum to the interface; over IPv4 there may be none.
    old.replaceSubrange(40..<42, with: [0, 0])
    // Another session, so that the recording is of an earlier one.
    try scenario["b"].kill()
    try scenario["b"].start()
    try waitForReports(scenario)
    try scenario["b"].kill()
    // The path that the recording came by is dead by now.
    try lab.cut("b", network: 1)
    let flood = try lab.flood(
      [old], total: 200_000, perSecond: 20_000, from: "client", network: 1)
    try lab.eventually("the recording arrives") {
      try scenario.report("a").discarded["peer_stale_session", default: 0] > 1000
    }
    try scenario["b"].start()
    let began = Moment.now
    try lab.eventually("b hears a again") { try peer(scenario, "b").paths.first?.heard == true }
    #expect(Moment.now - began < .seconds(3))
    #expect(flood.isRunning)
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

  @Test("a flood of forged reports delays no advertisement and no report")
  func flood() throws {
    let scenario = try scenario()
    try scenario.start()
    try waitForReports(scenario)
    let lab = scenario.lab
    let flood = try lab.flood([try forgery(lab)], total: 60_000, perSecond: 20_000, from: "client")
    try flood.wait()
    // Had three advertisements in a row been late, b would have claimed.
    #expect(try scenario.router("b").state == .backup)
    #expect(try scenario.router("b").counters.elections == 0)
    #expect(try scenario.router("a").counters.beatsFailed == 0)
    let report = try scenario.report("a")
    #expect(report.discarded["peer_invalid_code", default: 0] > 1000)
    #expect(report.virtualRouters.first?.peers.first?.paths.first?.heard == true)
    #expect(try peer(scenario, "b").paths.first?.heard == true)
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
