import Testing
import VRRP

@testable import Failover

/// Restarts, stops and mishaps under maintenance, and its end in the middle of them.
@Suite struct MaintenanceTests {
  static let operation = OperationIdentifier(7)
  static let check = CheckSettings(
    name: "db", probe: .file("/run/ready"), interval: .seconds(60), timeout: .seconds(60))

  /// Node a holds the addresses at 12 s, and both know of the maintenance.
  static func begin(hooks: Set<HookEvent> = [.promote, .demote]) -> Pair {
    var pair = Pair.holding(hooks: hooks)
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: at(12))
    for side in 0..<2 { pair.end(side) }
    _ = pair.words()
    return pair
  }

  /// Node a's daemon has stopped and is started again at 14 s, with a check that has not run.
  static func restarted() -> Pair {
    var pair = begin()
    var settings = pair.sides[0].participant.settings
    let mark = pair.sides[0].participant.maintenance
    pair.feed(0, .suspend)
    pair.sides[0].isRunning = false
    pair.feed(1, .peerLost("a"))
    pair.run(until: at(14))
    settings.checks = [check]
    pair.sides[0].participant = Participant(
      settings, term: 1, maintenance: mark, resumes: true, at: pair.now)
    pair.sides[0].isRunning = true
    pair.feed(0, .link([], source: thisNode))
    pair.feed(0, .start)
    pair.report(from: 0)
    pair.feed(1, .timer)
    _ = pair.words()
    return pair
  }

  // MARK: Its end

  @Test("its end while the holder's daemon is starting lets nobody claim beside the lease")
  func endsWhileStarting() {
    var pair = Self.restarted()
    pair.feed(1, .maintenance(isOn: false))
    pair.run(until: at(30))
    #expect(!pair.sides[0].participant.maintenance.isOn)
    #expect(pair.holders == ["a"])
    pair.feed(0, .checkEnded(0, failure: nil))
    pair.run(until: at(35))
    #expect(pair.holders == ["a"])
    #expect(pair.sides[0].participant.role == .active)
    #expect(pair.overlaps == 0)
    #expect(!pair.words().contains { $0.contains("promote") || $0.contains("demote") })
  }

  @Test("a stop then, before the role is taken up again, gives the addresses up")
  func endsAndStops() {
    var pair = Self.restarted()
    pair.feed(1, .maintenance(isOn: false))
    pair.feed(0, .suspend)
    #expect(pair.words().filter { $0.hasPrefix("a") } == ["a remove", "a demote shutdown"])
    #expect(!pair.sides[0].participant.isOut)
    pair.end(0)
    #expect(pair.sides[0].participant.isOut)
    pair.report(from: 0)
    pair.sides[0].isRunning = false
    for _ in 0..<40 {
      pair.run(until: pair.now + .milliseconds(250))
      pair.end(1)
    }
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
  }

  @Test("whoever takes the role by force is heard by a daemon that waits for its checks")
  func forcedWhileStarting() {
    var pair = Self.restarted()
    pair.run(until: at(20))
    pair.feed(1, .failover(FailoverOrder(Self.operation, isForced: true)))
    #expect(!pair.sides[0].hasAddresses)
    for side in 0..<2 { pair.end(side) }
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
  }

  @Test("its end between a stop and the end of the daemon makes it give the role up as usual")
  func endsWhileStopping() {
    var pair = Self.begin()
    pair.feed(0, .suspend)
    #expect(pair.sides[0].participant.isOut)
    pair.feed(1, .maintenance(isOn: false))
    #expect(!pair.sides[0].participant.isOut)
    pair.settle(.seconds(10))
    #expect(pair.sides[0].participant.isOut)
    #expect(!pair.sides[0].hasAddresses)
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
    #expect(pair.words().contains("a demote planned shutdown"))
  }

  @Test("a check that fails when the daemon starts again does not end what people work on")
  func failingCheck() {
    var pair = Self.restarted()
    pair.run(until: at(15))
    pair.feed(0, .checkEnded(0, failure: "no"))
    pair.run(until: at(20))
    #expect(pair.holders == ["a"])
    #expect(pair.sides[0].participant.role == .active)
    #expect(!pair.words().contains { $0.contains("demote") })
  }

  @Test("a stop while a peer does not know of the maintenance is a stop like any other")
  func untold() {
    var pair = Pair.holding(hooks: [.promote, .demote])
    pair.isChannelCut = [true, true]
    pair.feed(0, .maintenance(isOn: true))
    pair.run(until: at(20))
    pair.feed(0, .suspend)
    #expect(pair.words().contains("a demote planned shutdown"))
    pair.settle(.seconds(10))
    #expect(pair.sides[0].participant.isOut)
    #expect(!pair.sides[0].hasAddresses)
    #expect(pair.holders == ["b"])
    #expect(pair.overlaps == 0)
  }

  @Test("a restart while a peer that has confirmed is switched off finds the addresses again")
  func silentPeer() {
    var pair = Self.begin()
    pair.crash(1)
    pair.run(until: at(20))
    #expect(!pair.sides[0].participant.keepsAddresses)
    let settings = pair.sides[0].participant.settings
    let mark = pair.sides[0].participant.maintenance
    pair.feed(0, .suspend)
    #expect(pair.sides[0].participant.isOut)
    #expect(pair.sides[0].hasAddresses)
    // The short lease ends meanwhile.
    pair.sides[0].isOpen = false
    pair.sides[0].participant = Participant(
      settings, term: 1, maintenance: mark, resumes: true, at: pair.now)
    pair.feed(0, .link([], source: thisNode))
    pair.feed(0, .start)
    pair.run(until: at(25))
    #expect(pair.holders == ["a"])
    #expect(!pair.words().contains { $0.contains("demote") || $0.contains("promote") })
  }

  // MARK: The role stays

  @Test("a role that is given away and that nobody takes comes back, with a last word")
  func nobodyTakes() {
    var pair = Self.begin()
    pair.dropsReport = { side, report in
      if case .released = report.handover?.step { side == 0 } else { false }
    }
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.settle(.seconds(30))
    #expect(pair.holders == ["a"])
    #expect(pair.overlaps == 0)
    #expect(pair.results[0]?.count == 1)
    #expect(pair.results[0]?.first?.hasPrefix("rolled back: b did not take over") == true)
  }

  @Test("a successor that falls silent with the role keeps it, and the order has its last word")
  func successorDies() {
    var pair = Self.begin()
    pair.areAdvertisementsCut = [true, true]
    pair.feed(0, .failover(FailoverOrder(Self.operation)))
    pair.end(0)
    #expect(pair.sides[1].participant.role == .claiming)
    pair.isChannelCut = [true, true]
    pair.feed(0, .peerLost("b"))
    pair.run(until: at(60))
    #expect(pair.holders == [])
    #expect(pair.sides[0].participant.role == .backup)
    #expect(pair.results[0]?.count == 1)
    #expect(pair.results[0]?.first?.hasPrefix("incomplete: b took over") == true)
    pair.feed(0, .failover(FailoverOrder(OperationIdentifier(8), isForced: true)))
    pair.end(0)
    #expect(pair.holders == ["a"])
  }

  @Test("a holder whose lease ended while the other host is off has its role again")
  func lapses() {
    var pair = Self.begin()
    pair.crash(1)
    pair.feed(0, .leaseLost)
    #expect(pair.holders == [])
    for _ in 0..<40 {
      pair.run(until: pair.now + .milliseconds(250))
      pair.end(0)
    }
    #expect(pair.holders == ["a"])
  }

  @Test("a node that never had the role does not claim it")
  func neverHeld() {
    var pair = Self.begin()
    pair.crash(0)
    pair.run(until: at(300))
    #expect(pair.holders == [])
    #expect(pair.sides[1].participant.role == .backup)
  }

  // MARK: The long lease

  @Test("an end of maintenance between nodes that count its lease differently is the end of it")
  func differentLeases() {
    var pair = Pair.holding()
    pair.believes = { $0.believed(despite: [.lease]) }
    pair.feed(1, .maintenance(isOn: true))
    pair.run(until: at(12))
    pair.feed(1, .maintenance(isOn: false))
    // Longer than the longest lease.
    pair.run(until: at(100))
    pair.crash(0)
    pair.run(until: at(110))
    #expect(pair.holders == ["b"])
  }

  @Test("a goodbye of somebody else is not that of the node with the long lease")
  func otherGoodbye() {
    var pair = Self.begin()
    pair.crash(0)
    pair.feed(1, .advertisement(advertisement(0), from: .v4(IPv4Address(192, 0, 2, 9))))
    pair.feed(1, .maintenance(isOn: false))
    pair.run(until: at(60))
    #expect(pair.sides[1].participant.role == .backup)
    pair.run(until: at(100))
    pair.end(1)
    #expect(pair.holders == ["b"])
  }
}
