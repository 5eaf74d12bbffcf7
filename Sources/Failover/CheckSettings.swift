/// One health check as the operator wrote it.
public struct CheckSettings: Hashable, Sendable {
  /// What is asked.
  public enum Probe: Hashable, Sendable {
    /// A program and its arguments; exit status 0 passes.
    case command([String])
    /// `ADDRESS:PORT` that must accept a connection.
    case tcp(String)
    /// A URL that must answer with a status of 200-299.
    case http(String)
    /// A process of that name that must run.
    case process(String)
    /// A file that must exist.
    case file(String)
  }

  /// What a failed check does.
  public enum FailureEffect: Hashable, Sendable {
    /// The node cannot serve.
    case fault
    /// The priority changes by this much, -254 to 254, and stays within 1-254.
    case priority(Int)
  }

  public var name: String
  public var probe: Probe
  /// Time from one start to the next.
  public var interval: Duration
  /// After that long without an answer the run has failed.
  public var timeout: Duration
  /// Passes in a row after which a failed check counts as passing, 1 or more.
  public var rise: Int
  /// Failures in a row after which a passing check counts as failed, 1 or more.
  public var fall: Int
  public var onFailure: FailureEffect
  /// The user it runs as; nil for the daemon's own.
  public var user: String?

  public init(
    name: String, probe: Probe, interval: Duration = .seconds(2), timeout: Duration = .seconds(1),
    rise: Int = 2, fall: Int = 3, onFailure: FailureEffect = .fault, user: String? = nil
  ) {
    self.name = name
    self.probe = probe
    self.interval = interval
    self.timeout = timeout
    self.rise = rise
    self.fall = fall
    self.onFailure = onFailure
    self.user = user
  }
}
