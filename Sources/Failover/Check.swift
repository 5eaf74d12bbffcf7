import VRRP

/// One health check: when it runs, and what the results make of it.
///
/// It fails closed: until the first run has passed the check counts as failed, and a run that could
/// not start or took too long has failed.
public struct Check: Sendable {
  public enum Effect: Hashable, Sendable {
    case start
    /// SIGKILL to the process group of the run.
    case kill
    /// The check passes or fails from now on.
    case changed(passing: Bool)
  }

  public let settings: CheckSettings
  public private(set) var isPassing = false
  /// Since when it has been passing or failing.
  public private(set) var since: Instant
  /// Why the last run failed, in the words of the program or the system; empty after a pass.
  public private(set) var detail = "has not run yet"
  /// Whether a run has ended at all.
  public private(set) var hasRun = false
  private var streak = 0
  private var nextStart: Instant
  /// When the run that is under way is too late, again and again once it is killed and does not end;
  /// nil when none is.
  private var runDeadline: Instant?
  private var isKilled = false

  /// A check that is due at once and failed until it passes, or passing until it fails.
  public init(_ settings: CheckSettings, at now: Instant, assumedPassing: Bool = false) {
    self.settings = settings
    isPassing = assumedPassing
    since = now
    nextStart = now
  }

  /// When `deadlineReached` is due.
  public var nextDeadline: Instant? { runDeadline ?? nextStart }

  public mutating func deadlineReached(at now: Instant) -> [Effect] {
    if let runDeadline {
      guard now >= runDeadline else { return [] }
      self.runDeadline = now + settings.interval
      // A run that not even SIGKILL ends leaves no room for the next one, which has failed with it.
      guard !isKilled else { return judge(failure: "does not end when killed", at: now) }
      isKilled = true
      return [.kill] + judge(failure: "took longer than \(settings.timeout)", at: now)
    }
    guard now >= nextStart else { return [] }
    runDeadline = now + settings.timeout
    nextStart += settings.interval
    if nextStart <= now { nextStart = now + settings.interval }
    isKilled = false
    return [.start]
  }

  /// The run has ended: `failure` tells how it failed, nil that it passed.
  public mutating func ended(failure: String?, at now: Instant) -> [Effect] {
    guard runDeadline != nil else { return [] }
    runDeadline = nil
    // A run that was too late has been judged already.
    return isKilled ? [] : judge(failure: failure, at: now)
  }

  private mutating func judge(failure: String?, at now: Instant) -> [Effect] {
    detail = failure ?? ""
    let passed = failure == nil
    defer { hasRun = true }
    guard passed != isPassing else {
      streak = 0
      // The first word of a check is worth hearing even when it is what was assumed.
      return hasRun ? [] : [.changed(passing: passed)]
    }
    streak += 1
    // The first pass of all needs no others to confirm it.
    guard (passed && !hasRun) || streak >= (passed ? settings.rise : settings.fall) else {
      return []
    }
    streak = 0
    isPassing = passed
    since = now
    return [.changed(passing: passed)]
  }
}
