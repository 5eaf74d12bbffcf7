import Testing
import VRRP

@testable import Failover

/// The lease: 2.5 s at the interval of 1 s. The node of 192.0.2.1 is elected at 3.609375 s.
@Suite struct LeaseTests {
  static let elected = at(3.609375)

  @Test("the lease is counted from each advertisement, just after it")
  func renewal() {
    var story = Story(hooks: [])
    story.run(until: at(7))
    let kernel = story.told.map(\.effect).filter {
      switch $0 {
      case .send, .renewLease, .openLease: true
      default: false
      }
    }
    #expect(
      kernel == [
        .send(.standard), .openLease(until: Self.elected + .milliseconds(2500)),
        .send(.standard), .renewLease(until: Self.elected + .milliseconds(3500)),
        .send(.standard), .renewLease(until: Self.elected + .milliseconds(4500)),
        .send(.standard), .renewLease(until: Self.elected + .milliseconds(5500)),
      ])
  }

  @Test("while promote runs nothing is opened; afterwards the lease ends as the last beat says")
  func openedLate() {
    var story = Story()
    story.run(until: at(6))
    #expect(story.renewals.isEmpty)
    story.end()
    #expect(
      story.told.contains { $0.effect == .openLease(until: Self.elected + .milliseconds(4500)) })
  }

  @Test("a stall inside the lease changes nothing")
  func shortStall() {
    var story = Story()
    story.hold()
    _ = story.words()
    story.now = Self.elected + .milliseconds(2499)
    story.feed(.timer)
    #expect(story.words() == ["send 100"])
    #expect(story.participant.role == .active)
  }

  @Test("who wakes at the end of the lease is Backup before it speaks: demote, standby, no goodbye")
  func wokeLate() {
    var story = Story(hooks: Story.ofRoles)
    story.run(until: at(3.7))
    // The standby of the start, promote and active.
    for _ in 0..<3 { story.end() }
    _ = story.words()
    story.now = Self.elected + .milliseconds(2500)
    story.feed(.timer)
    #expect(
      story.words() == [
        "close lease", "reset connections", "remove", "backup: lease", "demote 11 lease",
      ])
    #expect(!story.hasAddresses && story.participant.leaseEnd == nil)
    story.end()
    #expect(story.words() == ["standby 11 lease"])
  }

  @Test("whatever comes first after a long stop finds the lease ended", arguments: 0..<5)
  func anythingWakes(_ which: Int) {
    var story = Story()
    story.hold()
    _ = story.words()
    story.now = at(60)
    let events: [Participant.Event] = [
      .advertisement(advertisement(50), from: otherNode), .addressesLost, .announce,
      .failover(FailoverOrder(OperationIdentifier(1))), .link([], source: thisNode),
    ]
    story.feed(events[which])
    let words = story.words()
    #expect(words.prefix(3) == ["close lease", "reset connections", "remove"])
    #expect(!words.contains("send 100") && !words.contains("send 0"))
    #expect(story.participant.role == .backup)
  }

  @Test("a claim that slept through its own silence is given up as well")
  func claimSlept() {
    var story = Story()
    story.run(until: at(4))
    _ = story.words()
    story.now = at(60)
    story.feed(.advertisement(advertisement(50), from: otherNode))
    #expect(story.words() == ["close lease", "terminate", "remove", "backup: lease"])
    story.feed(.hookEnded(run(1), .signalled(15)))
    #expect(story.words() == ["demote 11 lease"])
  }

  @Test("after the lapse the node waits like any Backup, and claims again")
  func comesBack() {
    var story = Story(hooks: [])
    story.hold()
    story.now = at(60)
    story.feed(.timer)
    _ = story.words()
    story.run(until: at(63.6))
    #expect(story.words() == [])
    story.run(until: at(63.62))
    #expect(
      story.words() == [
        "send 100", "claiming: peer_timeout", "install", "open lease", "active: peer_timeout",
      ])
  }

  @Test("an advertisement that did not leave extends nothing; three of them are a fault")
  func beatsFail() {
    var story = Story(hooks: [])
    story.hold()
    for _ in 0..<2 {
      story.now = story.now + .seconds(1)
      story.feed(.timer)
      story.feed(.beatFailed("Operation not permitted"))
      #expect(story.participant.leaseEnd == Self.elected + .milliseconds(2500))
    }
    _ = story.words()
    story.now = Self.elected + .milliseconds(2500)
    story.feed(.timer)
    #expect(
      story.words() == ["close lease", "reset connections", "remove", "fault: link"])
    #expect(
      story.participant.tenure.faults == [.advertisementsRefused("Operation not permitted")])
  }

  @Test("a first advertisement that cannot leave is no claim")
  func firstBeatFails() {
    var story = Story()
    story.run(until: at(3.7))
    _ = story.words()
    story.feed(.beatFailed("Operation not permitted"))
    #expect(story.words() == ["close lease", "terminate", "remove", "fault: link"])
  }

  @Test("a lease that the kernel says has ended is the end of the role")
  func kernelSaysLapsed() {
    var story = Story(hooks: [])
    story.hold()
    _ = story.words()
    story.feed(.leaseLost)
    #expect(
      story.words() == ["close lease", "reset connections", "remove", "backup: lease"])
  }

  @Test("a lease that cannot be opened is a failed claim: goodbye, fault, a later try")
  func cannotOpen() {
    var story = Story(hooks: [])
    story.hold()
    _ = story.words()
    story.feed(.leaseRefused("no memory"))
    #expect(
      story.words() == ["close lease", "reset connections", "remove", "send 0", "fault: lease"])
    #expect(story.participant.tenure.nextDeadline == at(14))
  }

  @Test("the lifetime of the addresses is renewed every 3 s, in pieces of 64")
  func refresh() {
    let many = (0..<100).map { IPAddress.v4(IPv4Address(10, 0, 0, UInt8($0))) }
    var story = Story(
      ParticipantSettings(router: routerSettings(addresses: many), hooks: []))
    story.run(until: at(6.619))
    #expect(story.told.allSatisfy { if case .refreshAddresses = $0.effect { false } else { true } })
    story.run(until: at(6.62))
    let pieces = story.told.compactMap {
      if case .refreshAddresses(let places) = $0.effect { places } else { nil }
    }
    #expect(pieces == [0..<64, 64..<100])
  }

  @Test("a router that pushes another aside holds its addresses off for three intervals")
  func preemption() {
    var story = Story(
      ParticipantSettings(router: routerSettings(preemption: .always), hooks: []))
    story.hear(50)
    story.run(until: at(6.609))
    #expect(
      story.words() == [
        "backup: startup", "send 100", "claiming: preempted", "send 100", "send 100",
      ])
    story.run(until: at(6.609375))
    #expect(story.words() == ["send 100", "install", "open lease", "active: preempted"])
  }

  @Test("a node that crashed lets its peers claim first: one interval more at its restart")
  func restart() {
    var participant = Participant(
      ParticipantSettings(router: routerSettings()), term: 7, isRestart: true, at: at(0))
    _ = participant.handle(.link([], source: thisNode), at: at(0))
    _ = participant.handle(.start, at: at(0))
    #expect(participant.nextDeadline == at(4.609375))
    _ = participant.handle(.link([.noCarrier("eth0")], source: thisNode), at: at(1))
    _ = participant.handle(.link([], source: thisNode), at: at(2))
    #expect(participant.nextDeadline == at(5.609375))
  }

  @Test("in a pair nobody is waited for once the other node has gone")
  func noHoldOff() {
    var story = Story(
      ParticipantSettings(router: routerSettings(), isPair: true, hooks: []))
    story.hear(200)
    story.hear(0)
    story.run(until: at(0.609375))
    #expect(
      story.words() == [
        "backup: startup", "send 100", "install", "claiming: peer_released", "open lease",
        "active: peer_released",
      ])
  }

  @Test("where another may claim at the same moment the addresses come 10 ms later")
  func settling() {
    for isPair in [false, true] {
      var story = Story(
        ParticipantSettings(router: routerSettings(), isPair: isPair, hooks: []))
      // In a pair as well when nobody was heard: both may have just started.
      story.run(until: at(3.619374))
      #expect(story.words() == ["backup: startup", "send 100", "claiming: peer_timeout"])
      story.run(until: at(3.619375))
      #expect(story.words() == ["install", "open lease", "active: peer_timeout"])
    }
  }

  @Test("two that claim at the same moment: the lower one never has the addresses")
  func race() {
    var story = Story(hooks: [])
    story.run(until: at(3.61))
    story.hear(101)
    story.run(until: at(6))
    #expect(
      story.words() == [
        "backup: startup", "send 100", "claiming: peer_timeout", "close lease", "remove",
        "backup: preempted",
      ])
  }

  @Test("a worse Active Router that has not heard of the claim keeps the addresses away")
  func rival() {
    var story = Story(hooks: [])
    story.run(until: at(3.61))
    story.hear(50)
    for second in 4...9 {
      story.run(until: at(Double(second)))
      story.hear(50)
    }
    #expect(!story.hasAddresses)
    story.run(until: at(11.999))
    #expect(!story.hasAddresses)
    story.run(until: at(12))
    #expect(story.hasAddresses)
  }

  @Test("an advertisement that did not leave is one that nobody heard")
  func holdOffCountsWhatLeft() {
    var story = Story(
      ParticipantSettings(router: routerSettings(preemption: .always), hooks: []))
    story.hear(50)
    story.run(until: at(4.7))
    story.feed(.beatFailed("no buffer space"))
    story.run(until: at(7.609))
    #expect(!story.hasAddresses)
    story.run(until: at(7.609375))
    #expect(story.hasAddresses)
  }

  @Test("whoever is pushed aside keeps its addresses for a lease of its own interval")
  func longerRivalInterval() throws {
    let slow = try #require(AdvertisementInterval(centiseconds: 300))
    var story = Story(
      ParticipantSettings(router: routerSettings(preemption: .always), hooks: []))
    story.feed(.advertisement(advertisement(50, interval: slow), from: otherNode))
    story.run(until: at(12.609))
    #expect(!story.hasAddresses)
    story.run(until: at(12.609375))
    #expect(story.hasAddresses)
  }

  @Test("who leaves while the one it pushed aside may still answer says no goodbye")
  func silentGoodbye() {
    for (left, goodbyes) in [(6.6, 0), (6.61, 1)] {
      var story = Story(
        ParticipantSettings(router: routerSettings(preemption: .always), hooks: []))
      story.hear(50)
      story.run(until: at(left))
      story.feed(.shutdown(nil))
      #expect(story.words().count { $0 == "send 0" } == goodbyes)
      #expect(!story.hasAddresses)
    }
  }

  @Test("a Backup whose machine slept does not take that for the silence of the Active Router")
  func slept() {
    var story = Story(hooks: [])
    story.hear(200)
    _ = story.words()
    story.now = at(60)
    story.feed(.advertisementsMissed)
    story.feed(.timer)
    #expect(story.words() == [])
    #expect(story.participant.nextDeadline == at(63.609375))
  }

  @Test("a longer interval is told three times at the old pace, with the old lease")
  func slowingDown() {
    var story = Story(hooks: [])
    story.hold()
    let slow = AdvertisementInterval(centiseconds: 1000)!
    story.feed(.settings(ParticipantSettings(router: routerSettings(interval: slow), hooks: [])))
    story.told = []
    story.run(until: at(30))
    let beats = [4.609375, 5.609375, 6.609375, 7.609375, 17.609375, 27.609375].map(at)
    #expect(story.sent.map(\.0) == beats)
    let leases = story.renewals.map { $0.1 - $0.0 }
    #expect(
      leases == [2.5, 2.5, 25, 25, 25, 25].map { .milliseconds(Int($0 * 1000)) })
  }

  @Test("a shorter interval is kept, and its lease with it, before anybody is told of it")
  func speedingUp() throws {
    let slow = try #require(AdvertisementInterval(centiseconds: 1000))
    var story = Story(
      ParticipantSettings(router: routerSettings(interval: slow), hooks: []))
    // Elected at 36.09375 s, the addresses 10 ms later; the next advertisement at 46.09375 s.
    story.run(until: at(40))
    story.told = []
    story.feed(.settings(ParticipantSettings(router: routerSettings(), hooks: [])))
    #expect(story.renewals.map(\.1) == [at(42.5)])
    #expect(story.sent.isEmpty)
    story.run(until: at(42))
    #expect(story.sent.map(\.0) == [at(41), at(42)])
    #expect(story.renewals.map(\.1) == [at(42.5), at(43.5), at(44.5)])
  }

  @Test("the least that a Backup waits is more than three intervals")
  func peerWaits() {
    #expect(LeaseSettings.peerWaits(interval: .seconds(1)) == .microseconds(3_007_812.5))
    #expect(
      LeaseSettings.peerWaits(interval: .seconds(2), isVersion2: true) == .microseconds(6_007_812.5)
    )
  }
}
