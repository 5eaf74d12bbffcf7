import Failover
import FoundationEssentials
import VRRP

/// A recording: everything that went into the participants of a daemon and what came out, one line of
/// JSON for each event, so that the same binary can be asked again why it did what it did.
///
/// The first line about a virtual router has its settings and its term:
///
///     {"begin":{"is_restart":false,"settings":{...},"term":7},"effects":[],"router":"web","t_ns":512}
///
/// and each further one an event and the text of its effects, in order:
///
///     {"effects":["send 100"],"event":{"timer":{}},"router":"web","t_ns":3609375512}
public struct RecordedLine: Codable, Equatable, Sendable {
  struct Beginning: Codable, Equatable, Sendable {
    var settings: RecordedSettings
    var term: UInt64
    var isRestart: Bool
    var maintenance: UInt64
    var isInMaintenance: Bool
    var resumes: Bool
  }

  /// The time that the participant was given, in nanoseconds since boot.
  var tNs: Int64
  /// The virtual router's name.
  public let router: String
  var begin: Beginning?
  var event: RecordedEvent?
  var effects: [String]

  /// A participant is made.
  public init(
    beginning router: String, _ settings: ParticipantSettings, term: UInt64, isRestart: Bool,
    maintenance: MaintenanceMark = MaintenanceMark(), resumes: Bool = false, at now: Instant
  ) {
    tNs = now.sinceBoot.nanoseconds
    self.router = router
    begin = Beginning(
      settings: RecordedSettings(settings), term: term, isRestart: isRestart,
      maintenance: maintenance.version, isInMaintenance: maintenance.isOn, resumes: resumes)
    effects = []
  }

  /// A participant was given an event and answered with effects.
  public init(
    _ router: String, _ event: Participant.Event, _ effects: [Participant.Effect], at now: Instant
  ) {
    tNs = now.sinceBoot.nanoseconds
    self.router = router
    self.event = RecordedEvent(event)
    self.effects = effects.map(\.description)
  }

  /// The line as JSON with sorted keys, and a newline.
  public func bytes() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    // Encoding fails for numbers that are not finite and for a tree without a root: there is neither.
    guard let data = try? encoder.encode(self) else { return [0x0A] }
    return Array(data) + [0x0A]
  }

  /// Reads one line, with or without its newline.
  public init(bytes: some Sequence<UInt8>) throws(RecordingError) {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      self = try decoder.decode(Self.self, from: Data(bytes))
    } catch {
      throw RecordingError("not a line of a recording: \(error)")
    }
  }
}

/// Why a recording cannot be read.
public struct RecordingError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
