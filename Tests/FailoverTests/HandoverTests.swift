import Testing
import VRRP

@testable import Failover

/// A planned failover between two nodes that report to each other.
@Suite struct HandoverTests {
  static let operation = OperationIdentifier(7)
  static let all: Set<HookEvent> = [.precheck, .promote, .demote, .undo, .active, .standby, .fault]

  @Test("without hooks the role moves at once, released before it is taken")
  func moves() {
    var pair = Pair.holding()
    #expect(pair.holders == ["a"])
    pair.sides[0].connections = 3
    pair.sides[1].clients = 2
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(
      pair.words() == [
        "a shares with b", "a releasing", "a reset", "a remove", "a backup",
        "b install", "b claiming", "b open", "b tell", "b active",
      ])
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
    #expect(pair.results[0] == ["done: 192.0.2.2 is Active"])
    #expect(pair.passages == [Passage(gap: .zero, reset: 3, left: 0, told: 2)])
    pair.run(until: at(60))
    #expect(pair.holders == ["b"])
    #expect(pair.words() == [])
    #expect(pair.sides.map(\.participant.term) == [2, 2])
  }

  @Test("the role comes back by the same way at once")
  func thereAndBack() {
    var pair = Pair.holding()
    for number in 1...6 {
      let holder = (number + 1) % 2
      pair.feed(holder, .failover(FailoverOrder(OperationIdentifier(UInt64(number)))))
      #expect(pair.holders == [Pair.names[1 - holder]])
      pair.run(until: pair.now + .milliseconds(20))
    }
    #expect(pair.overlaps == 0)
    #expect(pair.sides.map(\.participant.term) == [7, 7])
  }

  @Test("the node without the role asks the holder for it, and hears how it ended")
  func asked() {
    var pair = Pair.holding()
    pair.feed(1, .failover(FailoverOrder(Self.operation)))
    pair.run(until: at(11))
    #expect(pair.holders == ["b"])
    #expect(pair.results[1] == ["done: 192.0.2.2 is Active"])
    #expect(pair.overlaps == 0)
    // One that wants what is so already changes nothing.
    pair.feed(0, .failover(FailoverOrder(OperationIdentifier(8), to: "b")))
    #expect(pair.results[0]?.last == "refused: b is Active already")
  }

  @Test("with every hook: prechecks, demote here, promote there, and standby last")
  func hooks() {
    var pair = Pair.holding(hooks: Self.all)
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(pair.words() == ["a precheck planned manual", "b precheck planned manual"])
    pair.end(0)
    pair.end(1)
    #expect(pair.words() == ["a releasing", "a demote planned manual"])
    #expect(pair.holders == ["a"])
    pair.end(0)
    #expect(
      pair.words() == [
        "a shares with b", "a reset", "a remove", "a backup", "b claiming",
        "b promote planned manual",
      ])
    #expect(pair.holders == [])
    pair.run(until: at(40))
    #expect(!pair.words().contains { !$0.contains("precheck") })
    pair.end(1)
    #expect(
      pair.words().filter { !$0.contains("precheck") } == [
        "b install", "b open", "b tell", "b active", "b active planned manual",
        "a standby planned manual",
      ])
    #expect(pair.results[0] == ["done: 192.0.2.2 is Active"])
    #expect(pair.holders == ["b"])
  }

  @Test("a precheck that fails on either node changes nothing", arguments: 0..<2)
  func precheckFails(side: Int) {
    var pair = Pair.holding(hooks: Self.all)
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.end(side, .exited(1))
    pair.end(1 - side)
    let name = Pair.names[side]
    #expect(
      pair.results[0] == ["refused: \(name): precheck exited with status 1"])
    pair.run(until: at(15))
    #expect(pair.holders == ["a"])
    #expect(!pair.told.contains { $0.contains("demote") })
  }

  @Test("a demote that fails is undone, and the candidate forgets it")
  func demoteFails() {
    var pair = Pair.holding(hooks: Self.all)
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    for side in 0..<2 { pair.end(side) }
    pair.end(0, .exited(1))
    #expect(pair.results[0] == ["rolled back: demote exited with status 1"])
    #expect(pair.words().last == "a undo planned rollback")
    pair.run(until: at(13))
    #expect(pair.holders == ["a"])
    #expect(pair.sides.allSatisfy { $0.participant.handover == nil })
  }

  @Test("a promote that fails brings the role back, with a promote")
  func promoteFails() {
    var pair = Pair.holding(hooks: Self.all)
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    for side in 0..<2 { pair.end(side) }
    pair.end(0)
    _ = pair.words()
    pair.end(1, .exited(1))
    #expect(
      pair.words().filter { $0.hasPrefix("a") } == ["a claiming", "a promote planned rollback"])
    pair.end(0)
    #expect(pair.holders == ["a"])
    #expect(
      pair.results[0] == ["rolled back: b: promote exited with status 1"])
    #expect(pair.overlaps == 0)
    pair.run(until: at(14))
    #expect(pair.holders == ["a"])
  }

  @Test("an address that will not go stays, and so does the role")
  func removalFails() {
    var pair = Pair.holding()
    pair.sides[0].refusesToRemove = true
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(pair.results[0] == ["rolled back: an address could not be removed: busy"])
    pair.run(until: at(13))
    #expect(pair.holders == ["a"])
    #expect(pair.overlaps == 0)
  }

  // MARK: Loss

  /// Every step is lost for good, of either side.
  static let lost: [Handover.Step] = [
    .preparing(isForced: false), .checking, .ready, .demoting, .handing, .informed,
    .released(term: 1), .taking, .held(told: 0),
    .moved(Passage(gap: .zero, reset: 0, left: 0, told: 0)),
  ]

  @Test("whatever step never arrives, one node holds the addresses in the end", arguments: lost)
  func stepLost(step: Handover.Step) {
    var pair = Pair.holding()
    pair.dropsReport = { _, report in report.handover?.step == step }
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.run(until: at(40))
    #expect(pair.holders.count == 1)
    #expect(pair.overlaps == 0)
    #expect(pair.results[0]?.count == 1)
    #expect(pair.sides.allSatisfy { $0.participant.handover == nil })
  }

  @Test("whatever step is the last that arrives, one node holds the addresses", arguments: lost)
  func cutAfter(step: Handover.Step) {
    for advertisementsToo in [false, true] {
      var pair = Pair.holding(hooks: [.promote, .demote])
      let cut = Cut(step)
      pair.dropsReport = { _, report in cut.drops(report) }
      pair.feed(0, .failover(FailoverOrder(Self.operation)))
      for _ in 0..<200 {
        pair.run(until: pair.now + .milliseconds(100))
        for side in 0..<2 { pair.end(side) }
        if advertisementsToo, cut.isCut { pair.areAdvertisementsCut = [false, false] }
      }
      #expect(pair.holders.count == 1, "after \(step)")
      #expect(pair.overlaps == 0)
      #expect(pair.results[0]?.count == 1)
    }
  }

  /// Reports end with this step.
  final class Cut {
    let step: Handover.Step
    var isCut = false
    init(_ step: Handover.Step) { self.step = step }

    func drops(_ report: PeerReport) -> Bool {
      defer { if report.handover?.step == step { isCut = true } }
      return isCut
    }
  }

  @Test("a word of release that the network kept is not acted upon")
  func lateRelease() {
    var pair = Pair.holding()
    pair.dropsReport = { _, report in
      if case .released = report.handover?.step { true } else { false }
    }
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    let late = pair.sides[0].participant.report
    #expect(late.handover?.step == .released(term: 1))
    let written = pair.now
    pair.run(until: pair.now + .milliseconds(501))
    pair.feed(1, .peerReport(late, from: "a", notBefore: written))
    #expect(pair.sides[1].participant.role == .backup)
    pair.run(until: at(20))
    #expect(pair.holders.count == 1)
    #expect(pair.overlaps == 0)
  }

  // MARK: Crashes

  @Test("either node crashes at each step of its own", arguments: lost, [0, 1])
  func crashes(step: Handover.Step, side: Int) {
    var pair = Pair.holding(hooks: [.precheck, .promote, .demote])
    let seen = Cut(step)
    pair.dropsReport = { _, report in
      if report.handover?.step == step { seen.isCut = true }
      return false
    }
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    for _ in 0..<400 {
      pair.run(until: pair.now + .milliseconds(50))
      if seen.isCut, pair.sides[side].isRunning { pair.crash(side) }
      for side in 0..<2 { pair.end(side) }
    }
    #expect(seen.isCut)
    #expect(pair.holders == [Pair.names[1 - side]])
    #expect(pair.overlaps == 0)
  }

  // MARK: Stop

  @Test("a stop hands over to a fit peer, without a goodbye")
  func stop() {
    var pair = Pair.holding()
    pair.feed(0, .shutdown(Self.operation))
    #expect(pair.holders == ["b"])
    #expect(pair.sides[0].participant.isOut)
    #expect(!pair.words().contains("a goodbye"))
    #expect(pair.sides[1].participant.tenure.reason == .peerReleased)
  }

  @Test("a stop without a fit peer says goodbye")
  func stopAlone() {
    var pair = Pair.holding()
    pair.feed(1, .link([.noCarrier("eth0")], source: nil))
    pair.run(until: at(12))
    _ = pair.words()
    pair.feed(0, .shutdown(Self.operation))
    #expect(pair.words() == ["a reset", "a releasing", "a remove", "a goodbye", "a initialize"])
    #expect(pair.sides[0].participant.isOut)
  }

  @Test("a stop whose peer does not answer ends all the same, with a goodbye")
  func stopUnanswered() {
    var pair = Pair.holding()
    pair.isChannelCut[1] = true
    pair.feed(0, .shutdown(Self.operation))
    #expect(!pair.sides[0].participant.isOut)
    pair.run(until: at(14))
    #expect(pair.sides[0].participant.isOut)
    pair.run(until: at(20))
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
  }

  // MARK: Who cannot

  @Test("a peer that fell silent is no reason to give the role to nobody")
  func silentPeer() {
    var pair = Pair.holding()
    pair.crash(1)
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    #expect(pair.results[0]?.first?.hasPrefix("refused: b has fallen silent") == true)
    #expect(pair.holders == ["a"])
  }

  @Test("two failovers at once: the second is refused")
  func twice() {
    var pair = Pair.holding(hooks: [.demote])
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.feed(0, .failover(FailoverOrder(OperationIdentifier(8))))
    #expect(pair.results[0] == ["refused: another failover is under way"])
  }
}
