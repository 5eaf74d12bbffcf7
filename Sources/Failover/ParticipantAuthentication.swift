import VRRP

// Advertisements that cannot be believed.
extension Participant {
  /// An advertisement was discarded for its trailer. While a Backup hears nobody it can believe, it
  /// asks whether somebody answers for the addresses before it claims them: a node with a wrong key or
  /// clock stays out, and no junk keeps it out when nobody answers.
  mutating func askForUnreadable(at now: Instant, _ effects: inout [Effect]) {
    guard case .backup(let backup) = router.state, settings.detectsConflicts,
      !conflicts.isProbing, conflicts.obstacle == nil
    else { return }
    let wait = router.activeDownInterval
    let room = min(wait, ConflictWatch.shortestWindow * 5 / 4)
    var left = backup.activeDownTimer - now
    guard wait - left > router.activeAdvertisementInterval.duration * 5 / 4 else { return }
    if let allowed = unreadableAllowed, now < allowed { return }
    // Longer than a Backup waits, so that it is asked once in a wait, whoever sends what.
    unreadableAllowed = now + wait * 2
    if left < room {
      elect(.wait(until: now + room), at: now, &effects)
      left = room
    }
    watch(.probe(within: left * 15 / 16), at: now, &effects)
  }
}
