import VRRP

// What the tenure wants done.
extension Participant {
  mutating func perform(
    _ event: Tenure.Event, at now: Instant, _ effects: inout [Effect]
  ) {
    for effect in tenure.handle(event, at: now) {
      switch effect {
      case .joinElection:
        if let source {
          elect(
            .startup(
              source: source, patience: patience,
              isHeldBack: isHeldBack(at: now) || tenure.isResuming), at: now,
            &effects)
          patience = .zero
          if tenure.isResuming {
            // Its own addresses are here: nobody is asked for them.
            resumeDue = now + interval * 5 / 4
            effects.append(.report(asks: true))
          } else {
            probe(at: now, &effects)
          }
        }
      case .leaveElection:
        elect(.shutdown, at: now, &effects)
        heartbeat.stop()
        activeRouter = nil
        // Whom a conflict keeps out goes on asking.
        if conflicts.obstacle == nil { watch(.stop, at: now, &effects) }
      case .yieldElection: elect(.yield, at: now, &effects)
      case .handOverElection: released(at: now, &effects)
      case .runHooks(let event, let reason, let isPlanned, let operation):
        order(event, reason, isPlanned, operation, at: now, &effects)
      case .overtakePromote: follow(hooks.overtakePromote(at: now), at: now, &effects)
      case .demoteMustSucceed: hooks.demoteMustSucceed()
      case .install:
        mayAnswer = true
        effects.append(.install)
      case .remove:
        refresh = nil
        watch(.released, at: now, &effects)
        effects.append(.remove)
      case .openLease:
        heldLast = true
        openLease(at: now, &effects)
      case .closeLease:
        handover?.closed = now
        effects.append(.closeLease)
      case .resetConnections: effects.append(.resetConnections)
      case .tellConnections: effects.append(.tellConnections)
      case .demoted: demoted(at: now, &effects)
      case .startAnnouncing: announceAgain(at: now, &effects)
      case .stopAnnouncing: announcements = nil
      case .phase(let operation, let phase): effects.append(.phase(operation, phase))
      case .finished(let operation, let result, let phases):
        finish(operation, result, phases, at: now, &effects)
      case .record(var record):
        record.term = term
        effects.append(.record(record))
      }
    }
  }

  /// Begins the announcements; the first goes out at once, ahead of everything that only tells
  /// of the change.
  mutating func announceAgain(at now: Instant, _ effects: inout [Effect]) {
    // Addresses that somebody removed are announced once they are back.
    guard tenure.isHolding, !tenure.isRestoring else { return }
    announcements = AnnouncementSchedule(
      addressCount: settings.router.addresses.count, refresh: settings.announcementRefresh,
      at: now)
    announceWhenDue(at: now, &effects)
  }

  mutating func announceWhenDue(at now: Instant, _ effects: inout [Effect]) {
    guard let addresses = announcements?.deadlineReached(at: now), !addresses.isEmpty else {
      return
    }
    effects.append(.announce(addresses))
  }

  mutating func noteRole(at now: Instant, _ effects: inout [Effect]) {
    guard role != lastRole else { return }
    // Before the programs that the change starts, after what makes it safe.
    let place = effects.firstIndex { if case .startHook = $0 { true } else { false } }
    effects.insert(
      .roleChanged(from: lastRole, to: role, tenure.reason), at: place ?? effects.endIndex)
    lastRole = role
    since = now
  }
}
