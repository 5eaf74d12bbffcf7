import Testing
import VRRP

@testable import Failover

/// One node, 192.0.2.1 with priority 100 and term 10 unless a test says otherwise.
@Suite struct ParticipantTests {
  static let operation = OperationIdentifier(1)

  // MARK: Claim

  @Test("a promote of a minute delays no advertisement by a nanosecond")
  func beat() {
    var story = Story()
    story.run(until: at(60))
    #expect(!story.hasAddresses)
    story.end()
    #expect(story.hasAddresses)
    story.run(until: at(120))
    #expect(story.sent.count == 117)
    for (second, sent) in story.sent.enumerated() {
      #expect(sent.0 == at(3.609375) + .seconds(second))
      #expect(sent.1 == 100)
    }
  }

  @Test("a claim in its order")
  func claim() {
    var story = Story(hooks: Story.ofRoles)
    #expect(story.words() == ["backup: startup", "standby 10 startup"])
    story.end()
    story.run(until: at(4))
    #expect(story.words() == ["send 100", "claiming: peer_timeout", "promote 11 peer_timeout"])
    story.end()
    #expect(
      story.words() == ["install", "open lease", "active: peer_timeout", "active 11 peer_timeout"])
  }

  @Test("a promote that fails: priority 0, demote, fault, and a longer penalty each time")
  func promoteFails() {
    var story = Story(hooks: [.promote, .demote, .fault])
    story.run(until: at(4))
    _ = story.words()
    story.end(.exited(69))
    #expect(
      story.words() == [
        "close lease", "remove", "send 0", "fault: health", "demote 11 health",
      ])
    story.end()
    #expect(story.words() == ["fault 11 health"])
    story.end()
    story.run(until: at(13.9))
    #expect(story.words() == [])
    story.run(until: at(18))
    // 14 s and Active_Down_Interval.
    #expect(story.sent.map(\.0) == [at(17.609375)])
    story.end(.exited(1))
    #expect(story.participant.nextDeadline.map { $0 > at(28) } == true)
    #expect(story.participant.tenure.nextDeadline == at(38))
  }

  @Test("an owner is elected as it joins: promote, and never standby")
  func owner() {
    var story = Story(priority: 255, hooks: Story.ofRoles)
    #expect(story.words() == ["send 255", "claiming: startup", "promote 11 startup"])
    story.end()
    // Whoever is Active may hear of the owner only from its third advertisement.
    #expect(story.words() == [])
    story.run(until: at(2.999))
    #expect(story.words() == ["send 255", "send 255"])
    story.run(until: at(3))
    #expect(
      story.words() == [
        "send 255", "install", "open lease", "active: startup", "active 11 startup",
      ])
  }

  @Test("an owner whose promote fails leaves the election for the penalty, too")
  func ownerFails() {
    var story = Story(priority: 255)
    story.end(.exited(1))
    #expect(story.participant.role == .fault)
    story.end()
    _ = story.words()
    story.run(until: at(10))
    #expect(
      story.words() == ["send 255", "claiming: startup", "promote 12 startup"])
  }

  @Test("nothing joins before the interface is known and every check has spoken")
  func waitsForEverything() {
    let check = CheckSettings(name: "db", probe: .file("/db"))
    var participant = Participant(
      ParticipantSettings(router: routerSettings(), checks: [check]), term: 0, at: at(0))
    _ = participant.handle(.start, at: at(0))
    _ = participant.handle(.timer, at: at(0))
    _ = participant.handle(.checkEnded(0, failure: nil), at: at(0.1))
    #expect(participant.role == .initialize)
    _ = participant.handle(.link([], source: thisNode), at: at(0.2))
    #expect(participant.role == .backup)
    #expect(participant.router.nextDeadline == at(3.809375))
  }

  // MARK: Failover

  @Test("a failover that is done")
  func failoverDone() {
    var story = Story(hooks: [.promote, .demote, .standby])
    story.end()
    story.hold()
    _ = story.words()
    story.feed(.failover(FailoverOrder(Self.operation)))
    story.run(until: at(5))
    #expect(story.words() == ["releasing: manual", "demote 11 manual", "send 100"])
    #expect(story.hasAddresses)
    story.end()
    #expect(
      story.words() == [
        "reset connections", "close lease", "remove", "send 0", "backup: manual",
        "standby 11 manual",
      ])
    story.run(until: at(5.7))
    story.hear(90)
    #expect(story.words() == ["moved to 192.0.2.2"])
    #expect(story.participant.term == 12)
  }

  @Test("a failover whose demote fails is rolled back without a change of owner")
  func failoverRolledBack() {
    var story = Story()
    story.hold()
    story.feed(.failover(FailoverOrder(Self.operation)))
    _ = story.words()
    story.end(.exited(1))
    #expect(
      story.words() == [
        "active: rollback", "undo 11 rollback", "rolled back: demote exited with status 1",
      ])
    #expect(story.hasAddresses && story.participant.term == 11)
  }

  @Test("a failover that nobody takes comes back after Active_Down_Interval")
  func failoverNobody() {
    var story = Story(hooks: [])
    story.hold()
    story.feed(.failover(FailoverOrder(Self.operation)))
    _ = story.words()
    story.run(until: at(7.7))
    #expect(
      story.words() == [
        "send 100", "claiming: rollback", "install", "open lease",
        "rolled back: no other node became Active: is a Backup running and reachable?",
        "active: rollback",
      ])
  }

  @Test("a fault during a failover ends it once, incomplete")
  func failoverIncomplete() {
    var story = Story()
    story.hold()
    story.feed(.failover(FailoverOrder(Self.operation)))
    _ = story.words()
    story.feed(.link([.noCarrier("eth0")], source: nil))
    #expect(
      story.words() == [
        "close lease", "reset connections", "remove", "send 0",
        "incomplete: interface eth0 has no carrier: check cable, port and switch", "fault: link",
      ])
    story.end()
    story.feed(.failover(FailoverOrder(OperationIdentifier(2))))
    #expect(story.words() == ["refused: this node does not hold the role: its state is fault"])
  }

  // MARK: Loss

  @Test("a promote that runs when a better router is heard is ended; its demote waits for its end")
  func deposedWhilePromoting() {
    var story = Story()
    story.run(until: at(4))
    _ = story.words()
    story.hear(200)
    #expect(story.words() == ["close lease", "terminate", "remove", "backup: preempted"])
    #expect(story.participant.term == 12)
    story.run(until: at(5))
    story.feed(.hookEnded(HookRun.Identifier(1), .signalled(15)))
    #expect(story.words() == ["demote 12 preempted"])
  }

  @Test("ten thousand losing advertisements move nothing and bring at most 100 answers a second")
  func losingAdvertisements() {
    var story = Story(hooks: [])
    story.hold()
    _ = story.words()
    for step in 1...10_000 {
      story.run(until: at(4) + .microseconds(100 * step))
      story.hear(50)
    }
    #expect(story.sent.count <= 101)
    #expect(story.participant.role == .active && story.participant.term == 11)
  }

  @Test("a link that flaps while a demote runs: demote, then only the newest notice")
  func flap() {
    var story = Story(hooks: Story.ofRoles)
    story.end()
    story.hold()
    story.end()
    story.end()
    _ = story.words()
    story.feed(.link([.noCarrier("eth0")], source: nil))
    #expect(
      story.words() == [
        "close lease", "reset connections", "remove", "send 0", "fault: link", "demote 11 link",
      ])
    story.run(until: at(5))
    story.feed(.link([], source: thisNode))
    #expect(story.words() == ["backup: link"])
    story.hear(200)
    story.end()
    #expect(story.words() == ["standby 11 link"])
  }

  @Test("addresses that somebody removed come back without a change of role")
  func addressesLost() {
    var story = Story(hooks: [])
    story.hold()
    _ = story.words()
    story.hasAddresses = false
    story.feed(.addressesLost)
    story.run(until: at(4.001))
    #expect(story.hasAddresses)
    #expect(story.words() == ["install", "open lease"])
  }

  @Test("an announcement that an operator asks for waits until removed addresses are back")
  func announceWhileAway() {
    var story = Story(hooks: [])
    story.hold()
    story.told = []
    story.hasAddresses = false
    story.feed(.addressesLost)
    story.feed(.announce)
    #expect(story.told.isEmpty)
    story.run(until: at(4.001))
    let effects = story.told.map(\.effect)
    #expect(effects.firstIndex(of: .install) == 0)
    #expect(effects.contains(.announce(0..<1)))
  }

  @Test("a node that hears the Active Router again after a conflict stays Backup")
  func heardAfterConflict() {
    var story = Story(ParticipantSettings(router: routerSettings(), detectsConflicts: true))
    let claim = NeighborClaim(
      address: virtualAddress, hardware: HardwareAddress(2, 0, 0, 0, 0, 9), kind: .claims)
    // It answers the last probe as well.
    story.run(until: at(3))
    story.feed(.neighbor(claim))
    story.run(until: at(3.5))
    #expect(story.participant.role == .fault)
    story.hear(200)
    for second in 4...12 {
      story.run(until: at(Double(second)))
      #expect(story.participant.role == .backup)
      story.hear(200)
      // It answers our probes as well.
      story.feed(.neighbor(claim))
    }
  }

  // MARK: Term and reason

  @Test("a silent Active of lower priority is a timeout, not a preemption")
  func reasonOfSilence() {
    var story = Story(hooks: [])
    story.hear(50)
    story.run(until: at(4))
    #expect(story.participant.tenure.reason == .peerTimeout)
    // One change seen, one made.
    #expect(story.participant.term == 12)
  }

  @Test("a lower Active that goes on advertising is preempted")
  func reasonOfPreemption() {
    var story = Story(ParticipantSettings(router: routerSettings(preemption: .always)))
    for second in 0...3 {
      story.run(until: at(Double(second)))
      story.hear(50)
    }
    story.run(until: at(3.7))
    #expect(story.participant.tenure.reason == .preempted)
  }

  @Test("a goodbye is told as such, and the same Active again is not a new owner")
  func reasonOfRelease() {
    var story = Story(hooks: [])
    story.hear(200)
    story.hear(200)
    story.hear(190)
    #expect(story.participant.term == 11)
    story.hear(0)
    story.run(until: at(0.7))
    #expect(story.participant.tenure.reason == .peerReleased)
    #expect(story.participant.term == 12)
  }

  // MARK: Stop

  @Test("a stop while promote ignores SIGTERM waits for its end and for the demote, bounded")
  func stopWhilePromoting() {
    var story = Story()
    story.run(until: at(4))
    _ = story.words()
    story.feed(.shutdown(nil))
    #expect(
      story.words() == ["close lease", "terminate", "remove", "send 0", "initialize: shutdown"])
    #expect(!story.participant.isOut)
    // SIGKILL at 9 s, given up at 14 s; the demote hangs as well and is over at 74 s.
    story.run(until: at(73.9))
    #expect(story.words() == ["kill", "demote 11 shutdown"])
    #expect(!story.participant.isOut)
    story.run(until: at(74))
    #expect(story.participant.isOut)
  }

  @Test("a stop whose demote hangs gives the addresses up after its 60 s")
  func stopWithHungDemote() {
    var story = Story()
    story.hold()
    story.feed(.shutdown(nil))
    story.run(until: at(63.9))
    #expect(story.hasAddresses)
    story.run(until: at(64))
    #expect(!story.hasAddresses && story.participant.isOut)
    #expect(story.sent.last?.1 == 0)
  }

  @Test("a stop of a Backup or of a node in fault is over at once", arguments: [false, true])
  func stopIdle(isFaulty: Bool) {
    var story = Story()
    if isFaulty { story.feed(.link([.noCarrier("eth0")], source: nil)) }
    story.feed(.shutdown(nil))
    #expect(story.participant.isOut)
    #expect(story.sent.isEmpty)
  }

  // MARK: Checks

  /// Base priority, what the failed check does to it, the effective priority.
  static let priorities: [(UInt8, Int, UInt8)] = [
    (100, -50, 50), (100, -254, 1), (200, 100, 254), (255, -1, 254), (255, -50, 205),
    (1, -1, 1), (100, 0, 100),
  ]

  @Test(
    "a failed check moves the priority within 1-254, and unmakes an owner", arguments: priorities)
  func priority(base: UInt8, change: Int, effective: UInt8) {
    let check = CheckSettings(name: "lag", probe: .file("/lag"), onFailure: .priority(change))
    var story = Story(priority: base, hooks: [], checks: [check])
    story.run(until: at(0.1))
    story.feed(.checkEnded(0, failure: "no"))
    #expect(story.participant.router.priority == Priority(effective))
    for second in [2.1, 4.1] {
      story.run(until: at(second))
      story.feed(.checkEnded(0, failure: nil))
    }
    #expect(story.participant.router.priority == Priority(base))
  }

  @Test("a check that fails takes the role away, and gives it back")
  func faultCheck() {
    let check = CheckSettings(name: "db", probe: .file("/db"), fall: 1)
    var story = Story(hooks: [], checks: [check])
    story.run(until: at(0.1))
    story.feed(.checkEnded(0, failure: nil))
    #expect(story.participant.role == .backup)
    for second in [2.1, 4.1] {
      story.run(until: at(second))
      story.feed(.checkEnded(0, failure: nil))
    }
    #expect(story.participant.role == .active)
    story.run(until: at(6.1))
    _ = story.words()
    story.feed(.checkEnded(0, failure: "no"))
    #expect(
      story.words() == [
        "check 0 fails", "close lease", "reset connections", "remove", "send 0", "fault: health",
      ])
  }

  // MARK: Reload

  @Test("a reload keeps the checks that are the same and installs new addresses while held")
  func reload() {
    let check = CheckSettings(name: "db", probe: .file("/db"))
    var story = Story(hooks: [], checks: [check])
    story.feed(.timer)
    story.feed(.checkEnded(0, failure: nil))
    for second in [2.1, 4.1] {
      story.run(until: at(second))
      story.feed(.checkEnded(0, failure: nil))
    }
    _ = story.words()
    let second = IPAddress.v4(IPv4Address(192, 0, 2, 101))
    let new = CheckSettings(name: "new", probe: .file("/new"))
    story.feed(
      .settings(
        ParticipantSettings(
          router: routerSettings(addresses: [virtualAddress, second]), checks: [new, check])))
    #expect(story.told.contains { $0.effect == .announce(0..<2) })
    #expect(story.words() == ["install", "open lease"])
    #expect(story.participant.checks.map(\.isPassing) == [true, true])
    #expect(story.participant.checks.map(\.hasRun) == [false, true])
    #expect(story.participant.role == .active)
    story.feed(.timer)
    #expect(story.told.map(\.effect) == [.startCheck(0)])
  }

  @Test("places of an old list are never announced after a reload, also when its install fails")
  func reloadShrinks() {
    let second = IPAddress.v4(IPv4Address(192, 0, 2, 101))
    var story = Story(
      ParticipantSettings(router: routerSettings(addresses: [virtualAddress, second])))
    story.run(until: at(3.7))
    story.told = []
    story.installFailure = "no"
    story.feed(.settings(ParticipantSettings(router: routerSettings())))
    story.run(until: at(4.5))
    #expect(!story.told.contains { if case .announce = $0.effect { true } else { false } })
    story.installFailure = nil
    story.run(until: at(5))
    #expect(story.told.contains { $0.effect == .announce(0..<1) })
  }
}
