/// What a client asks of the daemon: one line of JSON, `{"command":"status","name":"orders-db"}`.
public enum Request: Equatable, Sendable {
  /// Every virtual router, or the one of that name.
  case status(name: String?)
  case failover(FailoverRequest)
  /// Apply the changed configuration file.
  case reload
  /// Send the announcements again, of every virtual router or of the one of that name.
  case announce(name: String?)
  /// The last `limit` entries, 1-1000.
  case history(name: String?, limit: Int)
  /// Nobody moves the role by itself, or does again; of every virtual router or of the one of that
  /// name.
  case maintenance(name: String?, isOn: Bool)

  /// The longest line, in bytes without its newline, that the daemon reads.
  public static let maximumLineLength = 16_384
  /// What `limit` of `history` may be.
  public static let historyLimits = 1...1000

  /// Whether the request changes anything, which only administrators may do.
  public var changesSomething: Bool {
    switch self {
    case .status, .history: false
    case .failover, .reload, .announce, .maintenance: true
    }
  }
}

/// Move the role of one virtual router away from the node that holds it.
public struct FailoverRequest: Equatable, Sendable {
  public var name: String
  /// The node that shall become Active; nil for the best Backup.
  public var to: String?
  /// Say what would happen, change nothing.
  public var dryRun: Bool
  /// Why, in the operator's words, at most 500 bytes; for the history.
  public var reason: String?
  /// Go on although a check that only advises against it says no, and take the role during
  /// maintenance although the node that had it does not answer.
  public var force: Bool
  /// How long the daemon reports progress before it answers `running`, 0-3,600,000.
  public var waitMilliseconds: Int

  public init(
    name: String, to: String? = nil, dryRun: Bool = false, reason: String? = nil,
    force: Bool = false, waitMilliseconds: Int = 120_000
  ) {
    self.name = name
    self.to = to
    self.dryRun = dryRun
    self.reason = reason
    self.force = force
    self.waitMilliseconds = waitMilliseconds
  }

  /// The longest `reason`, in bytes.
  public static let maximumReasonLength = 500
  /// What `waitMilliseconds` may be: up to an hour.
  public static let waits = 0...3_600_000
}

extension Request: Codable {
  private enum Command: String, CaseIterable {
    case status, failover, reload, announce, history, maintenance

    var fields: [Field] {
      switch self {
      case .status, .announce: [.name]
      case .failover: [.name, .to, .dryRun, .reason, .force, .wait]
      case .reload: []
      case .history: [.name, .limit]
      case .maintenance: [.name, .isOn]
      }
    }
  }

  private enum Field: String, CodingKey {
    case command, name, to, reason, force, limit
    case dryRun = "dry_run"
    case wait = "wait_ms"
    case isOn = "on"
  }

  private var command: Command {
    switch self {
    case .status: .status
    case .failover: .failover
    case .reload: .reload
    case .announce: .announce
    case .history: .history
    case .maintenance: .maintenance
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Field.self)
    let word = try container.decode(String.self, forKey: .command)
    guard let command = Command(rawValue: word) else {
      let known = Command.allCases.map(\.rawValue).joined(separator: ", ")
      throw LineError("unknown command \"\(word.prefix(40))\"; known are \(known)")
    }
    // A field that this version does not know may forbid what this version would go on to do.
    for key in try decoder.container(keyedBy: AnyField.self).allKeys {
      guard key.stringValue != "command" else { continue }
      guard command.fields.contains(where: { $0.rawValue == key.stringValue }) else {
        throw LineError("\"\(word)\" has no field \"\(key.stringValue.prefix(40))\"")
      }
    }
    switch command {
    case .status:
      self = .status(name: try container.decodeIfPresent(String.self, forKey: .name))
    case .failover:
      self = .failover(try Self.failover(container))
    case .reload:
      self = .reload
    case .announce:
      self = .announce(name: try container.decodeIfPresent(String.self, forKey: .name))
    case .history:
      let limit = try container.decodeIfPresent(Int.self, forKey: .limit) ?? 20
      guard Self.historyLimits.contains(limit) else {
        throw LineError("\"limit\" must be 1-1000, not \(limit)")
      }
      self = .history(
        name: try container.decodeIfPresent(String.self, forKey: .name), limit: limit)
    case .maintenance:
      self = .maintenance(
        name: try container.decodeIfPresent(String.self, forKey: .name),
        isOn: try container.decode(Bool.self, forKey: .isOn))
    }
  }

  private static func failover(
    _ container: KeyedDecodingContainer<Field>
  ) throws -> FailoverRequest {
    var request = FailoverRequest(name: try container.decode(String.self, forKey: .name))
    request.to = try container.decodeIfPresent(String.self, forKey: .to)
    request.dryRun = try container.decodeIfPresent(Bool.self, forKey: .dryRun) ?? false
    request.reason = try container.decodeIfPresent(String.self, forKey: .reason)
    request.force = try container.decodeIfPresent(Bool.self, forKey: .force) ?? false
    if let wait = try container.decodeIfPresent(Int.self, forKey: .wait) {
      request.waitMilliseconds = wait
    }
    guard FailoverRequest.waits.contains(request.waitMilliseconds) else {
      throw LineError("\"wait_ms\" must be 0-3600000, not \(request.waitMilliseconds)")
    }
    guard (request.reason?.utf8.count ?? 0) <= FailoverRequest.maximumReasonLength else {
      throw LineError("\"reason\" must be at most 500 bytes")
    }
    return request
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Field.self)
    try container.encode(command.rawValue, forKey: .command)
    switch self {
    case .status(let name), .announce(let name):
      try container.encodeIfPresent(name, forKey: .name)
    case .reload:
      break
    case .history(let name, let limit):
      try container.encodeIfPresent(name, forKey: .name)
      try container.encode(limit, forKey: .limit)
    case .maintenance(let name, let isOn):
      try container.encodeIfPresent(name, forKey: .name)
      try container.encode(isOn, forKey: .isOn)
    case .failover(let request):
      try container.encode(request.name, forKey: .name)
      try container.encodeIfPresent(request.to, forKey: .to)
      try container.encode(request.dryRun, forKey: .dryRun)
      try container.encodeIfPresent(request.reason, forKey: .reason)
      try container.encode(request.force, forKey: .force)
      try container.encode(request.waitMilliseconds, forKey: .wait)
    }
  }
}

/// Any key at all, to find those that nobody knows.
private struct AnyField: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
