import Control
import Failover
import LinuxIO
import VRRP

extension HistoryEntry {
  /// A change of role.
  init(_ record: HistoryRecord, of router: LocalRouter, operation: String?) {
    let total = record.phases.reduce(Duration.zero) { $0 + $1.duration }
    self.init(
      time: .now(), virtualRouter: router.name, event: record.event.rawValue,
      reason: record.reason.rawValue, term: Int(clamping: record.term),
      operationIdentifier: operation, planned: record.isPlanned,
      durationMilliseconds: record.phases.isEmpty ? nil : total.wholeMilliseconds,
      phases: record.phases.map(PhaseRecord.init), activeRouter: record.peer?.description,
      detail: record.detail, gapMilliseconds: record.passage?.gap?.fractionalMilliseconds,
      connectionsReset: record.passage?.reset, connectionsLeft: record.passage?.left,
      connectionsTold: record.passage?.told)
  }

  /// One hook program that was judged.
  init(
    _ run: HookRun, _ result: HookResult, of router: LocalRouter, output: String?,
    took duration: Duration?, operation: String?
  ) {
    self.init(
      time: .now(), virtualRouter: router.name, event: "hook",
      reason: run.order.reason.rawValue, term: Int(clamping: run.order.term),
      operationIdentifier: operation, planned: run.order.isPlanned,
      durationMilliseconds: duration?.wholeMilliseconds,
      hooks: [
        HookRecord(
          event: run.order.event.rawValue, command: run.hook.command, result: result.word,
          exitStatus: result.exitStatus, durationMilliseconds: duration?.wholeMilliseconds,
          output: output)
      ],
      detail: result.passes ? "" : result.description)
  }
}

extension PhaseRecord {
  init(_ phase: Phase) {
    self.init(
      name: phase.name, durationMilliseconds: phase.duration.wholeMilliseconds,
      result: phase.result)
  }
}

extension Duration {
  /// Rounded down; a duration that does not fit is the largest that does.
  var wholeMilliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue)
      + Int(attoseconds / 1_000_000_000_000_000)
  }

  /// To the microsecond.
  var fractionalMilliseconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) * 1000 + Double(attoseconds / 1_000_000_000_000) / 1000
  }
}

extension HookResult {
  /// The result in one word, for history and status.
  var word: String {
    switch self {
    case .done: "done"
    case .warning: "warning"
    case .unfit: "unfit"
    case .failed: "failed"
    case .crowdedOut: "crowded_out"
    case .timedOut: "timed_out"
    case .overtaken: "overtaken"
    }
  }

  var exitStatus: Int? {
    switch self {
    case .done: 0
    case .warning: 10
    case .unfit: 69
    case .failed(.exited(let status)): Int(status)
    case .failed, .crowdedOut, .timedOut, .overtaken: nil
    }
  }
}
