import VRRP

/// For two seconds after a change of a link its carrier is asked for every 20 ms.
struct CarrierPoll {
  static let spacing = Duration.milliseconds(20)
  static let length = Duration.seconds(2)
  private var until: [Int32: Instant] = [:]
  private(set) var nextDeadline: Instant?

  mutating func begin(_ index: Int32, at now: Instant) {
    until[index] = now + Self.length
    nextDeadline = nextDeadline ?? now + Self.spacing
  }

  mutating func takeDue(at now: Instant) -> [Int32] {
    until = until.filter { $0.value > now }
    nextDeadline = until.isEmpty ? nil : now + Self.spacing
    return until.keys.sorted()
  }
}
