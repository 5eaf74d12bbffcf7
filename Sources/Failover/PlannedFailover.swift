import VRRP

/// A planned failover as one node takes part in it: its own step, which every report repeats, and what
/// it waits for.
///
/// There is no message that is sent once: each side shows its present step, and goes on when the other
/// side's report shows that it was understood. Before `released` the holder has the role and the safe
/// way out is to keep it; after it the addresses are nowhere, and the safe way out is the election.
///
/// `released` may be acted upon for `validity` after it was written, which the candidate knows from
/// its own clock (`notBefore`); the holder says it for that long and then waits out the rest, so that a
/// message that the network kept never meets a holder that has taken the role back.
struct PlannedFailover: Sendable {
  enum Part: Sendable {
    case giving, taking
    /// Asked for by this node, and nothing of it happens here.
    case asking
  }

  static let validity = Duration.milliseconds(500)
  /// How long the other side has for its first word, for its prechecks and for the result.
  static let answerLimit = Duration.seconds(2)
  static let precheckLimit = Duration.seconds(60)
  static let handingLimit = Duration.seconds(5)
  /// How long the last word is repeated, and a successor waits for it.
  static let lastWord = Duration.seconds(2)
  static let patience = Duration.seconds(10)
  /// How long a node that only asked watches the others: gates may take minutes.
  static let longestWatch = Duration.seconds(1800)
  /// Between two reports of the same step: while it is new, and later.
  static let quickRepeat = Duration.milliseconds(10)
  static let slowRepeat = Duration.milliseconds(100)

  let operation: OperationIdentifier
  /// The other node; empty when there is none.
  var partner: String
  var part: Part
  let cause: Handover.Cause
  let isForced: Bool
  /// Whether somebody waits for it at this node although it happens at another's word.
  var isAskedHere: Bool
  private(set) var step: Handover.Step
  private(set) var stepBegan: Instant
  let began: Instant
  /// When waiting for the other side ends.
  var due: Instant?
  /// When the step is said again.
  var repeatDue: Instant?
  /// Whether its own prechecks have passed; giving: since when the candidate is ready.
  var isChecked = false
  var readySince: Instant?
  /// Giving: when the node fell silent, and what became of the connections.
  var closed: Instant?
  var reset = 0
  var left = 0
  /// Giving: whether the candidate was seen taking over.
  var isAccepted = false
  /// Giving: until when a late `released` may still be acted upon.
  var waitsUntil: Instant?
  /// Taking: whether the result of `demote` is here.
  var isInformed = false
  /// What was seen of the other side's steps, for whoever waits here.
  var watched = PhaseLog()
  var lastSeen: Handover.Step?

  init(
    _ operation: OperationIdentifier, partner: String, part: Part, cause: Handover.Cause = .manual,
    isForced: Bool = false, isAskedHere: Bool = false, step: Handover.Step, at now: Instant
  ) {
    self.operation = operation
    self.partner = partner
    self.part = part
    self.cause = cause
    self.isForced = isForced
    self.isAskedHere = isAskedHere
    self.step = step
    stepBegan = now
    began = now
    repeatDue = now + Self.quickRepeat
    watched.begin(at: now)
  }

  /// Nil while no other node takes part.
  var message: Handover? {
    guard !partner.isEmpty else { return nil }
    return Handover(operation: operation, partner: partner, reason: cause, step: step)
  }

  /// The last word to whoever waits for it at this node, if anybody does.
  func tellAsker(
    _ result: OperationResult, then phases: [Phase] = [], _ effects: inout [Participant.Effect]
  ) {
    guard isAskedHere else { return }
    effects.append(.finished(operation, result, watched.ended + phases))
  }

  /// Whether the last word is said.
  var isOver: Bool {
    switch step {
    case .refused, .moved, .withdrawn, .failed: waitsUntil == nil
    case .requested, .preparing, .checking, .ready, .demoting, .handing, .informed, .released,
      .taking, .held:
      false
    }
  }

  /// Whether the role has left and the candidate may yet take it.
  func waits(at now: Instant) -> Bool {
    guard part == .giving, !isAccepted else { return false }
    if case .released = step { return true }
    return waitsUntil.map { now < $0 } ?? false
  }

  mutating func go(_ step: Handover.Step, within limit: Duration? = nil, at now: Instant) {
    guard step != self.step else { return }
    self.step = step
    stepBegan = now
    due = limit.map { now + $0 }
    repeatDue = now + Self.quickRepeat
  }

  /// The last word.
  mutating func end(_ step: Handover.Step, at now: Instant) {
    go(step, at: now)
    waitsUntil = nil
    due = now + Self.lastWord
  }

  /// The step was said; when again.
  mutating func repeated(at now: Instant) {
    let isNew = now - stepBegan < Self.validity && !isOver
    repeatDue = now + (isNew ? Self.quickRepeat : Self.slowRepeat)
  }
}

/// How a router that takes over came to it.
enum Entry: Sendable {
  case handedOver(Reason, OperationIdentifier)
  /// The successor could not, and this node has the role again.
  case takenBack
  case resumed
}
