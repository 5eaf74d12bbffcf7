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
    var left = backup.activeDownTimer - now
    guard wait - left > router.activeAdvertisementInterval.duration * 5 / 4 else { return }
    if let allowed = unreadableAllowed, now < allowed { return }
    // Longer than a Backup waits, so that a wait which is begun anew for it comes to its end.
    unreadableAllowed = now + wait * 2
    if left < ConflictWatch.shortestWindow * 5 / 4 {
      elect(.advertisementsMissed, at: now, &effects)
      left = wait
    }
    watch(.probe(within: left * 15 / 16), at: now, &effects)
  }
}
