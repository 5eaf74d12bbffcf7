import VRRP

/// Until when this node may believe that its peers still wait: the end of its lease.
///
/// The lease is counted from just before the last advertisement that left, never from a renewal
/// alone: a daemon that dies between the two has then promised nothing that its peers do not know of.
struct Heartbeat: Sendable {
  /// When the lease ends; nil while this router is not Active.
  private(set) var end: Instant?
  private var previousEnd: Instant?
  /// Why the last advertisement did not count; nil when it did.
  private(set) var failure: String?

  /// An advertisement leaves now.
  mutating func beat(lasting duration: Duration, at now: Instant) {
    previousEnd = end ?? now
    end = now + duration
    failure = nil
  }

  /// The lease ends then at the latest: the next advertisement tells the peers to wait shorter.
  mutating func shorten(to limit: Instant) {
    previousEnd = previousEnd.map { min($0, limit) }
    end = end.map { min($0, limit) }
  }

  /// The last advertisement did not leave, or the kernel did not extend the lease after it.
  mutating func failed(_ why: String) {
    guard let previousEnd else { return }
    end = previousEnd
    failure = why
  }

  /// This router is not Active any more.
  mutating func stop() { self = Heartbeat() }

  /// Whether the peers may have stopped waiting.
  func hasEnded(at now: Instant) -> Bool {
    guard let end else { return false }
    return now >= end
  }
}
