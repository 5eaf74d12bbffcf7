import VRRP

// Other hosts that have the addresses.
extension Participant {
  /// Gives an event to the watch and does what it wants.
  mutating func watch(
    _ event: ConflictWatch.Event, at now: Instant, _ effects: inout [Effect]
  ) {
    guard settings.detectsConflicts || event == .stop else { return }
    for effect in conflicts.handle(event, at: now) {
      switch effect {
      case .probe(let places): effects.append(.probe(places))
      case .probed(.clear), .probed(.overtaken): break
      case .defend(let place):
        if tenure.isHolding, !tenure.isRestoring { effects.append(.announce(place..<(place + 1))) }
      case .probed(.inUse), .yield:
        // No goodbye: the others have somebody who answers.
        leaveSilently(at: now, &effects)
        applyFaults(at: now, &effects)
      case .announceAgain: announceAgain(at: now, &effects)
      case .cleared: applyFaults(at: now, &effects)
      case .noticed(let conflict): effects.append(.conflict(conflict))
      }
    }
  }

  /// Finds out, while a Backup waits anyway, whether somebody has the addresses whose advertisements
  /// are not heard.
  mutating func probe(at now: Instant, _ effects: inout [Effect]) {
    let interval = settings.router.advertisementInterval.duration
    let window =
      router.priority == .owner ? interval * 2 : router.activeDownInterval * 15 / 16
    watch(.probe(within: window), at: now, &effects)
  }

  /// Tells the watch how this node shows in frames.
  mutating func identify(at now: Instant, _ effects: inout [Effect]) {
    let identity = ConflictWatch.Identity(
      identifier: settings.router.identifier, priority: router.priority, primary: source,
      hardware: hardware)
    _ = conflicts.handle(.identity(identity), at: now)
  }

  /// After a reload.
  mutating func followConflictSettings(at now: Instant, _ effects: inout [Effect]) {
    identify(at: now, &effects)
    watch(.addresses(settings.router.addresses), at: now, &effects)
    if !settings.detectsConflicts {
      watch(.stop, at: now, &effects)
    } else if tenure.isHolding {
      watch(.held, at: now, &effects)
    }
  }
}
