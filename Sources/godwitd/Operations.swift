import Control
import Failover
import LinuxIO
import VRRP

/// What operators asked for and is under way, and who waits for word of it.
struct Operations {
  private struct Entry {
    var router: String
    var client: UInt64?
    var began: Instant
    /// The step under way, and since when.
    var phase: String
    var phaseBegan: Timestamp
    /// What the operator gave as a reason.
    var reason: String?
    /// When whoever waits is told that it still runs.
    var patience: Instant?
  }

  private var entries: [OperationIdentifier: Entry] = [:]
  /// The last one that is over: its history is written behind its last word.
  private var lastFinished: (operation: OperationIdentifier, reason: String?)?
  private var last: UInt64 = 0
  /// Tells operations of one run of the daemon from those of another.
  private let prefix = String(Timestamp.now().milliseconds / 1000, radix: 36)

  /// The identifier as people see it.
  func text(_ operation: OperationIdentifier) -> String { "\(prefix)-\(operation.number)" }

  var nextDeadline: Instant? {
    entries.values.reduce(nil) { earlier($0, $1.patience) }
  }

  mutating func begin(
    _ router: String, client: UInt64?, wait: Duration, reason: String?, at now: Instant
  ) -> OperationIdentifier {
    last += 1
    let operation = OperationIdentifier(last)
    entries[operation] = Entry(
      router: router, client: client, began: now, phase: "demote", phaseBegan: .now(),
      reason: reason, patience: now + wait)
    return operation
  }

  /// A phase ended: whoever waits is told.
  mutating func tell(
    _ operation: OperationIdentifier, _ phase: Phase, at now: Instant,
    _ send: (Reply, UInt64) -> Void
  ) {
    guard let entry = entries[operation] else { return }
    entries[operation]?.phase = Self.steps[phase.name] ?? phase.name
    entries[operation]?.phaseBegan = .now()
    guard let client = entry.client else { return }
    let detail = phase.result == "done" ? "" : phase.result
    send(
      .progress(
        Progress(
          phase: phase.name, elapsedMilliseconds: (now - entry.began).wholeMilliseconds,
          detail: detail)), client)
  }

  /// It is over: the last word, and who waits for it.
  mutating func finish(
    _ operation: OperationIdentifier, _ result: OperationResult, _ phases: [Phase],
    at now: Instant, _ done: (UInt64?, FailoverOutcome) -> Void
  ) {
    guard let entry = entries.removeValue(forKey: operation) else { return }
    lastFinished = (operation, entry.reason)
    let (word, message, newActive) = Self.words(result, entry.router)
    done(
      entry.client,
      FailoverOutcome(
        operationIdentifier: text(operation), result: word, message: message,
        phases: phases.map(PhaseRecord.init), newActive: newActive,
        durationMilliseconds: (now - entry.began).wholeMilliseconds))
  }

  /// Whoever has waited long enough hears that it still runs; the operation goes on.
  mutating func passTime(at now: Instant, _ tell: (UInt64?, FailoverOutcome) -> Void) {
    for (operation, entry) in entries {
      guard let patience = entry.patience, patience <= now else { continue }
      entries[operation]?.patience = nil
      entries[operation]?.client = nil
      tell(
        entry.client,
        FailoverOutcome(
          operationIdentifier: text(operation), result: .running,
          message: "still running, in \(entry.phase); `godwit status` and `godwit history` know it",
          durationMilliseconds: (now - entry.began).wholeMilliseconds))
    }
  }

  /// A client is gone; what it asked for goes on.
  mutating func forget(client: UInt64) {
    for (operation, entry) in entries where entry.client == client {
      entries[operation]?.client = nil
    }
  }

  /// What an operator gave as the reason of an operation that is under way or has just ended.
  func reason(of operation: OperationIdentifier) -> String? {
    lastFinished?.operation == operation ? lastFinished?.reason : entries[operation]?.reason
  }

  /// Which step follows one that is over.
  private static let steps = ["demote": "addresses", "addresses": "takeover"]

  func status(of router: String) -> OperationStatus? {
    entries.first { $0.value.router == router }.map { operation, entry in
      OperationStatus(
        identifier: text(operation), kind: "failover", phase: entry.phase, since: entry.phaseBegan)
    }
  }

  private static func words(
    _ result: OperationResult, _ router: String
  ) -> (FailoverOutcome.Result, String, String?) {
    switch result {
    case .done(let other): (.done, "\(router) moved: \(other) is Active", other.description)
    case .refused(let why): (.refused, "\(router) was not moved: \(why)", nil)
    case .rolledBack(let why): (.rolledBack, "\(router) stays here: \(why)", nil)
    case .incomplete(let why): (.incomplete, "\(router) left this node, but: \(why)", nil)
    }
  }
}
