import Testing
import VRRP

@testable import Failover

/// What goes wrong in the middle of a planned failover, and what the next one finds.
@Suite struct HandoverTroubleTests {
  static let operation = OperationIdentifier(7)

  // MARK: Connections

  @Test("a handover that is given up while connections are reset leaves nothing for the next one")
  func givenUpInReset() {
    var pair = Pair.holding(hooks: [.demote])
    pair.holdsResets = true
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.end(0)
    #expect(pair.words().last == "a reset")
    pair.feed(0, .peerLost("b"))
    #expect(pair.results[0] == ["rolled back: b has fallen silent"])
    pair.run(until: pair.now + .seconds(2))
    #expect(pair.sides[0].participant.nextDeadline.map { $0 > pair.now } ?? true)
    pair.feed(0, .connectionsReset(reset: 5, left: 0))
    #expect(pair.holders == ["a"])
    // The next one waits for its own `demote`.
    _ = pair.words()
    pair.feed(0, .failover(FailoverOrder(OperationIdentifier(8))))
    pair.run(until: pair.now + .seconds(3))
    #expect(pair.holders == ["a"])
    #expect(pair.sides[1].participant.role == .backup)
    #expect(!pair.words().contains("a remove"))
  }

  @Test("a reset that takes long does not end the handover it belongs to")
  func longReset() {
    var pair = Pair.holding()
    pair.holdsResets = true
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(pair.words().last == "a reset")
    pair.run(until: pair.now + .milliseconds(900))
    pair.feed(0, .connectionsReset(reset: 900, left: 0))
    #expect(pair.holders == ["b"])
    #expect(pair.results[0] == ["done: 192.0.2.2 is Active"])
  }

  // MARK: Hooks

  /// What takes the role away while a planned `demote` runs.
  static let losses: [Participant.Event] = [
    .shutdown(OperationIdentifier(8)), .link([.noCarrier("eth0")], source: nil), .leaseLost,
  ]

  @Test("a planned demote that the role does not wait for any more is fenced when it fails")
  func fence() {
    for loss in Self.losses {
      var pair = Pair.holding(hooks: [.demote, .fence])
      pair.feed(0, .failover(FailoverOrder(Self.operation)))
      pair.feed(0, loss)
      pair.end(0, .exited(1))
      let told = pair.words().filter { $0.hasPrefix("a demote") || $0.hasPrefix("a fence") }
      #expect(told.count == 2, "\(loss): \(told)")
      #expect(told.last?.hasPrefix("a fence") == true, "\(loss): \(told)")
    }
    var pair = Pair.holding(hooks: [.demote, .fence])
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.end(0, .exited(1))
    #expect(!pair.words().contains { $0.hasPrefix("a fence") })
    #expect(pair.holders == ["a"])
  }

  @Test(
    "a node whose standby still runs is waited for with the addresses where they are",
    arguments: [false, true])
  func standbyRuns(isForced: Bool) {
    var pair = Pair.holding(hooks: [.standby, .promote])
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.end(1)
    pair.run(until: pair.now + .seconds(1))
    #expect(pair.holders == ["b"])
    // Node a's standby goes on.
    pair.feed(1, .failover(FailoverOrder(OperationIdentifier(8), isForced: isForced)))
    pair.run(until: pair.now + .seconds(20))
    #expect(pair.holders == ["b"])
    pair.end(0)
    pair.end(0)
    #expect(pair.holders == ["a"])
    #expect(pair.overlaps == 0)
  }

  // MARK: Words that are missing

  @Test("a successor that is heard by VRRP alone, late, is the last word")
  func heardLate() {
    var pair = Pair.holding(hooks: [.standby])
    pair.dropsReport = { side, report in
      guard side == 1, let step = report.handover?.step else { return false }
      if case .taking = step { return true }
      if case .held = step { return true }
      return false
    }
    pair.areAdvertisementsCut[1] = true
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.isChannelCut[1] = true
    pair.run(until: pair.now + .milliseconds(600))
    pair.areAdvertisementsCut[1] = false
    pair.settle(.seconds(30))
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
    #expect(pair.results[0]?.count == 1)
    #expect(pair.words().contains { $0.hasPrefix("a standby") })
  }

  @Test(
    "a candidate that cannot take over after the release says so, and the role comes back at once")
  func refusedLate() {
    var pair = Pair.holding()
    pair.dropsReport = { side, report in
      if case .released = report.handover?.step { side == 0 } else { false }
    }
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(pair.holders == [])
    pair.feed(1, .link([.noCarrier("eth0")], source: nil))
    pair.run(until: pair.now + .milliseconds(100))
    #expect(pair.holders == ["a"])
    #expect(pair.results[0]?.first?.hasPrefix("rolled back: b: ") == true)
  }

  @Test("a candidate that failed and could not remove an address is waited for")
  func failedHolding() {
    var pair = Pair.holding(hooks: [.promote])
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(pair.sides[1].participant.role == .claiming)
    pair.sides[1].hasAddresses = true
    var report = pair.sides[1].participant.report
    report.handover?.step = .failed("the addresses could not be added")
    report.state = .fault
    report.isHolding = true
    pair.feed(0, .peerReport(report, from: "b", notBefore: pair.now))
    #expect(pair.sides[0].participant.role == .backup)
    pair.feed(0, .advertisement(advertisement(0), from: otherNode))
    pair.feed(0, .peerReport(report, from: "b", notBefore: pair.now))
    #expect(pair.sides[0].participant.role == .backup)
    report.isHolding = false
    pair.feed(0, .peerReport(report, from: "b", notBefore: pair.now))
    pair.end(0)
    #expect(pair.holders == ["a"])
  }

  @Test("a failure that the candidate told long ago is no reason to take the role back")
  func failedLongAgo() {
    var pair = Pair.holding(hooks: [.promote])
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    var report = pair.sides[1].participant.report
    report.handover?.step = .failed("promote failed")
    report.state = .backup
    let written = Instant(sinceBoot: pair.now.sinceBoot - .milliseconds(600))
    pair.feed(0, .peerReport(report, from: "b", notBefore: written))
    #expect(pair.sides[0].participant.role == .backup)
    // By then it is heard as Active.
    pair.feed(0, .advertisement(advertisement(100), from: otherNode))
    pair.feed(0, .peerReport(report, from: "b", notBefore: pair.now))
    #expect(pair.sides[0].participant.role == .backup)
    pair.end(1)
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
  }

  @Test("nothing is said of a failover that no other node takes part in")
  func alone() {
    var pair = Pair.holding(hooks: [.promote])
    pair.crash(0)
    pair.run(until: pair.now + .milliseconds(100))
    pair.feed(1, .maintenance(isOn: true))
    pair.run(until: pair.now + .seconds(5))
    pair.feed(1, .failover(FailoverOrder(Self.operation, isForced: true)))
    #expect(pair.sides[1].participant.role == .claiming)
    #expect(pair.sides[1].participant.report.handover == nil)
    pair.end(1)
    #expect(pair.holders == ["b"])
    #expect(pair.results[1]?.count == 1)
  }
}
