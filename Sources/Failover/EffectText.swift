import VRRP

/// One effect as a line of text: the same text for the same effect, in every process.
extension Participant.Effect: CustomStringConvertible {
  public var description: String {
    switch self {
    case .send(let priority): "send \(priority)"
    case .renewLease(let end): "renew lease until \(end.sinceBoot)"
    case .openLease(let end): "open lease until \(end.sinceBoot)"
    case .closeLease: "close lease"
    case .refreshAddresses(let places):
      "refresh addresses \(places.lowerBound)..<\(places.upperBound)"
    case .tellConnections: "tell connections"
    case .report(let asks): asks ? "report, ask" : "report"
    case .shareResult(let operation, let name): "share result of \(operation.number) with \(name)"
    case .refrained(let restraint): "refrained, \(restraint)"
    case .keepMaintenance(let mark): "maintenance \(mark.version) \(mark.isOn ? "on" : "off")"
    case .passage(let operation, let passage): "passage of \(operation.number): \(passage)"
    case .resetConnections: "reset connections"
    case .install: "install"
    case .remove: "remove"
    case .announce(let places): "announce \(places.lowerBound)..<\(places.upperBound)"
    case .probe(let places): "probe \(places.lowerBound)..<\(places.upperBound)"
    case .conflict(let conflict):
      "conflict \(conflict.hardware) has \(conflict.address), \(conflict.count) times"
    case .startHook(let run): "start hook \(run)"
    case .terminateHook(let run): "terminate hook \(run.number)"
    case .killHook(let run): "kill hook \(run.number)"
    case .hookEnded(let run, let result): "hook \(run.identifier.number) \(result)"
    case .startCheck(let place): "start check \(place)"
    case .killCheck(let place): "kill check \(place)"
    case .checkChanged(let place, let passing): "check \(place) \(passing ? "passes" : "fails")"
    case .roleChanged(let old, let new, let reason):
      "role \(old.rawValue) -> \(new.rawValue), \(reason.rawValue)"
    case .phase(let operation, let phase): "phase of \(operation.number): \(phase)"
    case .finished(let operation, let result, let phases):
      "operation \(operation.number) \(result), \(phases)"
    case .record(let record): "record \(record)"
    }
  }
}

extension HookRun: CustomStringConvertible {
  /// The run with what its program is told.
  public var description: String {
    "\(identifier.number): \(hook.command.joined(separator: " ")) \(order.event.rawValue), attempt"
      + " \(attempt), \(timeout) left, \(order)"
  }
}

extension HookOrder: CustomStringConvertible {
  public var description: String {
    "order \(number), \(oldState.rawValue) -> \(newState.rawValue), \(reason.rawValue), term \(term),"
      + " priority \(priority)\(isPlanned ? ", planned" : "")"
      + (operation.map { ", operation \($0.number)" } ?? "") + (peer.map { ", peer \($0)" } ?? "")
  }
}

extension Phase: CustomStringConvertible {
  public var description: String { "\(name) \(duration) \(result)" }
}

extension OperationResult: CustomStringConvertible {
  public var description: String {
    switch self {
    case .done(let other): "done: \(other) is Active"
    case .refused(let why): "refused: \(why)"
    case .rolledBack(let why): "rolled back: \(why)"
    case .incomplete(let why): "incomplete: \(why)"
    }
  }
}

extension HistoryRecord: CustomStringConvertible {
  public var description: String {
    "\(event.rawValue), \(reason.rawValue), term \(term)\(isPlanned ? ", planned" : "")"
      + (operation.map { ", operation \($0.number)" } ?? "") + (peer.map { ", peer \($0)" } ?? "")
      + ", \(phases)\(detail.isEmpty ? "" : ": \(detail)")"
  }
}
