import Testing
import VRRP

@testable import Failover

/// What the other node says, beside a planned failover.
@Suite struct PeerTests {
  @Test("a Backup that is told that the Active Router is well does not claim, and says why")
  func brokenPath() {
    var pair = Pair.holding()
    pair.areAdvertisementsCut[0] = true
    pair.run(until: at(30))
    #expect(pair.holders == ["a"])
    #expect(pair.sides[1].participant.unheardPeer == "a")
    #expect(pair.words().first == "b refrains: peerIsActive(\"a\")")
    pair.areAdvertisementsCut[0] = false
    pair.run(until: at(33))
    #expect(pair.sides[1].participant.unheardPeer == nil)
  }

  @Test("what a dead node said before keeps nobody from claiming")
  func deadHolder() {
    var pair = Pair.holding()
    pair.crash(0)
    let crashed = pair.now
    pair.run(until: crashed + .milliseconds(3700))
    #expect(pair.holders == ["b"])
  }

  @Test("a report alone never makes a node claim")
  func reportsNeverClaim() {
    let pair = Pair.holding()
    let states: [RoleState] = [.initialize, .backup, .claiming, .active, .releasing, .fault]
    for state in states {
      for isHolding in [true, false] {
        var copy = pair
        copy.feed(
          1,
          .peerReport(
            PeerReport(
              state: state, effectivePriority: .release, isFit: false, term: 99,
              isHolding: isHolding, source: thisNode,
              handover: Handover(
                operation: OperationIdentifier(3), partner: "b", step: .released(term: 99))),
            from: "a", notBefore: copy.now))
        #expect(copy.sides[1].participant.role == .backup)
        #expect(copy.sides[1].participant.term == 99)
      }
    }
  }

  @Test("a term that another node knows is never given again")
  func terms() {
    var pair = Pair.holding()
    #expect(pair.sides.map(\.participant.term) == [1, 1])
    pair.feed(
      0,
      .peerReport(
        PeerReport(
          state: .backup, effectivePriority: .standard, isFit: true, term: 41, isHolding: false,
          source: otherNode), from: "b", notBefore: pair.now))
    // A tenure keeps its token.
    #expect(pair.sides[0].participant.term == 1)
    #expect(pair.sides[0].participant.highestTerm == 41)
    pair.run(until: at(12))
    #expect(pair.sides[1].participant.term == 41)
    pair.crash(0)
    pair.run(until: at(18))
    #expect(pair.sides[1].participant.term == 42)
  }

  @Test("a preempting router need not wait once the other one has said that it is gone")
  func preemption() {
    var pair = Pair(preemption: .always)
    pair.sides[0].isRunning = false
    pair.run(until: at(10))
    #expect(pair.holders == ["b"])
    // Node a is started anew.
    pair.sides[0] = Pair(preemption: .always).sides[0]
    pair.feed(0, .link([], source: thisNode))
    pair.feed(0, .start)
    pair.run(until: at(20))
    #expect(pair.holders == ["a"])
    #expect(pair.overlaps == 0)
  }

  // MARK: Maintenance

  @Test("maintenance reaches the other node, and nobody claims by itself")
  func maintenance() {
    var pair = Pair.holding()
    pair.feed(1, .maintenance(isOn: true))
    #expect(pair.sides.map(\.participant.maintenance.isOn) == [true, true])
    #expect(pair.sides[0].participant.keepsAddresses)
    pair.crash(0)
    pair.run(until: at(300))
    #expect(pair.holders == [])
    #expect(pair.words().contains("b refrains: maintenance"))
    pair.feed(1, .failover(FailoverOrder(OperationIdentifier(7))))
    #expect(pair.results[1]?.first?.hasPrefix("refused") == true)
    pair.feed(1, .failover(FailoverOrder(OperationIdentifier(8), isForced: true)))
    #expect(pair.holders == ["b"])
    #expect(pair.results[1]?.last == "done: 192.0.2.2 is Active")
  }

  @Test("an end of maintenance that was ordered apart does not undo what was ordered here")
  func orderedApart() {
    var pair = Pair.holding()
    pair.isChannelCut = [true, true]
    pair.feed(1, .maintenance(isOn: true))
    pair.feed(1, .maintenance(isOn: false))
    pair.feed(0, .maintenance(isOn: true))
    #expect(pair.sides[0].participant.maintenance == MaintenanceMark(version: 1, isOn: true))
    #expect(pair.sides[1].participant.maintenance == MaintenanceMark(version: 2, isOn: false))
    pair.isChannelCut = [false, false]
    pair.run(until: pair.now + .seconds(3))
    for side in pair.sides {
      #expect(side.participant.maintenance == MaintenanceMark(version: 3, isOn: true))
    }
    // Whoever knows of it ends it, on either node.
    pair.feed(1, .maintenance(isOn: false))
    pair.run(until: pair.now + .seconds(3))
    for side in pair.sides {
      #expect(side.participant.maintenance == MaintenanceMark(version: 4, isOn: false))
    }
  }

  @Test(
    "an end of maintenance that was ordered by one who knew of it counts, also when it comes late")
  func orderedInKnowledge() {
    var pair = Pair.holding()
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: pair.now + .seconds(3))
    pair.isChannelCut = [true, true]
    pair.feed(1, .maintenance(isOn: false))
    pair.run(until: pair.now + .seconds(10))
    pair.isChannelCut = [false, false]
    pair.run(until: pair.now + .seconds(3))
    for side in pair.sides {
      #expect(side.participant.maintenance == MaintenanceMark(version: 2, isOn: false))
    }
  }

  @Test("the lease is long only while every node knows of the maintenance")
  func longLease() {
    var pair = Pair.holding()
    let before = pair.sides[0].participant.leaseEnd
    pair.isChannelCut[1] = true
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: pair.now + .seconds(1))
    #expect(!pair.sides[0].participant.keepsAddresses)
    pair.isChannelCut[1] = false
    pair.run(until: pair.now + .seconds(2))
    #expect(pair.sides[0].participant.keepsAddresses)
    #expect(before != nil)
    let end = pair.sides[0].participant.leaseEnd
    #expect(end.map { $0 > pair.now + .seconds(58) } == true)
    pair.feed(1, .maintenance(isOn: false))
    #expect(!pair.sides[0].participant.keepsAddresses)
    #expect(pair.sides[0].participant.leaseEnd.map { $0 <= pair.now + .milliseconds(2500) } == true)
  }

  @Test("the end of maintenance lets nobody claim before the long lease is over")
  func endOfMaintenance() {
    var pair = Pair.holding()
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: at(12))
    pair.crash(0)
    let crashed = pair.now
    pair.feed(1, .maintenance(isOn: false))
    pair.run(until: crashed + .seconds(60))
    #expect(pair.sides[1].participant.role == .backup)
    pair.run(until: crashed + .seconds(80))
    #expect(pair.holders == ["b"])
  }

  @Test("a daemon that is started again under maintenance takes its role up without promote")
  func resumes() {
    var pair = Pair.holding(hooks: [.promote, .demote, .standby, .active])
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: at(12))
    pair.feed(0, .suspend)
    #expect(pair.sides[0].participant.isOut)
    let settings = pair.sides[0].participant.settings
    let mark = pair.sides[0].participant.maintenance
    pair.sides[0].isRunning = false
    pair.feed(1, .peerLost("a"))
    pair.run(until: at(40))
    #expect(pair.holders == ["a"])
    _ = pair.words()
    pair.sides[0].participant = Participant(
      settings, term: 1, maintenance: mark, resumes: true, at: pair.now)
    pair.sides[0].isRunning = true
    pair.feed(0, .link([], source: thisNode))
    pair.feed(0, .start)
    pair.run(until: at(43))
    #expect(pair.holders == ["a"])
    #expect(pair.sides[0].participant.role == .active)
    #expect(pair.sides[0].participant.term == 1)
    let told = pair.words()
    #expect(!told.contains { $0.contains("promote") || $0.contains("standby") })
    #expect(pair.overlaps == 0)
  }

  @Test("a daemon that finds the role taken gives its addresses up")
  func taken() {
    var pair = Pair.holding(hooks: [.promote, .demote, .standby])
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: at(12))
    pair.feed(0, .suspend)
    let settings = pair.sides[0].participant.settings
    let mark = pair.sides[0].participant.maintenance
    pair.sides[0].isRunning = false
    pair.sides[0].isOpen = false
    pair.feed(1, .peerLost("a"))
    pair.run(until: at(30))
    pair.feed(1, .failover(FailoverOrder(OperationIdentifier(8), isForced: true)))
    pair.end(1)
    #expect(pair.holders == ["b"])
    _ = pair.words()
    pair.sides[0].participant = Participant(
      settings, term: 1, maintenance: mark, resumes: true, at: pair.now)
    pair.sides[0].isRunning = true
    pair.feed(0, .link([], source: thisNode))
    pair.feed(0, .start)
    pair.run(until: at(33))
    #expect(pair.holders == ["b"])
    #expect(
      pair.words().filter { $0.hasPrefix("a") }.prefix(3)
        == ["a remove", "a demote preempted", "a backup"])
  }
}
