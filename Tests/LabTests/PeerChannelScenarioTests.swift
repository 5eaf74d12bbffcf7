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
    try lab.eventually("b hears a again") { try peer(scenario, "b").paths.first?.heard == true }
    #expect(flood.isRunning)
  }

  @Test("a Backup that hears no advertisements of a node that reports does not claim, and says why")
  func refrains() throws {
    let scenario = try scenario(networks: 2)
    try scenario.start()
    try waitForReports(scenario)
    #expect(try scenario.router("b").brokenPaths == [])
    try scenario.lab.cut("b", .vrrp, direction: .toNode)
    try scenario.lab.eventually("b refrains") {
      try scenario.router("b").counters.claimsRefrained >= 3
    }
    #expect(try scenario.router("b").state == .backup)
    #expect(scenario.advertisements(of: "b").isEmpty)
    let sentences = try scenario.router("b").brokenPaths
    #expect(sentences.count == 1 && sentences[0].contains("224.0.0.18"), "\(sentences)")
    try scenario.lab.heal("b")
    try scenario.lab.eventually("nothing is broken") {
      try scenario.router("b").brokenPaths == []
    }
  }

  @Test(
    "a path on which nothing arrives, and a channel that is filtered, are told with what to look at"
  )
  func brokenPaths() throws {
    let scenario = try scenario(networks: 2)
    let lab = scenario.lab
    try scenario.start()
    try waitForReports(scenario)
    let second = lab.address(of: "b", network: 1)
    try lab.cut("b", .peerChannel, network: 1)
    try lab.eventually("the second path is told") {
      try scenario.router("a").brokenPaths.contains { $0.contains("b is not heard on \(second)") }
    }
    // Reports of a reach b, and none comes back.
    try lab.cut("b", .peerChannel, direction: .fromNode)
    try lab.eventually("b says that a does not hear it") {
      try scenario.router("b").brokenPaths.contains { $0.contains("does not hear this node") }
    }
    try lab.cut("b", .peerChannel)
    try lab.eventually("b hears advertisements and no reports") {
      try scenario.router("b").brokenPaths.contains { $0.contains("its reports do not") }
    }
    #expect(try scenario.router("b").state == .backup)
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

  @Test("a failover on a node that cannot ask the Active Router is refused with the reason")
  func cannotAsk() throws {
    let scenario = try scenario()
    try scenario.start()
    try waitForReports(scenario)
    let node = try scenario["b"]
    try scenario.lab.run(
      ["nft", "-f", "-"], in: "b",
      input: """
        table inet firewall {
          chain input {
            type filter hook input priority 0; policy accept;
            udp dport 9112 drop
          }
        }

        """
    ).expectSuccess()
    try scenario.lab.eventually("b misses a") {
      try peer(scenario, "b").paths.first?.heard == false
    }
    var refusal = ""
    try scenario.lab.eventually("it says that a does not answer") {
      refusal = try node.command("failover", "--yes").errors
      return refusal.contains("a does not answer")
    }
    #expect(refusal.contains("10.77.0.1 is Active for orders-db, not this node"), "\(refusal)")
    #expect(refusal.contains("UDP port 9112"), "\(refusal)")
    node.configuration.lines = []
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    refusal = try node.command("failover", "--yes").errors
    #expect(refusal.contains("peer channel is off, authentication has no keys"), "\(refusal)")
    #expect(refusal.contains("godwit keygen"), "\(refusal)")
  }

  // MARK: Sockets that cannot be opened

  @Test("a port that somebody has over one family leaves the paths of the other one open")
  func onePath() throws {
    let scenario = try twoFamilies()
    let holder = try holdPort(9112, over: "AF_INET6", on: "a", scenario.lab)
    try scenario.start()
    try waitForReports(scenario)
    let channel = try #require(try scenario.report("a").peerChannel)
    #expect(channel.state == .on)
    #expect(channel.reason?.hasPrefix("port 9112 over IPv6 cannot be opened: bind: ") == true)
    // Tried again every 5 s, which disturbs nobody.
    let log = scenario.lab.text("a-godwitd.log")
    #expect(log.contains("the peer channel has not all of its paths"), "\(log)")
    holder.signal(SIGTERM)
    try holder.waitForExit()
    try scenario.lab.eventually("the other path is heard too") {
      try peer(scenario, "a").paths.allSatisfy { $0.heard == true && $0.echoed == true }
    }
    #expect(try scenario.report("a").peerChannel?.reason == nil)
    for node in ["a", "b"] {
      #expect(!scenario.lab.text("\(node)-godwitd.log").contains("does not report"))
    }
  }

  @Test("a host without IPv6 has a channel over IPv4, and says what it does without")
  func missingFamily() throws {
    let scenario = try twoFamilies()
    try scenario["a"].start(wrapper: ["/usr/bin/python3", "-c", Self.withoutIPv6])
    try scenario["b"].start()
    try waitForReports(scenario)
    let channel = try #require(try scenario.report("a").peerChannel)
    #expect(channel.state == .on)
    #expect(channel.reason == "this host has no IPv6: such addresses of peers are not used")
  }

  @Test("a reload to a port that somebody has is refused, and the channel goes on")
  func takenPort() throws {
    let scenario = try twoFamilies()
    try scenario.start()
    try waitForReports(scenario)
    let holder = try holdPort(9300, over: "AF_INET", on: "a", scenario.lab)
    let node = try scenario["a"]
    node.configuration.lines.append("peer_port: 9300")
    node.configuration.priority = 77
    try node.writeConfiguration()
    let result = try node.command("reload")
    #expect(result.status == 1)
    #expect(result.errors.contains("peer_port: port 9300 over IPv4"), "\(result.errors)")
    let router = try scenario.router("a")
    #expect(router.priority == 150 && router.peers.first?.paths.first?.heard == true)
    holder.signal(SIGTERM)
    try holder.waitForExit()
    // Once it is free, on one node after the other.
    try node.command("reload").expectSuccess()
    #expect(try scenario.router("a").priority == 77)
    try scenario["b"].configuration.lines.append("peer_port: 9300")
    try scenario["b"].writeConfiguration()
    try scenario["b"].command("reload").expectSuccess()
    try waitForReports(scenario)
  }

  /// Two nodes that can reach each other over both families.
  private func twoFamilies() throws -> Scenario {
    try Scenario(["a": 150, "b": 100]) { configuration, name, lab in
      let other = name == "a" ? "b" : "a"
      configuration.peers = [(other, [lab.address(of: other), lab.address6(of: other)])]
      configuration.lines = try HandoverStage.authentication(lab)
    }
  }

  /// A process of another program that has a UDP port.
  private func holdPort(
    _ port: Int, over family: String, on node: String, _ lab: Lab
  ) throws -> LabProcess {
    let text = """
      import socket,time
      s=socket.socket(socket.\(family),socket.SOCK_DGRAM)
      if s.family==socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6,socket.IPV6_V6ONLY,1)
      s.bind(("",\(port)))
      print("here",flush=True)
      time.sleep(1000)
      """
    let process = try lab.start(["/usr/bin/python3", "-c", text], in: node)
    try lab.eventually("the port is taken") { process.output.contains("here") }
    return process
  }

  /// Runs the program that is given as its arguments, to which socket(2) says that there is no IPv6:
  /// a filter of seccomp(2) for that one call with AF_INET6.
  private static let withoutIPv6 = """
    import ctypes,os,platform,struct,sys
    number={"x86_64":41,"aarch64":198}[platform.machine()]
    code=[(0x20,0,0,0),(0x15,0,3,number),(0x20,0,0,16),(0x15,0,1,10),(6,0,0,0x50000|97),(6,0,0,0x7fff0000)]
    text=b"".join(struct.pack("HBBI",*line) for line in code)
    buffer=ctypes.create_string_buffer(text)
    program=ctypes.create_string_buffer(struct.pack("HxxxxxxQ",len(code),ctypes.addressof(buffer)))
    libc=ctypes.CDLL(None,use_errno=True)
    if libc.prctl(22,2,ctypes.byref(program),0,0)!=0: sys.exit(os.strerror(ctypes.get_errno()))
    os.execv(sys.argv[1],sys.argv[1:])
    """
}
