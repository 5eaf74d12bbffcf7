import VRRP

extension ConflictWatch {
  enum State: Equatable, Sendable {
    /// Nothing is here and nothing was asked: others may claim what they like.
    case idle
    case probing(Probing)
    case holding(Holding)
    case standingOut(StandingOut)
  }

  struct Probing: Equatable, Sendable {
    var sent: Int
    /// When the next probe goes out, or the last one has had its time.
    var next: Instant
    /// Time between two probes.
    var pause: Duration
    var found: AddressConflict?
  }

  struct Holding: Equatable, Sendable {
    /// Before this a claim may be the last word of the one who had the addresses before.
    var settled: Instant
    /// When each address may be defended again, by its place, for a claim of ours and of others.
    var peerDefence: [Int: Instant] = [:]
    var defence: [Int: Instant] = [:]
    /// Defences of any address until `burstEnd`.
    var burst = 0
    var burstEnd: Instant
    /// A node with the better right, and when this one yields to it.
    var contest: Contest?
    /// When a node with the worse right has had the time to yield, so that the last word is ours.
    var lastWord: Instant?
    var lastWordAllowed: Instant

    /// Whether the address at this place may be announced now; if so, that counts as done.
    mutating func mayDefend(_ place: Int, isPeer: Bool, at now: Instant) -> Bool {
      let allowed = isPeer ? peerDefence[place] : defence[place]
      if let allowed, now < allowed { return false }
      if now >= burstEnd {
        burst = 0
        burstEnd = now + peerDefendInterval
      }
      guard burst < defenceBurst else { return false }
      burst += 1
      if isPeer {
        peerDefence[place] = now + peerDefendInterval
      } else {
        defence[place] = now + defendInterval
      }
      return true
    }
  }

  struct Contest: Equatable, Sendable {
    var conflict: AddressConflict
    var mark: ClaimMark
    var due: Instant
  }

  struct StandingOut: Equatable, Sendable {
    var conflict: AddressConflict
    /// Probes in a row that nobody answered.
    var unanswered = 0
    /// Whether a probe waits for an answer.
    var isAsked = false
    var next: Instant
  }
}
