/// Finds the moments at which two nodes had an address at once.
///
/// A node has the address from one of its claims to the next, as long as they are not further apart
/// than `longestPause`; two nodes must never have it at the same time. So it is no matter how often
/// the address moved, and a single answer of a node that has no business to answer is found in the
/// middle of the other's.
public struct HolderJudge: Sendable {
  /// Claims of one node that are further apart belong to two times of having the address. Shorter
  /// than any way there and back of the role, longer than any pause between two answers.
  public var longestPause: Duration
  /// How long two nodes may seem to have the address: frames of two nodes can pass each other on
  /// their way through the bridge and the processors.
  public var tolerance: Duration

  public init(longestPause: Duration, tolerance: Duration = .milliseconds(1)) {
    self.longestPause = longestPause
    self.tolerance = tolerance
  }

  /// One time of having the address.
  public struct Hold: Hashable, Sendable {
    public var node: String
    public var first: Moment
    public var last: Moment
    public var claims: Int
  }

  /// Two nodes at once.
  public struct Overlap: Hashable, Sendable {
    /// Who had it before, and who had it too.
    public var old: String
    public var new: String
    /// The first claim of the new one, and the last while both had it.
    public var from: Moment
    public var to: Moment

    public var duration: Duration { to - from }
  }

  /// The holds of claims in the order of their time, each family by itself.
  public func holds(_ claims: [Sighting]) -> [Hold] {
    var holds: [Hold] = []
    /// The place of each node's last hold.
    var open: [String: Int] = [:]
    for claim in claims where claim.isClaim {
      if let place = open[claim.node], claim.time - holds[place].last <= longestPause {
        holds[place].last = claim.time
        holds[place].claims += 1
      } else {
        open[claim.node] = holds.count
        holds.append(
          Hold(node: claim.node, first: claim.time, last: claim.time, claims: 1))
      }
    }
    return holds
  }

  /// The overlaps that last longer than the tolerance, and those that a single claim makes in the
  /// middle of another's hold.
  public func overlaps(_ claims: [Sighting]) -> [Overlap] {
    let holds = holds(claims)
    var overlaps: [Overlap] = []
    /// Those that may reach into a later one.
    var reaching: [Hold] = []
    for hold in holds {
      reaching.removeAll { $0.last < hold.first }
      for old in reaching where old.node != hold.node {
        let overlap = Overlap(
          old: old.node, new: hold.node, from: hold.first, to: min(old.last, hold.last))
        // A stray claim has no length; how far it reaches into the other's hold counts.
        if min(old.last - hold.first, max(hold.last - hold.first, tolerance * 2)) > tolerance {
          overlaps.append(overlap)
        }
      }
      reaching.append(hold)
    }
    return overlaps
  }
}
