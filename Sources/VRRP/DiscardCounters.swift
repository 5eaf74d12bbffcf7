/// How many advertisements were discarded for each reason.
public struct DiscardCounters: Equatable, Sendable {
  // Every reason has its entry from the start: counting in a flood allocates nothing.
  private var counts = Dictionary(
    uniqueKeysWithValues: DiscardReason.allCases.map { ($0, UInt64(0)) })

  public init() {}

  /// Discarded for that reason since the counters began.
  public subscript(reason: DiscardReason) -> UInt64 { counts[reason, default: 0] }

  /// Discarded for any reason.
  public var total: UInt64 { counts.values.reduce(0, &+) }

  /// Counts one more; past 2^64 - 1 it begins at 0 again.
  public mutating func count(_ reason: DiscardReason) { counts[reason, default: 0] &+= 1 }
}
