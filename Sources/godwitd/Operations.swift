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
    /// The node that was Active when it began.
    var oldActive: String?
    /// What it was for the clients, as soon as that is known.
    var passage: Passage?
    /// When whoever waits is told that it still runs.
    var patience: Instant?
  }

  private var entries: [OperationIdentifier: Entry] = [:]
  /// The last one that is over: its history is written behind its last word.
  private var lastFinished: (operation: OperationIdentifier, reason: String?)?
  /// Random but for its last 16 bits, so that no two nodes and no two runs of the daemon number alike.
  private var last = UInt64.random(in: 0..<1 << 36) << 16
  /// What this node says of the operation that each virtual router takes part in.
  private var seen: [String: OperationStatus] = [:]

  /// The identifier as people see it, the same on every node.
  func text(_ operation: OperationIdentifier) -> String { String(operation.number, radix: 36) }

  var nextDeadline: Instant? {
    entries.values.reduce(nil) { earliest($0, $1.patience) }
  }

  mutating func begin(
    _ router: String, client: UInt64?, wait: Duration, reason: String?,
    oldActive: String? = nil, at now: Instant
  ) -> OperationIdentifier {
    last += 1
    let operation = OperationIdentifier(last)
    entries[operation] = Entry(
      router: router, client: client, began: now, phase: "precheck", phaseBegan: .now(),
      reason: reason, oldActive: oldActive, patience: now + wait)
    return operation
  }

  /// The number of an operation that nobody waits for.
  mutating func unattended() -> OperationIdentifier {
    last += 1
    return OperationIdentifier(last)
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

  /// What it was for the clients.
  mutating func note(_ passage: Passage, of operation: OperationIdentifier) {
    entries[operation]?.passage = passage
  }

  /// It is over: the last word, and who waits for it. `node` names the node of an address.
  mutating func finish(
    _ operation: OperationIdentifier, _ result: OperationResult, _ phases: [Phase],
    at now: Instant, node: (IPAddress) -> String? = { _ in nil },
    _ done: (UInt64?, FailoverOutcome) -> Void
  ) {
    guard let entry = entries.removeValue(forKey: operation) else { return }
    lastFinished = (operation, entry.reason)
    let (word, message, newActive) = Self.words(result, entry.router, node)
    done(
      entry.client,
      FailoverOutcome(
        operationIdentifier: text(operation), result: word, message: message,
        phases: phases.map(PhaseRecord.init), newActive: newActive,
        durationMilliseconds: (now - entry.began).wholeMilliseconds, oldActive: entry.oldActive,
        gapMilliseconds: entry.passage?.gap?.fractionalMilliseconds,
        connectionsReset: entry.passage?.reset, connectionsLeft: entry.passage?.left,
        connectionsTold: entry.passage?.told))
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
  private static let steps = [
    "precheck": "demote", "demote": "handing", "handing": "connections",
    "connections": "addresses", "addresses": "takeover",
  ]

  /// What a virtual router tells the other nodes of an operation; nil when it has nothing to tell.
  mutating func see(_ handover: Handover?, of router: String) {
    guard let handover, let (role, phase) = handover.step.part else {
      seen[router] = nil
      return
    }
    let operation = text(handover.operation)
    guard seen[router]?.identifier != operation || seen[router]?.phase != phase else { return }
    seen[router] = OperationStatus(
      identifier: operation, kind: "failover", phase: phase, since: .now(), role: role,
      peer: handover.partner.isEmpty ? nil : handover.partner)
  }

  func status(of router: String) -> OperationStatus? {
    seen[router]
      ?? entries.first { $0.value.router == router }.map { operation, entry in
        OperationStatus(
          identifier: text(operation), kind: "failover", phase: entry.phase,
          since: entry.phaseBegan)
      }
  }

  private static func words(
    _ result: OperationResult, _ router: String, _ node: (IPAddress) -> String?
  ) -> (FailoverOutcome.Result, String, String?) {
    switch result {
    case .done(let other): (.done, "\(router) moved", node(other) ?? other.description)
    case .refused(let why): (.refused, "\(router) was not moved: \(why)", nil)
    case .rolledBack(let why): (.rolledBack, "\(router) is where it was: \(why)", nil)
    case .incomplete(let why): (.incomplete, "\(router) was not seen to arrive: \(why)", nil)
    }
  }
}
