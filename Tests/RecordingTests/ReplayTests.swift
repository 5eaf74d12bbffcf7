import Failover
import Testing
import VRRP

@testable import Recording

@Suite struct ReplayTests {
  static let settings = ParticipantSettings(
    router: VirtualRouterSettings(
      identifier: VirtualRouterIdentifier(51)!, addresses: [.v4(IPv4Address(192, 0, 2, 100))]))

  static func at(_ milliseconds: Int) -> Instant {
    Instant(sinceBoot: .milliseconds(milliseconds))
  }

  /// What a participant did that started and found nobody.
  static func recording() -> [RecordedLine] {
    var participant = Participant(settings, term: 3, at: at(0))
    let events: [(Participant.Event, Instant)] = [
      (.link([], source: .v4(IPv4Address(192, 0, 2, 1))), at(0)), (.start, at(1)),
      (.timer, at(3611)), (.timer, at(3621)), (.installed(failure: nil), at(3622)),
    ]
    return [RecordedLine(beginning: "web", settings, term: 3, isRestart: false, at: at(0))]
      + events.map { event, now in
        RecordedLine("web", event, participant.handle(event, at: now), at: now)
      }
  }

  @Test("the same events have the same effects")
  func isSame() throws {
    var replay = Replay()
    var steps: [Replay.Step] = []
    for line in Self.recording() {
      if let step = try replay.play(RecordedLine(bytes: line.bytes())) { steps.append(step) }
    }
    #expect(steps.count == 5)
    #expect(steps.allSatisfy { $0.isSame })
    #expect(steps[3].answered.contains("install"))
    #expect(steps[4].answered.contains { $0.hasPrefix("open lease until") })
  }

  @Test("another effect than the recorded one is a difference")
  func differs() throws {
    var lines = Self.recording()
    lines[3].effects = ["send 101"]
    var replay = Replay()
    let steps = try lines.compactMap { try replay.play($0) }
    #expect(steps.map(\.isSame) == [true, true, false, true, true])
    #expect(steps[2].recorded == ["send 101"])
    #expect(steps[2].answered.first == "send 100")
  }

  @Test("an event before its beginning is refused")
  func noBeginning() {
    var replay = Replay()
    #expect(throws: RecordingError.self) { try replay.play(Self.recording()[1]) }
  }
}
