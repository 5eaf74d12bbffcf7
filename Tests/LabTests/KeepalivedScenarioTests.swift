import Control
import Foundation
import Glibc
import Lab
import Testing

/// keepalived as the other node. It demands the older form of the checksum, so Godwit sends that.
@Suite("With keepalived", .requiresGodwit, .requiresKeepalived)
struct KeepalivedScenarioTests {
  enum Kind: String, CaseIterable { case version2, version3, ipv6 }

  private final class Mixed {
    let lab: Lab
    let godwit: GodwitNode
    let keepalived: KeepalivedNode
    let address: String
    let sniffer: Sniffer

    init(_ kind: Kind, godwit priority: Int, keepalived other: Int) throws {
      lab = try Lab.make(nodes: ["g", "k", "client"])
      address = kind == .ipv6 ? "fd77::100" : "10.77.0.100"
      let addresses = kind == .ipv6 ? ["fe80::51/64", "fd77::100/64"] : ["10.77.0.100/24"]
      var ours = GodwitConfiguration(addresses: addresses)
      var theirs = KeepalivedConfiguration(addresses: addresses)
      ours.priority = priority
      theirs.priority = other
      ours.preempt = "true"
      ours.interval = kind == .version2 ? "1s" : "100ms"
      theirs.interval = kind == .version2 ? 1 : 0.1
      ours.version = kind == .version2 ? 2 : 3
      theirs.version = ours.version
      if kind == .version3 { ours.routerLines = ["checksum: pseudo-header"] }
      godwit = try lab.godwit(on: "g", ours)
      keepalived = lab.keepalived(on: "k", theirs)
      sniffer = try lab.sniffer(on: "client")
    }

    deinit { lab.remove() }

    func waitForHolder(_ node: String) throws {
      try lab.eventually("only \(node) has the address", within: .seconds(20)) {
        try lab.holders(of: address) == [node]
      }
    }

    func advertisements(of node: String, since moment: Moment) -> [Frame] {
      let source = lab.hardwareAddress(of: node)
      return sniffer.frames.filter {
        $0.vrrp != nil && $0.source == source && $0.time >= moment
      }
    }

    /// For 2 s only one node advertises, and the address stays.
    func expectCalm(_ node: String, other: String) throws {
      let began = Moment.now
      try lab.eventually("2 s have gone by") { Moment.now - began > .seconds(2) }
      #expect(advertisements(of: other, since: began).isEmpty)
      #expect(!advertisements(of: node, since: began).isEmpty)
      #expect(try lab.holders(of: address) == [node])
    }

    /// From the last goodbye of one node to the first advertisement of the other.
    func handover(from one: String, to other: String) throws -> Duration {
      let zero = Moment(nanoseconds: 0)
      let goodbye = try #require(
        advertisements(of: one, since: zero).last { $0.vrrp?.priority == 0 })
      let first = try #require(advertisements(of: other, since: goodbye.time).first)
      return first.time - goodbye.time
    }
  }

  @Test(
    "Godwit is better: elected, followed when it stops, back, followed when it dies",
    arguments: Kind.allCases)
  func godwitActive(kind: Kind) throws {
    let mixed = try Mixed(kind, godwit: 150, keepalived: 100)
    try mixed.godwit.start()
    try mixed.keepalived.start()
    try mixed.waitForHolder("g")
    try mixed.godwit.wait(for: "active")
    try mixed.expectCalm("g", other: "k")

    try mixed.godwit.stop()
    try mixed.waitForHolder("k")
    // Skew_Time is 61 ms and 609 ms; without the goodbye it takes three intervals more.
    let handover = try mixed.handover(from: "g", to: "k")
    #expect(handover < (kind == .version2 ? .seconds(2) : .milliseconds(300)))

    try mixed.godwit.start()
    try mixed.waitForHolder("g")
    try mixed.expectCalm("g", other: "k")
    try mixed.godwit.kill()
    try mixed.lab.eventually("keepalived takes over") {
      try mixed.lab.holds("k", mixed.address)
    }
  }

  @Test(
    "keepalived is better: elected, followed when it stops, back, followed when it dies",
    arguments: Kind.allCases)
  func keepalivedActive(kind: Kind) throws {
    let mixed = try Mixed(kind, godwit: 100, keepalived: 150)
    try mixed.keepalived.start()
    try mixed.waitForHolder("k")
    try mixed.godwit.start()
    try mixed.godwit.wait(for: "backup")
    try mixed.lab.eventually("it is heard") {
      try mixed.godwit.router().activeRouter
        == (kind == .ipv6 ? mixed.lab.linkLocalAddress(of: "k") : mixed.lab.address(of: "k"))
    }
    try mixed.expectCalm("k", other: "g")

    try mixed.keepalived.stop()
    try mixed.waitForHolder("g")
    try mixed.godwit.wait(for: "active")
    #expect(try mixed.godwit.router().reason == "peer_released")
    let handover = try mixed.handover(from: "k", to: "g")
    #expect(handover < (kind == .version2 ? .seconds(2) : .milliseconds(300)))

    try mixed.keepalived.start()
    try mixed.waitForHolder("k")
    try mixed.godwit.wait(for: "backup")
    try mixed.expectCalm("k", other: "g")
    try mixed.keepalived.kill()
    try mixed.godwit.wait(for: "active")
    #expect(try mixed.godwit.router().reason == "peer_timeout")
    #expect(try mixed.lab.holds("g", mixed.address))
  }

  @Test("With the other checksum than keepalived's both are Active, and the log and status say why")
  func checksum() throws {
    let lab = try Lab.make(nodes: ["g", "k"])
    defer { lab.remove() }
    let addresses = ["10.77.0.100/24"]
    var ours = GodwitConfiguration(addresses: addresses)
    var theirs = KeepalivedConfiguration(addresses: addresses)
    ours.priority = 150
    theirs.priority = 100
    ours.interval = "100ms"
    theirs.interval = 0.1
    let godwit = try lab.godwit(on: "g", ours)
    try godwit.start()
    try lab.keepalived(on: "k", theirs).start()
    let sentence =
      "\(lab.address(of: "k")) sends the checksum over a pseudo-header and may discard ours, as"
      + " keepalived does; then both become Active: set `checksum: pseudo-header`"
    try lab.eventually("status names the remedy") {
      let json = try godwit.command("status", "--json").expectSuccess().output
      let router = try StatusReport(line: Array(json.utf8)).virtualRouters.first
      return router?.brokenPaths == [sentence]
    }
    let log = lab.text("g-godwitd.log")
    #expect(log.components(separatedBy: sentence).count == 2)
  }
}
