/// The entries that were asked for, oldest first.
public struct HistoryReport: Codable, Equatable, Sendable {
  public var entries: [HistoryEntry]
  /// Older ones that were asked for too, and for which the answer has no room.
  public var leftOut: Int

  public init(entries: [HistoryEntry], leftOut: Int = 0) {
    self.entries = entries
    self.leftOut = leftOut
  }

  private enum CodingKeys: String, CodingKey {
    case entries
    case leftOut = "left_out"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    entries = try container.decode([HistoryEntry].self, forKey: .entries)
    leftOut = try container.decodeIfPresent(Int.self, forKey: .leftOut) ?? 0
  }
}

/// One change of one virtual router; also one line of the history file.
public struct HistoryEntry: Codable, Equatable, Sendable {
  public var time: Timestamp
  /// Its name.
  public var virtualRouter: String
  /// `active`, `backup`, `fault`, `failover`, …
  public var event: String
  /// A word of `GODWIT_REASON`: `peer_timeout`, `manual`, …
  public var reason: String
  public var term: Int
  /// The operation this was a part of.
  @OrNull public var operationIdentifier: String?
  /// Whether an operator asked for it.
  public var planned: Bool
  @OrNull public var durationMilliseconds: Int?
  public var phases: [PhaseRecord]
  public var hooks: [HookRecord]
  /// The address or the node that is Active after it, if known.
  @OrNull public var activeRouter: String?
  /// For a person; may be empty.
  public var detail: String
  /// What `FailoverOutcome` tells of a failover; nil in every other entry and when unknown.
  @OrNull public var gapMilliseconds: Double?
  @OrNull public var connectionsReset: Int?
  @OrNull public var connectionsLeft: Int?
  @OrNull public var connectionsTold: Int?

  public init(
    time: Timestamp, virtualRouter: String, event: String, reason: String, term: Int,
    operationIdentifier: String? = nil, planned: Bool = false, durationMilliseconds: Int? = nil,
    phases: [PhaseRecord] = [], hooks: [HookRecord] = [], activeRouter: String? = nil,
    detail: String = "", gapMilliseconds: Double? = nil, connectionsReset: Int? = nil,
    connectionsLeft: Int? = nil, connectionsTold: Int? = nil
  ) {
    self.time = time
    self.virtualRouter = virtualRouter
    self.event = event
    self.reason = reason
    self.term = term
    self.operationIdentifier = operationIdentifier
    self.planned = planned
    self.durationMilliseconds = durationMilliseconds
    self.phases = phases
    self.hooks = hooks
    self.activeRouter = activeRouter
    self.detail = detail
    // JSON has no infinity.
    self.gapMilliseconds = gapMilliseconds.flatMap { $0.isFinite ? $0 : nil }
    self.connectionsReset = connectionsReset
    self.connectionsLeft = connectionsLeft
    self.connectionsTold = connectionsTold
  }

  private enum CodingKeys: String, CodingKey {
    case time, event, reason, term, planned, phases, hooks, detail
    case virtualRouter = "virtual_router"
    case operationIdentifier = "operation_id"
    case durationMilliseconds = "duration_ms"
    case activeRouter = "active_router"
    case gapMilliseconds = "gap_ms"
    case connectionsReset = "connections_reset"
    case connectionsLeft = "connections_left"
    case connectionsTold = "connections_told"
  }
}

/// One phase that is over.
public struct PhaseRecord: Codable, Equatable, Sendable {
  public var name: String
  public var durationMilliseconds: Int
  /// `done`, or why not.
  public var result: String

  public init(name: String, durationMilliseconds: Int, result: String) {
    self.name = name
    self.durationMilliseconds = durationMilliseconds
    self.result = result
  }

  private enum CodingKeys: String, CodingKey {
    case name, result
    case durationMilliseconds = "duration_ms"
  }
}

/// One run of one hook program that is over.
public struct HookRecord: Codable, Equatable, Sendable {
  /// `promote`, `demote`, …
  public var event: String
  /// The program and its arguments, without the event.
  public var command: [String]
  /// `done`, `warning`, `failed`, `timeout`, `unfit`, …
  public var result: String
  /// nil if the program did not end by itself.
  @OrNull public var exitStatus: Int?
  @OrNull public var durationMilliseconds: Int?
  /// What `kept` leaves of its standard output; nil for nothing.
  @OrNull public var output: String?

  public init(
    event: String, command: [String], result: String, exitStatus: Int? = nil,
    durationMilliseconds: Int? = nil, output: String? = nil
  ) {
    self.event = event
    self.command = command
    self.result = result
    self.exitStatus = exitStatus
    self.durationMilliseconds = durationMilliseconds
    self.output = output
  }

  /// Bytes of an output that are kept.
  public static let outputBound = 4096

  /// What is kept of an output: its beginning, and a mark where it is cut; nil for nothing.
  public static func kept(_ output: [UInt8]) -> String? {
    if output.isEmpty { return nil }
    guard output.count > outputBound else { return String(decoding: output, as: UTF8.self) }
    var end = outputBound
    // Not within a character of UTF-8.
    while end > outputBound - 4, output[end] & 0xc0 == 0x80 { end -= 1 }
    return String(decoding: output[..<end], as: UTF8.self)
      + "\n[cut here, \(output.count) bytes in all]"
  }

  private enum CodingKeys: String, CodingKey {
    case event, command, result, output
    case exitStatus = "exit_status"
    case durationMilliseconds = "duration_ms"
  }
}
