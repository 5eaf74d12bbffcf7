import Testing
import VRRP

@testable import Failover

/// The orders that are the contract of `Tenure`, and what must not come between their steps.
@Suite struct TenureOrderTests {
  typealias T = TenureTests
  static let claimed = [Phase("promote", .seconds(1)), Phase("addresses", .seconds(1))]

  @Test("a claim: promote, addresses in, announce, active")
  func claim() {
    var tenure = T.tenure(.claiming)
    #expect(tenure.handle(T.promoted, at: at(2)) == [.install])
    #expect(!tenure.isHolding)
    #expect(
      tenure.handle(.installed(failure: nil), at: at(3)) == [
        .openLease, .startAnnouncing, .tellConnections, T.hook(.active, .peerTimeout),
        T.told(.active, .peerTimeout, "", phases: Self.claimed),
      ])
    #expect(tenure.state == .held && tenure.isHolding)
  }

  @Test("a planned release: demote, addresses out, priority 0, standby; then the successor")
  func plannedRelease() {
    var tenure = T.tenure(.releasingForOperation)
    #expect(tenure.isHolding)
    _ = tenure.handle(T.demoted, at: at(10))
    // The addresses are here while their connections are reset.
    #expect(tenure.isHolding)
    let connections = Phase("connections", .zero, "1 left")
    #expect(
      tenure.handle(.connectionsReset(reset: 3, left: 1), at: at(10)) == [
        .phase(T.seven, connections), .stopAnnouncing, .closeLease, .remove,
      ])
    #expect(!tenure.isHolding)
    let addresses = Phase("addresses", .seconds(1))
    #expect(
      tenure.handle(.removed(failure: nil), at: at(11)) == [
        .phase(T.seven, addresses), .yieldElection,
        .runHooks(.standby, .manual, isPlanned: true, T.seven),
        T.told(.backup, .manual, "gave the role up", isPlanned: true, T.seven),
      ])
    let takeover = Phase("takeover", .seconds(2))
    let phases = [Phase("demote", .seconds(6)), connections, addresses, takeover]
    #expect(
      tenure.handle(.heardActive(otherNode), at: at(13)) == [
        .phase(T.seven, takeover), .finished(T.seven, .done(newActive: otherNode), phases),
        T.told(
          .failover, .manual, "moved", isPlanned: true, T.seven, phases: phases, peer: otherNode),
      ])
    #expect(tenure.operation == nil)
  }

  @Test("a failover that nobody takes is rolled back with all its phases")
  func nobodyTakesOver() {
    var tenure = T.tenure(.releasingForOperation)
    _ = tenure.handle(T.demoted, at: at(10))
    _ = tenure.handle(T.reset, at: at(10))
    _ = tenure.handle(.removed(failure: nil), at: at(11))
    #expect(
      tenure.handle(.elected(.peerTimeout), at: at(14)) == [
        .phase(T.seven, Phase("takeover", .seconds(3), "no other node became Active")),
        .runHooks(.promote, .rollback, isPlanned: true, T.seven),
      ])
    tenure.gateIs(3, for: .promote)
    _ = tenure.handle(.hooksCompleted(order(.promote, 3), .done), at: at(15))
    let effects = tenure.handle(.installed(failure: nil), at: at(16))
    #expect(
      effects.last
        == .finished(
          T.seven,
          .rolledBack("no other node became Active: is a Backup running and reachable?"),
          [
            Phase("demote", .seconds(6)), Phase("connections", .zero),
            Phase("addresses", .seconds(1)),
            Phase("takeover", .seconds(3), "no other node became Active"),
            Phase("promote", .seconds(1)), Phase("addresses", .seconds(1)),
          ]))
    #expect(tenure.reason == .rollback)
  }

  @Test("a demote that fails rolls a failover back, and undo runs")
  func demoteFails() {
    var tenure = T.tenure(.releasingForOperation)
    let phases = [Phase("demote", .seconds(6), "exited with status 1")]
    #expect(
      tenure.handle(
        .hooksCompleted(order(.demote, 2), .failed(.exited(1))), at: at(10)) == [
          .phase(T.seven, phases[0]), .runHooks(.undo, .rollback, isPlanned: true, T.seven),
          .finished(T.seven, .rolledBack("demote exited with status 1"), phases),
          T.told(
            .failover, .rollback, "demote exited with status 1", isPlanned: true, T.seven,
            phases: phases),
        ])
    #expect(tenure.state == .held)
  }

  @Test("an address that will not go rolls a failover back, and all are put back")
  func removalFails() {
    var tenure = T.tenure(.releasingForOperation)
    _ = tenure.handle(T.demoted, at: at(10))
    _ = tenure.handle(T.reset, at: at(10))
    let effects = tenure.handle(.removed(failure: "busy"), at: at(10))
    #expect(
      effects.prefix(3) == [
        .phase(T.seven, Phase("addresses", .zero, "busy")), .install,
        .runHooks(.undo, .rollback, isPlanned: true, T.seven),
      ])
    // They are announced again; nobody else had removed them.
    #expect(tenure.handle(.installed(failure: nil), at: at(10)) == [.openLease, .startAnnouncing])
  }

  @Test("a stop goes on after a demote that failed", arguments: [HookResult.timedOut, .unfit])
  func stopGoesOn(result: HookResult) {
    var tenure = T.tenure(.releasingForShutdown)
    #expect(
      tenure.handle(.hooksCompleted(order(.demote, 2), result), at: at(10)) == [
        .resetConnections
      ])
    #expect(tenure.handle(T.reset, at: at(10)) == [.stopAnnouncing, .closeLease, .remove])
    #expect(!tenure.isOut)
    let phases = [
      Phase("demote", .seconds(6), "\(result)"),
      Phase("connections", .zero), Phase("addresses", .zero),
    ]
    #expect(
      tenure.handle(.removed(failure: nil), at: at(10)) == [
        .leaveElection, T.told(.shutdown, .shutdown, "", isPlanned: true, phases: phases),
      ])
    #expect(tenure.isOut)
  }

  @Test("a stop is not over while an address is still here: removed again every second")
  func stopRetriesRemoval() {
    var tenure = T.tenure(.releasingForShutdown)
    _ = tenure.handle(T.demoted, at: at(10))
    _ = tenure.handle(T.reset, at: at(10))
    _ = tenure.handle(.removed(failure: "busy"), at: at(10))
    #expect(!tenure.isOut)
    #expect(tenure.nextDeadline == at(11))
    #expect(tenure.handle(.timer, at: at(11)) == [.remove])
    _ = tenure.handle(.removed(failure: nil), at: at(11))
    #expect(tenure.isOut)
  }

  // MARK: What must not come between

  @Test("a retry of a removal never takes away what a later claim holds")
  func retryEndsWithClaim() {
    var tenure = T.tenure(.claiming)
    _ = tenure.handle(.removed(failure: "busy"), at: at(1.9))
    _ = tenure.handle(T.promoted, at: at(2))
    #expect(tenure.nextDeadline == nil)
    _ = tenure.handle(.installed(failure: nil), at: at(2))
    #expect(tenure.handle(.timer, at: at(2.9)) == [])
    #expect(tenure.handle(.removed(failure: "busy"), at: at(3)) == [])
    #expect(tenure.nextDeadline == nil)
  }

  /// The state, and whether a removal that failed is tried again in it.
  static let removals: [(T.Begin, Bool)] = [
    (.none, true), (.claiming, true), (.held, false), (.releasingForOperation, false),
    (.releasingForShutdown, false), (.barred, true),
  ]

  @Test(
    "a removal that failed is tried again only where the addresses do not belong",
    arguments: removals)
  func removalFailed(begin: T.Begin, isTriedAgain: Bool) {
    var tenure = T.tenure(begin)
    let state = tenure.state
    #expect(tenure.handle(.removed(failure: "busy"), at: at(10)) == [])
    #expect(tenure.nextDeadline == (isTriedAgain ? at(11) : nil))
    #expect(tenure.handle(.timer, at: at(11)) == (isTriedAgain ? [.remove] : []))
    #expect(tenure.state == state)
  }

  @Test("addresses that were lost are not put back once the demote has passed")
  func restoreEndsWithRelease() {
    var tenure = T.tenure(.releasingForOperation)
    _ = tenure.handle(.addressesLost, at: at(10))
    #expect(tenure.nextDeadline == at(10.001))
    _ = tenure.handle(T.demoted, at: at(10))
    _ = tenure.handle(T.reset, at: at(10))
    #expect(tenure.nextDeadline == nil)
    _ = tenure.handle(.removed(failure: nil), at: at(10))
    #expect(tenure.handle(.timer, at: at(10.001)) == [])
  }

  @Test("the answer to an order of an earlier claim passes no gate of this one")
  func lateAnswers() {
    var tenure = T.tenure(.claiming)
    #expect(tenure.handle(.installed(failure: "late"), at: at(2)) == [.remove])
    #expect(tenure.state == .claiming(gate: 1))
    var other = T.tenure(.claiming)
    // A gate of another number is another claim's.
    #expect(other.handle(.hooksCompleted(order(.promote, 9), .done), at: at(2)) == [])
  }

  // MARK: Restore

  @Test("lost addresses are put back after a millisecond, announced and recorded")
  func restore() {
    var tenure = T.tenure(.held)
    _ = tenure.handle(.addressesLost, at: at(10))
    #expect(tenure.handle(.timer, at: at(10.001)) == [.install])
    #expect(
      tenure.handle(.installed(failure: nil), at: at(10.001)) == [
        .openLease, .startAnnouncing,
        T.told(.addressesRestored, .peerTimeout, "somebody else removed them"),
      ])
  }

  @Test("three failures to put them back are a fault")
  func restoreFails() {
    var tenure = T.tenure(.held)
    _ = tenure.handle(.addressesLost, at: at(10))
    for second in [10.001, 11.001] {
      #expect(tenure.handle(.timer, at: at(second)) == [.install])
      #expect(tenure.handle(.installed(failure: "no"), at: at(second)) == [])
    }
    #expect(tenure.handle(.timer, at: at(12.001)) == [.install])
    #expect(
      tenure.handle(.installed(failure: "no"), at: at(12.001)) == [
        .closeLease, .resetConnections, .stopAnnouncing, .remove, .leaveElection,
        T.hook(.demote, .link), T.hook(.fault, .link),
        T.told(.fault, .link, "the addresses could not be added: no"),
      ])
  }

  // MARK: Penalty

  @Test("a failed claim keeps the node out for 10 s, doubled up to 300 s, until one succeeds")
  func penalty() {
    var tenure = T.tenure(.none)
    var now = at(0)
    var gate: UInt64 = 0
    for seconds in [10, 20, 40, 80, 160, 300, 300, -1, 10] {
      gate += 1
      _ = tenure.handle(.elected(.peerTimeout), at: now)
      tenure.gateIs(gate, for: .promote)
      if seconds < 0 {
        _ = tenure.handle(.hooksCompleted(order(.promote, gate), .done), at: now)
        _ = tenure.handle(.installed(failure: nil), at: now)
        _ = tenure.handle(.deposed(by: otherNode), at: now)
        continue
      }
      _ = tenure.handle(.hooksCompleted(order(.promote, gate), .unfit), at: now)
      #expect(tenure.state == .barred)
      let due = now + .seconds(seconds)
      #expect(tenure.nextDeadline == due)
      now = due
      #expect(
        tenure.handle(.timer, at: now) == [
          T.told(.backup, .health, "joined the election"), .joinElection,
          T.hook(.standby, .health),
        ])
    }
  }

  @Test("a penalty that ends while the daemon stops joins nothing")
  func penaltyEndsWhileStopping() {
    var tenure = T.tenure(.claiming)
    _ = tenure.handle(.hooksCompleted(order(.promote, 1), .unfit), at: at(2))
    _ = tenure.handle(.shutdown(), at: at(3))
    #expect(tenure.isOut)
    #expect(tenure.handle(.timer, at: at(12)) == [])
    #expect(tenure.handle(.faults([]), at: at(13)) == [])
    #expect(tenure.isOut)
  }

  @Test("a penalty does not end a fault from outside, nor the other way round")
  func penaltyAndFault() {
    var tenure = T.tenure(.claiming)
    _ = tenure.handle(.hooksCompleted(order(.promote, 1), .unfit), at: at(2))
    _ = tenure.handle(T.checkFails, at: at(3))
    #expect(tenure.handle(.timer, at: at(12)) == [])
    #expect(tenure.handle(.faults([]), at: at(13)).contains(.joinElection))
  }
}
