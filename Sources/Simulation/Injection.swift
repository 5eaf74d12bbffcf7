/// One mishap of the plan: what happens to which node, and when.
public struct Injection: Sendable {
  var time: Nanoseconds
  /// nil for whoever answers at that time.
  var node: Int?
  var mishap: Mishap
}

/// What can go wrong, or is ordered, from outside.
public enum Mishap: Sendable {
  /// The process is gone once it has performed that many further effects; systemd starts it again.
  case crash(afterEffects: Int, downFor: Nanoseconds)
  /// The process stands still once it has performed that many further effects; its kernel goes on.
  case stall(afterEffects: Int, lasting: Nanoseconds)
  /// The machine sleeps: no frame reaches it, its boot time goes on.
  case sleep(Nanoseconds)
  /// The nodes of `side` (a bit each) and the others do not hear each other.
  case partition(side: UInt8, PartitionKind, lasting: Nanoseconds)
  /// The link loses its carrier; the daemon hears of it after `noticedAfter`.
  case carrierLost(lasting: Nanoseconds, noticedAfter: Nanoseconds)
  /// The next so many advertisements of the node reach nobody.
  case advertisementsLost(Int)
  case checkFails(Int, lasting: Nanoseconds)
  /// Calls of this kind fail for a while.
  case callsFail(CallKind, lasting: Nanoseconds)
  /// Every call takes up to that long for a while.
  case callsAreSlow(upTo: Nanoseconds, lasting: Nanoseconds)
  /// Somebody removes the addresses.
  case addressesRemoved
  case failover
  /// An operator wants the role at this node although its holder may be dead.
  case forcedFailover
  case maintenance(isOn: Bool)
  case announce
  /// SIGTERM, and a start after it has ended.
  case shutdown(downFor: Nanoseconds)
  case reload(Reload)
}

public enum PartitionKind: Sendable {
  /// No frame passes: two segments.
  case complete
  /// Advertisements are filtered, everything else passes.
  case advertisements
  /// Advertisements of `side` do not reach the others; everything else passes.
  case oneWay
}

public enum CallKind: Sendable, CaseIterable {
  case send, install, remove, renew, open, close
  case all
}

/// What a changed configuration file changes.
public enum Reload: Sendable {
  /// The scenario's other interval, or its first one.
  case interval(isOther: Bool)
  case addresses(UInt8)
  /// One hook program more or less.
  case hooks
  /// One check more or less.
  case checks
}
