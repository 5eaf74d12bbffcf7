import VRRP

// The lease: counted from each advertisement that left.
extension Participant {
  mutating func send(
    _ priority: Priority, at now: Instant, _ effects: inout [Effect]
  ) {
    guard priority != .release else {
      heartbeat.stop()
      // Whoever was being pushed aside may still answer: no goodbye tells the others to hurry.
      if let rivalEnds, now < rivalEnds { return }
      return effects.append(.send(priority))
    }
    effects.append(.send(priority))
    if beatsToSend > 0 {
      beatsToSend -= 1
      holdOff(at: now, &effects)
    }
    if !router.isSlowingDown { earlierLease = nil }
    let lease = hasLongLease ? longestLease : settings.lease.duration
    heartbeat.beat(lasting: min(lease, earlierLease ?? lease), at: now)
    if let end = heartbeat.end, tenure.isHolding { effects.append(.renewLease(until: end)) }
  }

  /// Before an advertisement tells of a shorter interval the kernel keeps to its lease: a daemon that
  /// stops between the two must not answer longer than the others wait.
  mutating func shortenLease(at now: Instant, _ effects: inout [Effect]) {
    let limit = now + settings.lease.duration
    guard let end = heartbeat.end, limit < end else { return }
    heartbeat.shorten(to: limit)
    if tenure.isHolding { effects.append(.renewLease(until: limit)) }
  }

  /// From Active to Backup without a word.
  mutating func leaveSilently(at now: Instant, _ effects: inout [Effect]) {
    heartbeat.stop()
    elect(.lapse, at: now, &effects)
  }

  mutating func openLease(at now: Instant, _ effects: inout [Effect]) {
    if let end = heartbeat.end { effects.append(.openLease(until: end)) }
    refresh = settings.lease.addressLifetime.map { (now + $0 * 3 / 10, 0) }
    watch(.held, at: now, &effects)
  }

  mutating func lapse(at now: Instant, _ effects: inout [Effect]) {
    let failure = heartbeat.failure
    leaveSilently(at: now, &effects)
    perform(.lapsed(failure: failure), at: now, &effects)
  }

  mutating func refreshWhenDue(at now: Instant, _ effects: inout [Effect]) {
    guard let due = refresh, now >= due.due else { return }
    guard tenure.isHolding, let lifetime = settings.lease.addressLifetime else {
      refresh = nil
      return
    }
    let count = settings.router.addresses.count
    let end = min(due.place + AnnouncementSchedule.piece, count)
    effects.append(.refreshAddresses(min(due.place, end)..<end))
    refresh = end < count ? (now, end) : (now + lifetime * 3 / 10, 0)
  }
}
