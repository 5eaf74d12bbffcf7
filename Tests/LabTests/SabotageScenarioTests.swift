import Control
import Foundation
import Glibc
import Lab
import Testing

/// What other programs and hosts do to what the daemon holds.
@Suite("Sabotage", .requiresGodwit)
struct SabotageScenarioTests {
  @Test(
    "after nft flush ruleset the role stays, and so does the lease",
    arguments: LeaseScenarioTests.mechanisms)
  func flushed(mechanism: String) throws {
    let watched = try WatchedScenario(mechanism: mechanism)
    let lab = watched.lab
    try watched.scenario.start()
    let term = try watched.scenario.router("a").term
    let flushed = Moment.now
    try lab.run(["nft", "flush", "ruleset"], in: "a").expectSuccess()
    if mechanism == "nftables" {
      try lab.eventually("the table is back") {
        try lab.run(["nft", "list", "tables"], in: "a").output.contains("godwit-")
      }
    }
    try watched.scenario.waitForBeats(5, of: "a")
    #expect(try watched.scenario.router("a").term == term)
    try watched.waitForClaim(of: "a", since: flushed)

    // Stopped now, it falls silent as before.
    let process = try #require(try watched.scenario["a"].process)
    let stopped = Moment.now
    process.signal(SIGSTOP)
    try watched.scenario["b"].wait(for: "active")
    try watched.waitForClaim(of: "b", since: stopped)
    try watched.scenario.waitForBeats(5, of: "b")
    process.signal(SIGCONT)
    try watched.scenario["a"].wait(for: "backup")
    watched.expectOneHolder()
  }

  @Test("an address that another host claims is defended, and the role stays")
  func stolen() throws {
    let watched = try WatchedScenario()
    let lab = watched.lab
    try watched.scenario.start()
    try watched.waitForClaim(of: "a", since: .now)
    let term = try watched.scenario.router("a").term
    let probe = try lab.probe(Scenario.address, from: "client")
    try lab.eventually("a serves the client") { probe.lastAnswer?.responder == "a" }

    let theft = Moment.now
    try lab.run(["ip", "addr", "add", "\(Scenario.address)/24", "dev", "eth0"], in: "thief")
      .expectSuccess()
    try lab.inject(Self.claim, from: "thief")
    try lab.eventually("a defends it") {
      watched.claims(of: "a", since: theft).contains { $0.kind == .announcement }
    }
    try lab.eventually("the client is served by a", within: .seconds(5)) {
      probe.answered(since: theft + .milliseconds(50), by: "a")
    }
    try watched.scenario.waitForBeats(5, of: "a")
    let status = try watched.scenario.router("a")
    #expect(status.state == .active)
    #expect(status.term == term)
    #expect(status.counters.conflictsSeen > 0)
    #expect(status.counters.conflictsDefended > 0)
    try lab.run(["ip", "addr", "del", "\(Scenario.address)/24", "dev", "eth0"], in: "thief")
      .expectSuccess()
    #expect(watched.claims(of: "b", since: Moment(nanoseconds: 0)).isEmpty)
    probe.stop()
  }

  /// The thief, node 4, announces the virtual address: an ARP request of it for itself (RFC 5227
  /// section 2.3).
  static let claim: [UInt8] =
    [UInt8](repeating: 0xff, count: 6) + [2, 0x77, 0, 0, 0, 4] + [0x08, 0x06]
    + [0, 1, 0x08, 0x00, 6, 4, 0, 1] + [2, 0x77, 0, 0, 0, 4] + [10, 77, 0, 100]
    + [0, 0, 0, 0, 0, 0] + [10, 77, 0, 100]

  @Test("a full state directory holds up no failover")
  func fullDisk() throws {
    let watched = try WatchedScenario()
    let (a, b) = (try watched.scenario["a"], try watched.scenario["b"])
    // Mounted in the daemon's own view of the file system: gone with it.
    let state = "\(a.directory)/state"
    let fill = "mount -t tmpfs -o size=64k tmpfs \(state); yes >\(state)/full 2>&-; exec \"$@\""
    try a.start(wrapper: ["sh", "-c", fill, "sh"])
    try a.wait(for: "active")
    try b.start()
    try b.wait(for: "backup")
    for (one, other) in [(a, b), (b, a), (a, b)] {
      #expect(try one.command("failover", "--yes").status == 0)
      try watched.scenario.waitForHolder(other.node)
      try watched.scenario.waitForBeats(3, of: other.node)
    }
    let log = try String(contentsOfFile: a.logPath, encoding: .utf8)
    #expect(log.contains("No space left on device"))
    // Not even a lease depends on it.
    try b.kill()
    try a.wait(for: "active")
    watched.expectOneHolder()
  }
}
