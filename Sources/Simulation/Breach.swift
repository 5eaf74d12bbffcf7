/// An assumption that is taken away to see what it is worth. Each of them lets two nodes answer at
/// once, or a term return: the checker must find that, or it proves nothing.
public enum Breach: String, Sendable, CaseIterable {
  /// Clocks drift apart by more than the lease leaves room for.
  case drift
  /// Advertisements are lost that a Backup needed to hear before the lease ends.
  case loss
  /// Advertisements travel longer than an interval.
  case delay
  /// Processes stand still and nothing in the kernel ends their answers.
  case pauseWithoutLease = "pause-without-lease"
  /// The lifetime of the addresses, in whole seconds, is all that ends the answers.
  case addressLifetime = "address-lifetime"
  /// The machine sleeps, and the kernel's timeout with it.
  case sleepingTimeout = "sleeping-timeout"
  /// A timeout begins late: another program holds the kernel's lock.
  case lateTimeout = "late-timeout"
  /// Two Backups claim within the delay of the LAN.
  case equalPriorities = "equal-priorities"
  /// The state directory was restored from an older copy.
  case oldTerm = "old-term"
}
