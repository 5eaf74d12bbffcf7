import Control
import Foundation
import Glibc
import Lab
import Testing

@Suite("Maintenance", .requiresGodwit)
struct MaintenanceScenarioTests {
  enum End: CaseIterable { case terminated, killed }

  @Test(
    "a daemon that is stopped or killed and started again keeps the address, the role and the term",
    arguments: End.allCases, ["bpf", "nftables"])
  func restart(end: End, mechanism: String) throws {
    let maintained = try Maintained(mechanism: mechanism)
    let (scenario, lab) = (maintained.scenario, maintained.lab)
    let told = try maintained.maintenance("on", on: "a")
    #expect(told.isOn && told.told == ["b"] && told.keepsAddress)
    #expect(told.leaseMilliseconds == 60_000)
    // The lease is long from the next advertisement on.
    try scenario.waitForBeats(2, of: "a")
    let term = try scenario.router("a").term
    let began = Moment.now
    switch end {
    case .terminated: #expect(try scenario["a"].stop() == .status(0))
    case .killed: try scenario["a"].kill()
    }
    // Ten times as long as a Backup waits otherwise.
    try maintained.goBy(.seconds(3))
    #expect(try lab.holders(of: Scenario.address) == ["a"])
    #expect(try scenario.router("b").state == .backup)
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    try scenario.waitForBeats(10, of: "a")
    #expect(try lab.holders(of: Scenario.address) == ["a"])
    #expect(try scenario.router("a").term == term)
    #expect(try scenario.router("b").term == term)
    #expect(scenario.advertisements(of: "b").isEmpty)
    #expect(scenario.advertisements(of: "a", since: began).allSatisfy { $0.vrrp?.priority == 150 })
    #expect(maintained.changes == ["a promote gone"])
    #expect(try scenario.history("b").allSatisfy { $0.event != "active" })
    #expect(
      lab.logs().contains(
        "resumes orders-db under maintenance: the addresses have been here for "))
    maintained.expectNoGap(since: began)
    // Its lease is its own again: a further one goes the same way.
    try maintained.waitForReports()
    try lab.eventually("all know") {
      try maintained.maintenance("on", on: "a").keepsAddress
    }
    let again = Moment.now
    #expect(try scenario["a"].stop() == .status(0))
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    try scenario.waitForBeats(5, of: "a")
    try maintained.goBy(.seconds(1))
    maintained.expectNoGap(since: again)
    #expect(maintained.changes == ["a promote gone"])
  }

  @Test("without a fence the lifetime of the addresses is the long lease")
  func lifetime() throws {
    let maintained = try Maintained(
      mechanism: "address-lifetime", interval: "2s", maintenanceLease: "20s")
    let (scenario, lab) = (maintained.scenario, maintained.lab)
    #expect(try maintained.maintenance("on", on: "b").keepsAddress)
    try scenario.waitForBeats(2, of: "a")
    let began = Moment.now
    try scenario["a"].kill()
    // Longer than its lease is otherwise.
    try maintained.goBy(.seconds(8))
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    try maintained.goBy(.seconds(1))
    #expect(try lab.holders(of: Scenario.address) == ["a"])
    #expect(maintained.changes == ["a promote gone"])
    #expect(scenario.advertisements(of: "b").isEmpty)
    maintained.expectNoGap(since: began)
  }

  @Test(
    "an address whose daemon stays away falls silent, and goes where somebody forces it",
    arguments: ["bpf", "nftables"])
  func away(mechanism: String) throws {
    let maintained = try Maintained(mechanism: mechanism, maintenanceLease: "9s")
    let (scenario, lab) = (maintained.scenario, maintained.lab)
    #expect(try maintained.maintenance("on", on: "a").keepsAddress)
    try scenario.waitForBeats(3, of: "a")
    try scenario["a"].kill()
    let beat = try #require(scenario.advertisements(of: "a").last)
    try lab.eventually("nobody answers", within: .seconds(15)) {
      maintained.probe.lastAnswer.map { Moment.now - $0.at > .milliseconds(500) } ?? true
    }
    let last = try #require(maintained.probe.lastAnswer)
    #expect(last.responder == "a")
    let lasted = last.at - beat.time
    #expect(lasted <= .milliseconds(9025) && lasted >= .milliseconds(8500), "\(lasted)")
    // The Backup has heard nothing for 9 s and does not move.
    #expect(try scenario.router("b").state == .backup)
    #expect(scenario.advertisements(of: "b").isEmpty)
    try scenario["b"].command("failover", "--force", "--yes").expectSuccess()
    try scenario["b"].wait(for: "active")
    let taken = Moment.now
    // Its address is still in the kernel, silenced.
    #expect(try lab.holds("a", Scenario.address))
    try scenario["a"].start()
    try scenario["a"].wait(for: "backup")
    try lab.eventually("the address is gone") {
      try lab.holders(of: Scenario.address) == ["b"]
    }
    try lab.eventually("its hooks have run") { lab.hooks.contains("a standby gone") }
    try scenario.waitForBeats(5, of: "b")
    #expect(maintained.changes == ["a promote gone", "b promote gone", "a demote gone"])
    #expect(scenario.isQuiet("a", since: taken))
    let report = maintained.probe.report()
    #expect(report.responders == ["a", "b"])
    #expect(report.twoHolders() == [])
    #expect(try maintained.isOn("a") && maintained.isOn("b"))
  }

  @Test("a daemon that comes back later than its lease, when nobody has the role, resumes it")
  func late() throws {
    let maintained = try Maintained(maintenanceLease: "8s")
    let (scenario, lab) = (maintained.scenario, maintained.lab)
    #expect(try maintained.maintenance("on", on: "a").keepsAddress)
    try scenario.waitForBeats(3, of: "a")
    try scenario["a"].kill()
    try lab.eventually("nobody answers", within: .seconds(15)) {
      maintained.probe.lastAnswer.map { Moment.now - $0.at > .milliseconds(500) } ?? true
    }
    let returned = Moment.now
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    var first: Moment?
    try lab.eventually("the address answers") {
      let answers = maintained.probe.report().results.compactMap(\.received)
      first = answers.first { $0 > returned }
      return first != nil
    }
    // Silent until it had advertised again.
    let beat = try #require(scenario.advertisements(of: "a", since: returned).first)
    #expect(try #require(first) >= beat.time)
    #expect(maintained.changes == ["a promote gone"])
    #expect(scenario.advertisements(of: "b").isEmpty)
    #expect(lab.logs().contains("the addresses are here, silent: their lease has ended"))
  }

  @Test(
    "a daemon that is stopped before it has decided leaves the addresses as it found them",
    arguments: ["bpf", "nftables"])
  func undecided(mechanism: String) throws {
    let other = "10.77.0.101"
    // It listens for 2.5 s.
    let maintained = try Maintained(mechanism: mechanism, interval: "2s")
    let (scenario, lab) = (maintained.scenario, maintained.lab)
    for node in ["a", "b"] {
      try scenario[node].configuration.addresses.append("\(other)/24")
      try scenario[node].writeConfiguration()
      try scenario[node].command("reload").expectSuccess()
    }
    try lab.eventually("a has both") { try lab.holds("a", other) }
    #expect(try maintained.maintenance("on", on: "a").keepsAddress)
    try maintained.waitForAnswer()
    let began = Moment.now
    #expect(try scenario["a"].stop() == .status(0))
    try scenario["a"].start()
    #expect(try scenario["a"].stop() == .status(0))
    #expect(try lab.holds("a", Scenario.address))
    try scenario["a"].start()
    // What a reload drops meanwhile goes at once.
    try scenario["a"].configuration.addresses.removeLast()
    try scenario["a"].writeConfiguration()
    try scenario["a"].command("reload").expectSuccess()
    #expect(try !lab.holds("a", other))
    #expect(try lab.holds("a", Scenario.address))
    try scenario["a"].wait(for: "active")
    try maintained.goBy(.seconds(1))
    #expect(maintained.changes == ["a promote gone"])
    #expect(scenario.advertisements(of: "b").isEmpty)
    maintained.expectNoGap(since: began)
  }

  @Test("the mark survives restarts of both daemons, and off on the Backup reaches the holder")
  func marks() throws {
    let maintained = try Maintained()
    let (scenario, lab) = (maintained.scenario, maintained.lab)
    #expect(try maintained.maintenance("on", on: "b").keepsAddress)
    try lab.eventually("a keeps the address") {
      try scenario.router("a").maintenanceDetail?.contains("stays through a restart") == true
    }
    #expect(try scenario["b"].stop() == .status(0))
    #expect(try scenario["a"].stop() == .status(0))
    for node in ["a", "b"] {
      try lab.eventually("the mark of \(node) is on disk") {
        lab.text("\(node)/state/maintenance") == "orders-db 1 on\n"
      }
    }
    // Nobody is there to confirm anything.
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    try scenario["b"].start()
    try scenario["b"].wait(for: "backup")
    #expect(try maintained.isOn("a") && maintained.isOn("b"))
    #expect(maintained.changes == ["a promote gone"])
    try maintained.waitForReports()
    let off = try maintained.maintenance("off", on: "b")
    #expect(!off.isOn && off.told == ["a"])
    #expect(try !maintained.isOn("a"))
    #expect(lab.text("a/state/maintenance") == "orders-db 2 off\n")
    // As without maintenance: the other takes over, and what was left goes at the start.
    try scenario["a"].kill()
    try scenario["b"].wait(for: "active")
    try scenario["a"].start()
    try scenario.waitForHolder("b")
  }

  @Test(
    "what the configuration has no longer goes at the start, and all of it when maintenance is off")
  func leftovers() throws {
    let other = "10.77.0.101"
    let maintained = try Maintained()
    let (scenario, lab) = (maintained.scenario, maintained.lab)
    for node in ["a", "b"] {
      try scenario[node].configuration.addresses.append("\(other)/24")
      try scenario[node].writeConfiguration()
      try scenario[node].command("reload").expectSuccess()
    }
    try lab.eventually("a has both") { try lab.holds("a", other) }
    #expect(try maintained.maintenance("on", on: "a").keepsAddress)
    try scenario["a"].kill()
    try scenario["a"].configuration.addresses.removeLast()
    try scenario["a"].start()
    #expect(try !lab.holds("a", other))
    #expect(try lab.holds("a", Scenario.address))
    try scenario["a"].wait(for: "active")
    try "orders-db 7 off\nnonsense\n".write(
      toFile: "\(scenario["a"].directory)/state/maintenance", atomically: true, encoding: .utf8)
    try scenario["a"].kill()
    try scenario["a"].start()
    #expect(try !lab.holds("a", Scenario.address))
    // Its mark is the newer one, and it tells the other.
    try lab.eventually("b knows") { try !maintained.isOn("b") }
  }
}
