import Control
import Foundation
import Lab
import Testing

@Suite("Bad input", .requiresGodwit)
struct BadInputScenarioTests {
  private struct PacketFile: Decodable { let packets: [Packet] }

  private struct Packet: Decodable {
    let id: String
    let receiver: String
    let checksumForm: String
    let effect: String?
    let expect: String
    let hex: String

    private enum CodingKeys: String, CodingKey {
      case id, receiver, effect, expect, hex
      case checksumForm = "checksum_form"
    }

    var bytes: [UInt8] {
      let digits = hex.compactMap(\.hexDigitValue)
      return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
      }
    }
  }

  /// The counter of every frame that must be discarded. M18 (a fragment) and M20 (from our own
  /// address) never get past the kernel.
  private static let reasons: [String: String] = [
    "M01": "hop_limit", "M02": "version", "M03": "version", "M04": "type", "M05": "type",
    "M06": "length", "M07": "length", "M08": "length", "M09": "checksum", "M10": "checksum",
    "M11": "unknown_virtual_router", "M12": "unknown_virtual_router", "M13": "no_addresses",
    "M14": "zero_interval", "M15": "length", "M16": "length", "M17": "length",
    "M19": "destination", "M61": "hop_limit", "M62": "checksum", "M63": "first_address",
    "M64": "no_addresses", "M65": "length", "M66": "version", "M67": "source",
    "M68": "zero_interval", "M69": "type", "M81": "hop_limit", "M82": "version",
    "M83": "authentication_type", "M84": "authentication_type", "M85": "interval_mismatch",
    "M86": "length", "M87": "address_list", "M89": "no_addresses", "M90": "checksum",
    "M91": "type",
  ]

  /// Priority 200 and priority 0 with an interval of 10 ms, after which a Backup is Active at once:
  /// C01 and M21 with 0x0001 for 0x0064, the checksums larger by 0x63.
  private static let hurry = [
    "01005e00001200005e000133080045c0002000010000ff701898c0000202e00000123133c801000143cbc00002fe",
    "01005e00001200005e000133080045c0002000010000ff701898c0000202e0000012313300010001 0bccc00002fe",
  ]

  /// The node of the file's header.
  private func scenario(_ receiver: String) throws -> Scenario {
    let isIPv6 = receiver == "v6"
    let scenario = try Scenario(["a": 100]) { configuration, _, _ in
      configuration.interval = "1s"
      configuration.vrid = isIPv6 ? 61 : 51
      configuration.version = receiver == "v2" ? 2 : 3
      configuration.addresses =
        isIPv6 ? ["fe80::61/64", "2001:db8::61/64"] : ["192.0.2.254/24"]
      configuration.routerLines = ["source_address: \(isIPv6 ? "fe80::a" : "192.0.2.1")"]
    }
    for line in [
      "link set eth0 address 02:00:00:00:00:0a", "addr add 192.0.2.1/24 dev eth0",
      "addr add fe80::a/64 dev eth0 nodad",
    ] {
      let words = line.split(separator: " ").map(String.init)
      try scenario.lab.run(["ip"] + words, in: "a").expectSuccess()
    }
    try scenario.start()
    return scenario
  }

  @Test("every frame of malformed.json does what its entry says", arguments: ["v3", "v6", "v2"])
  func malformed(receiver: String) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "VRRPTests/Packets/malformed.json")
    let packets = try JSONDecoder().decode(PacketFile.self, from: Data(contentsOf: file)).packets
      .filter { $0.receiver == receiver }
    #expect(packets.count == ["v3": 59, "v6": 10, "v2": 13][receiver])
    let scenario = try scenario(receiver)
    for packet in packets { try expect(packet, in: scenario) }
    let log = scenario.lab.text("a-godwitd.log")
    #expect(log.split(separator: "\n").count < 200)
    guard receiver == "v3" else { return }
    // Another interval (the first is of `hurry`) and other addresses are kept, and told.
    #expect(log.contains("192.0.2.2 advertises every 10 ms, we every 1000 ms"))
    #expect(log.contains("192.0.2.2 advertises other addresses than ours: 192.0.2.250"))
    let router = try scenario.router("a")
    #expect(router.counters.checksumForms.message > 0)
    #expect(router.counters.checksumForms.pseudoHeader > 0)
    #expect(log.contains("192.0.2.2 sends the checksum over a pseudo-header"))
  }

  private func expect(_ packet: Packet, in scenario: Scenario) throws {
    let lab = scenario.lab
    let before = try scenario.report("a")
    let term = try #require(before.virtualRouters.first).term
    let name = "\(packet.id) \(packet.checksumForm)"
    let sent = Moment.now
    try lab.inject(packet.bytes, from: "client")
    if packet.effect == "step-down" {
      try lab.eventually("\(name): Backup") { try scenario.router("a").state == .backup }
      #expect(try scenario.lab.addresses(of: "a").allSatisfy { !$0.address.hasSuffix("254") })
      if packet.receiver == "v3" {
        for hex in Self.hurry {
          let hurry = Packet(
            id: "", receiver: "", checksumForm: "", effect: nil, expect: "", hex: hex)
          try lab.inject(hurry.bytes, from: "client")
        }
      }
      try scenario["a"].wait(for: "active")
      return
    }
    if packet.effect == "answer-at-once" {
      let answer = try scenario.sniffer.wait(for: "\(name): an answer") {
        $0.time > sent && $0.vrrp?.source == "192.0.2.1"
      }
      #expect(answer.time - sent < .milliseconds(300), "\(name)")
    } else if let reason = Self.reasons[packet.id] {
      let count = before.discarded[reason] ?? 0
      try lab.eventually("\(name): counted as \(reason)") {
        try scenario.report("a").discarded[reason] == count + 1
      }
    } else {
      #expect(["M18", "M20"].contains(packet.id))
    }
    let after = try scenario.router("a")
    #expect(after.state == .active && after.term == term, "\(name)")
  }

  @Test("10,000 bad frames delay no advertisement and fill no log")
  func flood() throws {
    let scenario = try Scenario(["a": 150])
    let lab = scenario.lab
    try scenario.start()
    let lines = lab.text("a-godwitd.log").split(separator: "\n").count
    let began = Moment.now
    // C01 from the client, 10.77.0.2, for 10.77.0.100; only the checksum of VRRP is wrong.
    let frame: [UInt8] =
      [1, 0, 0x5e, 0, 0, 0x12, 2, 0x77, 0, 0, 0, 2, 0x08, 0x00]
      + [0x45, 0xc0, 0, 32, 0, 0, 0, 0, 255, 112, 0xd0, 0x4c, 10, 77, 0, 2, 224, 0, 0, 18]
      + [0x31, 51, 200, 1, 0, 10, 0, 0, 10, 77, 0, 100]
    try lab.inject(frame, from: "client", times: 10_000)
    try lab.eventually("they are counted") {
      try scenario.report("a").discarded["checksum"] ?? 0 > 0
    }
    try scenario.waitForBeats(3, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
    #expect(lab.text("a-godwitd.log").split(separator: "\n").count < lines + 10)
    #expect(try scenario.router("a").state == .active)
  }

  @Test("a wrong configuration ends with 78, tells every error and touches nothing")
  func configuration() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.vrid = 0
      configuration.interval = "1"
      configuration.routerLines = ["prioritty: 3"]
    }
    let lab = scenario.lab
    let node = try scenario["a"]
    try node.writeConfiguration()
    let result = try lab.run(
      [Products.path("godwitd"), "--config", node.configurationPath], in: "a")
    #expect(result.status == 78)
    for word in [".vrid", ".advertisement_interval", "did you mean `priority`"] {
      #expect(result.errors.contains(word), "\(result.errors)")
    }
    #expect(!FileManager.default.fileExists(atPath: node.socketPath))
    #expect(try lab.addresses(of: "a").count == 3)
    let missing = try lab.run([Products.path("godwitd"), "--config", "/nonexistent"], in: "a")
    #expect(missing.status == 78)
    #expect(missing.errors.contains("/nonexistent"))
  }

  @Test("a hook of a user that does not exist is an error of the configuration")
  func unknownUser() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.routerLines = [
        "hooks:", "  - command: [/bin/true]", "    user: nobody-of-that-name",
      ]
    }
    let node = try scenario["a"]
    try node.writeConfiguration()
    let result = try scenario.lab.run(
      [Products.path("godwitd"), "--config", node.configurationPath], in: "a")
    #expect(result.status == 78)
    #expect(result.errors.contains("nobody-of-that-name"))
  }
}
