import Failover
import VRRP

/// `PeerReport` as it stands in a recording.
struct RecordedReport: Codable, Equatable, Sendable {
  var state: String
  var priority: UInt8
  var isFit: Bool
  var term: UInt64
  var isHolding: Bool
  var source: String?
  var maintenance: UInt64
  var isInMaintenance: Bool
  var handover: RecordedHandover?
}

struct RecordedHandover: Codable, Equatable, Sendable {
  var operation: UInt64
  var partner: String
  /// `Handover.Cause`.
  var cause: UInt8
  var step: RecordedStep
}

enum RecordedStep: Codable, Equatable, Sendable {
  case requested(candidate: String, isForced: Bool)
  case preparing(isForced: Bool)
  case checking, ready, demoting, handing, informed, taking
  case refused(why: String)
  case released(term: UInt64)
  case held(told: Int)
  case failed(why: String)
  case moved(gapNs: Int64?, reset: Int, left: Int, told: Int)
  case withdrawn(why: String)
}

// MARK: Writing

extension RecordedReport {
  init(_ report: PeerReport) {
    state = report.state.rawValue
    priority = report.effectivePriority.number
    isFit = report.isFit
    term = report.term
    isHolding = report.isHolding
    source = report.source?.description
    maintenance = report.maintenance.version
    isInMaintenance = report.maintenance.isOn
    handover = report.handover.map {
      RecordedHandover(
        operation: $0.operation.number, partner: $0.partner, cause: $0.reason.rawValue,
        step: RecordedStep($0.step))
    }
  }
}

extension RecordedStep {
  init(_ step: Handover.Step) {
    self =
      switch step {
      case .requested(let candidate, let isForced):
        .requested(candidate: candidate, isForced: isForced)
      case .preparing(let isForced): .preparing(isForced: isForced)
      case .checking: .checking
      case .ready: .ready
      case .refused(let why): .refused(why: why)
      case .demoting: .demoting
      case .handing: .handing
      case .informed: .informed
      case .released(let term): .released(term: term)
      case .taking: .taking
      case .held(let told): .held(told: told)
      case .failed(let why): .failed(why: why)
      case .moved(let passage):
        .moved(
          gapNs: passage.gap?.nanoseconds, reset: passage.reset, left: passage.left,
          told: passage.told)
      case .withdrawn(let why): .withdrawn(why: why)
      }
  }
}

// MARK: Reading

extension RecordedReport {
  func report() throws(RecordingError) -> PeerReport {
    guard let state = RoleState(rawValue: state) else {
      throw RecordingError("there is no state \(self.state)")
    }
    var address: IPAddress?
    if let source { address = try .recorded(source) }
    return PeerReport(
      state: state, effectivePriority: Priority(priority), isFit: isFit, term: term,
      isHolding: isHolding, source: address,
      maintenance: MaintenanceMark(version: maintenance, isOn: isInMaintenance),
      handover: try handover?.handover())
  }
}

extension RecordedHandover {
  func handover() throws(RecordingError) -> Handover {
    guard let cause = Handover.Cause(rawValue: cause) else {
      throw RecordingError("there is no cause \(self.cause) of a handover")
    }
    return Handover(
      operation: OperationIdentifier(operation), partner: partner, reason: cause, step: step.step)
  }
}

extension RecordedStep {
  var step: Handover.Step {
    switch self {
    case .requested(let candidate, let isForced):
      .requested(candidate: candidate, isForced: isForced)
    case .preparing(let isForced): .preparing(isForced: isForced)
    case .checking: .checking
    case .ready: .ready
    case .refused(let why): .refused(why)
    case .demoting: .demoting
    case .handing: .handing
    case .informed: .informed
    case .released(let term): .released(term: term)
    case .taking: .taking
    case .held(let told): .held(told: told)
    case .failed(let why): .failed(why)
    case .moved(let gap, let reset, let left, let told):
      .moved(
        Passage(gap: gap.map { .nanoseconds($0) }, reset: reset, left: left, told: told))
    case .withdrawn(let why): .withdrawn(why)
    }
  }
}
