import VRRP

@testable import Failover

/// One participant on a virtual clock: the kernel does what it is told and answers behind the other
/// effects; programs and advertisements are the test's.
struct Story {
  var participant: Participant
  var now = at(0)
  var told: [(time: Instant, effect: Participant.Effect)] = []
  var hasAddresses = false
  var installFailure: String?

  /// The events that belong to a change of role.
  static let ofRoles: Set<HookEvent> = [.promote, .demote, .undo, .active, .standby, .fault]

  /// A Backup at 0 s; its Active_Down_Interval is 3.609375 s at priority 100.
  init(_ settings: ParticipantSettings, term: UInt64 = 10) {
    participant = Participant(settings, term: term, at: at(0))
    feed(.link([], source: thisNode))
    feed(.start)
  }

  init(
    priority: UInt8 = 100, hooks: Set<HookEvent> = [.promote, .demote, .undo],
    checks: [CheckSettings] = []
  ) {
    self.init(
      ParticipantSettings(
        router: routerSettings(priority: priority), checks: checks,
        hooks: hooks.isEmpty ? [] : [HookSettings(command: ["hook"], events: hooks)]))
  }

  mutating func feed(_ event: Participant.Event) {
    var events = [event]
    while !events.isEmpty {
      for effect in participant.handle(events.removeFirst(), at: now) {
        told.append((now, effect))
        switch effect {
        case .install:
          hasAddresses = installFailure == nil
          events.append(.installed(failure: installFailure))
        case .remove:
          hasAddresses = false
          events.append(.removed(failure: nil))
        case .resetConnections: events.append(.connectionsReset(reset: 0, left: 0))
        case .tellConnections: events.append(.connectionsTold(0))
        default: break
        }
      }
    }
  }

  mutating func run(until end: Instant) {
    while let due = participant.nextDeadline, due <= end {
      now = max(now, due)
      feed(.timer)
    }
    now = end
  }

  mutating func hear(_ priority: UInt8, from sender: IPAddress = otherNode) {
    feed(.advertisement(advertisement(priority), from: sender))
  }

  /// Ends the program that runs.
  mutating func end(_ end: ProgramEnd = .exited(0)) {
    if let run = participant.hooks.running { feed(.hookEnded(run.identifier, end)) }
  }

  /// Elected at 3.609375 s; with a `promote` that passes at 4 s when there is one.
  mutating func hold() {
    run(until: at(4))
    end()
  }

  var sent: [(Instant, UInt8)] {
    told.compactMap {
      if case .send(let priority) = $0.effect { ($0.time, priority.number) } else { nil }
    }
  }

  /// The ends that the kernel was told for the lease, with the time of telling.
  var renewals: [(Instant, Instant)] {
    told.compactMap {
      if case .renewLease(let end) = $0.effect { ($0.time, end) } else { nil }
    }
  }

  /// The effects in short words, without announcements and phases, since the last look.
  mutating func words() -> [String] {
    defer { told = [] }
    return told.compactMap {
      switch $0.effect {
      case .send(let priority): "send \(priority)"
      case .install: "install"
      case .remove: "remove"
      case .startHook(let run): "\(run.order.event) \(run.order.term) \(run.order.reason.rawValue)"
      case .terminateHook: "terminate"
      case .killHook: "kill"
      case .startCheck(let index): "check \(index)"
      case .killCheck(let index): "kill check \(index)"
      case .checkChanged(let index, let passing): "check \(index) \(passing ? "passes" : "fails")"
      case .roleChanged(_, let role, let reason): "\(role.rawValue): \(reason.rawValue)"
      case .finished(_, .done(let other), _): "moved to \(other)"
      case .finished(_, .refused(let why), _): "refused: \(why)"
      case .finished(_, .rolledBack(let why), _): "rolled back: \(why)"
      case .finished(_, .incomplete(let why), _): "incomplete: \(why)"
      case .openLease: "open lease"
      case .closeLease: "close lease"
      case .resetConnections: "reset connections"
      case .shareResult(let operation, let name): "share \(operation.number) with \(name)"
      case .refrained(let restraint): "refrained: \(restraint)"
      case .keepMaintenance(let mark): "maintenance \(mark.version) \(mark.isOn)"
      case .announce, .probe, .conflict, .renewLease, .refreshAddresses, .hookEnded, .phase,
        .record, .tellConnections, .report, .passage:
        nil
      }
    }
  }
}
