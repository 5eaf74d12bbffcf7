import Failover
import VRRP

/// Gives the events of a recording to participants of this binary and compares what they answer.
public struct Replay: Sendable {
  /// One event, what the recording says came out and what comes out now.
  public struct Step: Equatable, Sendable {
    public var router: String
    /// Nanoseconds since boot.
    public var time: Int64
    public var event: String
    public var recorded: [String]
    public var answered: [String]

    public var isSame: Bool { recorded == answered }
  }

  private var participants: [String: Participant] = [:]

  public init() {}

  /// Plays one line; nil when it makes a participant.
  ///
  /// Throws when the line says what cannot be, or an event comes before its participant.
  public mutating func play(_ line: RecordedLine) throws(RecordingError) -> Step? {
    let now = Instant(sinceBoot: .nanoseconds(line.tNs))
    if let begin = line.begin {
      participants[line.router] = Participant(
        try begin.settings.settings(), term: begin.term, isRestart: begin.isRestart,
        maintenance: MaintenanceMark(version: begin.maintenance, isOn: begin.isInMaintenance),
        resumes: begin.resumes, at: now)
      return nil
    }
    guard let recorded = line.event else {
      throw RecordingError("\(line.router): a line with neither a beginning nor an event")
    }
    let event = try recorded.event()
    guard let effects = participants[line.router]?.handle(event, at: now) else {
      throw RecordingError("\(line.router): an event before its beginning")
    }
    return Step(
      router: line.router, time: line.tNs, event: "\(recorded)", recorded: line.effects,
      answered: effects.map(\.description))
  }
}
