import Testing
import VRRP

@testable import Failover

/// Advertisements that are discarded for their trailer: no second Active, and no node kept out by
/// junk.
@Suite struct UnreadableTests {
  static let claim = NeighborClaim(
    address: virtualAddress, hardware: HardwareAddress(2, 0, 0, 0, 0, 2), kind: .claims)

  /// A Backup that heard its Active Router for 20 intervals, the last time at 20 of them.
  private func backup(_ interval: AdvertisementInterval = .standard) -> Story {
    var story = Story(
      ParticipantSettings(
        router: routerSettings(interval: interval), detectsConflicts: true, hooks: []))
    for beat in 1...20 {
      story.run(until: at(seconds(interval, Double(beat))))
      story.feed(.advertisement(advertisement(200, interval: interval), from: otherNode))
    }
    return story
  }

  private func seconds(_ interval: AdvertisementInterval, _ beats: Double) -> Double {
    beats * Double(interval.centiseconds) / 100
  }

  private func probes(_ story: Story) -> [Instant] {
    story.told.compactMap { if case .probe = $0.effect { $0.time } else { nil } }
  }

  /// What is unreadable comes every interval, and somebody answers every probe or nobody does.
  private func go(
    _ story: inout Story, _ interval: AdvertisementInterval, beats: Int, isAnswered: Bool
  ) {
    for tenth in 1...(beats * 10) {
      let before = probes(story).count
      story.run(until: at(seconds(interval, 20 + Double(tenth) / 10)))
      if isAnswered, probes(story).count > before { story.feed(.neighbor(Self.claim)) }
      if tenth % 10 == 0 { story.feed(.advertisementsUnreadable) }
    }
  }

  @Test(
    "A Backup that cannot read the Active Router stays out while that answers",
    arguments: [1, 10, 100, 300] as [UInt16])
  func staysOut(centiseconds: UInt16) throws {
    let interval = try #require(AdvertisementInterval(centiseconds: centiseconds))
    var story = backup(interval)
    go(&story, interval, beats: 10, isAnswered: true)
    #expect(story.participant.role == .fault)
    #expect(!story.hasAddresses)
    #expect(!story.told.contains { if case .install = $0.effect { true } else { false } })
    #expect(story.participant.conflicts.obstacle?.address == virtualAddress)
  }

  @Test(
    "Junk does not keep a Backup from claiming when nobody answers",
    arguments: [1, 10, 100, 300] as [UInt16])
  func claims(centiseconds: UInt16) throws {
    let interval = try #require(AdvertisementInterval(centiseconds: centiseconds))
    var story = backup(interval)
    go(&story, interval, beats: 10, isAnswered: false)
    #expect(story.participant.role == .active)
    #expect(story.hasAddresses)
  }

  @Test("A flood of junk delays a claim by one wait at most, at the shortest interval")
  func flood() throws {
    let interval = try #require(AdvertisementInterval(centiseconds: 1))
    var story = backup(interval)
    _ = story.words()
    // Elected at 0.2361 s without it; asked at 0.2126 s at the earliest, and 0.0361 s later.
    for step in 0..<500 {
      story.run(until: at(0.2 + Double(step) / 5000))
      story.feed(.advertisementsUnreadable)
    }
    let first = try #require(story.sent.first?.0)
    #expect(first <= at(0.2487))
    #expect(story.participant.role == .active)
  }

  @Test("At 1 s the claim is not delayed, and the Backup asks three times before it")
  func timing() {
    var story = backup()
    story.told = []
    story.run(until: at(21))
    story.feed(.advertisementsUnreadable)
    #expect(probes(story) == [])
    story.run(until: at(22))
    story.feed(.advertisementsUnreadable)
    story.run(until: at(23))
    story.feed(.advertisementsUnreadable)
    story.run(until: at(24))
    // (23.609375 s - 22 s) x 15/16 in three parts.
    let asked = probes(story)
    #expect(asked.count == 3)
    #expect(asked.first == at(22))
    #expect(asked.last.map { $0 > at(23.0058) && $0 < at(23.006) } == true)
    #expect(story.sent.first?.0 == at(23.609375))
  }

  @Test("Junk in the last moment of a wait delays the claim by the time for the questions alone")
  func lastMoment() {
    var story = backup()
    story.told = []
    // The wait would end at 23.609375 s.
    story.run(until: at(23.6))
    for _ in 0..<100 { story.feed(.advertisementsUnreadable) }
    story.run(until: at(24))
    #expect(probes(story).count == 3)
    #expect(story.sent.first?.0 == at(23.6375))
    #expect(story.participant.role == .active)
  }

  @Test("While the Active Router is heard nobody is asked")
  func routine() {
    var story = backup()
    story.told = []
    for beat in 21...40 {
      story.run(until: at(Double(beat)))
      story.feed(.advertisementsUnreadable)
      story.hear(200)
      story.feed(.advertisementsUnreadable)
    }
    #expect(probes(story) == [])
    #expect(story.participant.role == .backup)
  }

  @Test("An Active Router does not care")
  func active() {
    var story = Story(priority: 100, hooks: [])
    story.hold()
    story.told = []
    story.feed(.advertisementsUnreadable)
    #expect(story.told.isEmpty)
    #expect(story.hasAddresses)
  }
}
