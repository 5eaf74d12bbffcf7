import VRRP

/// When the addresses are announced: a burst spread over 200 ms against loss, rounds 1.1 s apart,
/// which outlast the second in which Linux does not believe a changed neighbour, then a refresh for
/// as long as the address is here.
///
/// Many addresses are announced in pieces, each due at once, so that an advertisement between two
/// pieces is never late.
public struct AnnouncementSchedule: Sendable {
  /// Times of the rounds after the first.
  static let burst: [Duration] =
    [2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 1300, 2400, 3500].map { .milliseconds($0) }
  /// The same for so many addresses that the full burst would keep a processor busy.
  static let shortBurst: [Duration] = [50, 200, 1300, 2400].map { .milliseconds($0) }
  /// From how many addresses on the short burst is used.
  static let manyAddresses = 65
  /// Addresses announced at a time.
  static let piece = 64

  private let addressCount: Int
  private let refresh: Duration
  private var began: Instant
  private var round = 0
  private var nextAddress = 0
  private var due: Instant

  /// A schedule whose first round is due at once.
  public init(addressCount: Int, refresh: Duration, at now: Instant) {
    self.addressCount = addressCount
    self.refresh = refresh
    began = now
    due = now
  }

  public var nextDeadline: Instant { due }

  /// The addresses to announce now; empty when it is not time yet.
  public mutating func deadlineReached(at now: Instant) -> Range<Int> {
    guard now >= due else { return 0..<0 }
    let end = min(nextAddress + Self.piece, addressCount)
    let addresses = nextAddress..<end
    nextAddress = end < addressCount ? end : 0
    if nextAddress == 0 { scheduleNextRound(at: now) }
    return addresses
  }

  private mutating func scheduleNextRound(at now: Instant) {
    let rounds = addressCount < Self.manyAddresses ? Self.burst : Self.shortBurst
    // A pause must not be made up for by a burst of rounds that are all overdue.
    while round < rounds.count, began + rounds[round] <= now { round += 1 }
    due = round < rounds.count ? began + rounds[round] : now + refresh
    if round < rounds.count { round += 1 }
  }
}
