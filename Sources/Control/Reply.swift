/// One line of the daemon's answer: any number of `progress`, then one `result` or `error`.
///
/// On the wire `{"progress":{…}}`, `{"result":{"status":{…}}}` or
/// `{"error":{"code":"refused","message":"…","remedy":"…"}}`.
public enum Reply: Equatable, Sendable {
  case progress(Progress)
  case result(Outcome)
  case error(Refusal)

  /// The longest line, in bytes without its newline, that a client reads.
  public static let maximumLineLength = 16 << 20

  /// Whether the daemon closes the connection after this line.
  public var isFinal: Bool {
    if case .progress = self { false } else { true }
  }
}

/// What the daemon answers to a request that it carried out, under the name of the command.
public enum Outcome: Equatable, Sendable {
  case status(StatusReport)
  case history(HistoryReport)
  case failover(FailoverOutcome)
  case reload(ReloadOutcome)
  case announce(AnnounceOutcome)
  case maintenance(MaintenanceOutcome)
}

/// Why the daemon did not do what was asked, and what to do about it.
public struct Refusal: Error, Codable, Equatable, Sendable {
  public var code: Code
  /// What happened, a sentence.
  public var message: String
  /// What to do, a sentence; nil if there is nothing to do.
  @OrNull public var remedy: String?

  public enum Code: String, Codable, Sendable, CaseIterable {
    /// Nothing was changed.
    case refused
    /// The sender may not do that.
    case notAllowed = "not_allowed"
    /// No virtual router of that name.
    case notFound = "not_found"
    /// The request was not understood.
    case usage
    /// A fault of the daemon.
    case `internal`
  }

  public init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}

/// A new file is in force.
public struct ReloadOutcome: Codable, Equatable, Sendable {
  /// What happened, a sentence.
  public var message: String
  /// Names of virtual routers.
  public var added: [String]
  public var changed: [String]
  public var removed: [String]

  public init(
    message: String, added: [String] = [], changed: [String] = [], removed: [String] = []
  ) {
    self.message = message
    self.added = added
    self.changed = changed
    self.removed = removed
  }
}

/// The announcements that go out again.
public struct AnnounceOutcome: Codable, Equatable, Sendable {
  /// Names of the virtual routers that are Active here.
  public var announced: [String]

  public init(announced: [String]) { self.announced = announced }
}

extension Reply: Codable {
  private enum Kind: String, CodingKey {
    case progress, result, error
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Kind.self)
    if let progress = try container.decodeIfPresent(Progress.self, forKey: .progress) {
      self = .progress(progress)
    } else if let refusal = try container.decodeIfPresent(Refusal.self, forKey: .error) {
      self = .error(refusal)
    } else {
      self = .result(try container.decode(Outcome.self, forKey: .result))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Kind.self)
    switch self {
    case .progress(let progress): try container.encode(progress, forKey: .progress)
    case .result(let outcome): try container.encode(outcome, forKey: .result)
    case .error(let refusal): try container.encode(refusal, forKey: .error)
    }
  }
}

extension Outcome: Codable {
  private enum Kind: String, CodingKey {
    case status, history, failover, reload, announce, maintenance
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Kind.self)
    switch container.allKeys.first {
    case .status: self = .status(try container.decode(StatusReport.self, forKey: .status))
    case .history: self = .history(try container.decode(HistoryReport.self, forKey: .history))
    case .failover: self = .failover(try container.decode(FailoverOutcome.self, forKey: .failover))
    case .reload: self = .reload(try container.decode(ReloadOutcome.self, forKey: .reload))
    case .announce: self = .announce(try container.decode(AnnounceOutcome.self, forKey: .announce))
    case .maintenance:
      self = .maintenance(try container.decode(MaintenanceOutcome.self, forKey: .maintenance))
    case nil: throw LineError("\"result\" holds nothing that this version knows")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Kind.self)
    switch self {
    case .status(let report): try container.encode(report, forKey: .status)
    case .history(let report): try container.encode(report, forKey: .history)
    case .failover(let outcome): try container.encode(outcome, forKey: .failover)
    case .reload(let outcome): try container.encode(outcome, forKey: .reload)
    case .announce(let outcome): try container.encode(outcome, forKey: .announce)
    case .maintenance(let outcome): try container.encode(outcome, forKey: .maintenance)
    }
  }
}
