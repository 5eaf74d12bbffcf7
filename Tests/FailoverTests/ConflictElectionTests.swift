import Testing
import VRRP

@testable import Failover

/// Conflicts and the election: who answers for the addresses by right is no obstacle.
@Suite struct ConflictElectionTests {
  static let claim = NeighborClaim(
    address: virtualAddress, hardware: HardwareAddress(2, 0, 0, 0, 0, 2), kind: .claims)

  static func settings(priority: UInt8) -> ParticipantSettings {
    ParticipantSettings(
      router: routerSettings(priority: priority), detectsConflicts: true, hooks: [])
  }

  @Test("an owner is not kept out by the answer of the router that it pushes aside")
  func ownerPushesAside() {
    var story = Story(Self.settings(priority: 255))
    // The first probe and the first advertisement left together.
    story.feed(.neighbor(Self.claim))
    story.run(until: at(3))
    #expect(story.hasAddresses)
    #expect(story.participant.role == .active)
  }

  @Test("an owner is kept out by whoever answers its last probe")
  func ownerKeptOut() {
    var story = Story(Self.settings(priority: 255))
    // Probes at 0 s, 0.67 s and 1.33 s.
    story.run(until: at(1.4))
    story.feed(.neighbor(Self.claim))
    story.run(until: at(3))
    #expect(!story.hasAddresses)
    #expect(story.participant.role == .fault)
  }

  @Test("a Backup that has stood out stays in once it hears the Active Router again")
  func backupStays() {
    var story = Story(Self.settings(priority: 100))
    story.run(until: at(3))
    story.feed(.neighbor(Self.claim))
    story.run(until: at(3.6))
    #expect(story.participant.role == .fault)
    story.hear(200)
    #expect(story.participant.role == .backup)
    _ = story.words()
    for second in 5...20 {
      story.run(until: at(Double(second)))
      story.hear(200)
      story.feed(.neighbor(Self.claim))
    }
    #expect(story.words() == [])
  }
}
