import Testing
import VRRP

@testable import Failover

/// A stop, a third node and damaged numbers in the middle of a planned failover.
@Suite struct HandoverStopTests {
  static let operation = OperationIdentifier(7)

  /// The step of the giver at which it is told to stop, and whether b's promote is slow.
  @Test(
    "a stop at any step of a planned failover ends, and one node holds the addresses",
    arguments: [
      Handover.Step.preparing(isForced: false), .demoting, .handing, .released(term: 1),
    ], [false, true])
  func stopped(step: Handover.Step, isCut: Bool) {
    var pair = Pair.holding(hooks: [.precheck, .promote, .demote])
    let seen = HandoverTests.Cut(step)
    pair.dropsReport = { side, report in
      if report.handover?.step == step { seen.isCut = true }
      // What the giver says then never arrives, or what the taker says.
      return isCut && seen.isCut && side == 1
    }
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    var isTold = false
    for _ in 0..<600 {
      pair.run(until: pair.now + .milliseconds(50))
      if seen.isCut, !isTold {
        isTold = true
        pair.feed(0, .shutdown(OperationIdentifier(8)))
      }
      for side in 0..<2 { pair.end(side) }
    }
    #expect(isTold)
    #expect(pair.sides[0].participant.isOut)
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
    #expect(pair.results[0]?.count == 1)
  }

  @Test("a stop does not wait for the promote of the node that has taken over")
  func slowPromote() {
    var pair = Pair.holding(hooks: [.promote])
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(pair.sides[1].participant.role == .claiming)
    pair.run(until: pair.now + .seconds(20))
    pair.feed(0, .shutdown(OperationIdentifier(8)))
    #expect(pair.sides[0].participant.isOut)
    pair.end(1)
    #expect(pair.holders == ["b"])
  }

  @Test("a term that nobody can have had does not end in a crash")
  func hugeTerm() {
    var pair = Pair.holding()
    pair.feed(
      1,
      .peerReport(
        PeerReport(
          state: .backup, effectivePriority: .standard, isFit: true, term: Participant.lastTerm,
          isHolding: false, source: thisNode), from: "a", notBefore: pair.now))
    pair.crash(0)
    pair.run(until: at(20))
    #expect(pair.holders == ["b"])
    #expect(pair.sides[1].participant.highestTerm == Participant.lastTerm)
  }

  @Test("a node that was away waits for the end of a long lease that somebody may have had")
  func restartedBackup() {
    var pair = Pair.holding()
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: at(12))
    let mark = pair.sides[1].participant.maintenance
    let settings = pair.sides[1].participant.settings
    pair.crash(0)
    let crashed = pair.now
    pair.sides[1].participant = Participant(settings, term: 1, maintenance: mark, at: pair.now)
    pair.feed(1, .link([], source: otherNode))
    pair.feed(1, .start)
    pair.run(until: crashed + .seconds(2))
    pair.feed(1, .maintenance(isOn: false))
    pair.run(until: crashed + .seconds(60))
    #expect(pair.sides[1].participant.role == .backup)
    pair.run(until: crashed + .seconds(85))
    #expect(pair.holders == ["b"])
  }
}
