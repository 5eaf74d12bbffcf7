/// The clock of a node's trailers: the time since boot and an offset that is fixed at the start, so
/// that a step of the wall clock changes nothing by itself, on no side.
///
/// The wall clock is followed only on evidence: an advertisement with a right code that is outside
/// the window proves what another node's clock says, and when the wall clock is nearer to that, it is
/// adopted. What a peer is ahead of this clock, once it is proved, moves the window for its
/// advertisements alone.
public struct SigningClock: Equatable, Sendable {
  /// UTC time at the zero of the clock that `Instant` counts on.
  public private(set) var offset: Duration
  /// How often the wall clock was adopted.
  public private(set) var adoptions: UInt64 = 0
  /// Seconds that the signing clock of a sender is ahead of this one.
  public private(set) var peerOffsets: [IPAddress: Int64] = [:]
  /// Senders whose offset is remembered at most.
  public var mostPeers = 256

  /// - Parameter wallClock: the time since 1970 at `now`.
  public init(wallClock: Duration, at now: Instant) {
    offset = wallClock - now.sinceBoot
  }

  public func time(at now: Instant) -> SigningTime {
    SigningTime(sinceEpoch: offset + now.sinceBoot)
  }

  /// How far the wall clock is ahead of this one: what it was stepped without being followed.
  public func stepped(wallClock: Duration, at now: Instant) -> Duration {
    wallClock - now.sinceBoot - offset
  }

  /// An advertisement with a right code, but from outside the window, says these seconds: adopts the
  /// wall clock when it is nearer to them; whether it did.
  public mutating func noteStale(
    seconds: UInt32, wallClock: Duration, at now: Instant
  ) -> Bool {
    let heard = SequenceNumber(UInt64(seconds) << 32)
    let steady = heard.secondsBehind(time(at: now)).magnitude
    let wall = heard.secondsBehind(SigningTime(sinceEpoch: wallClock)).magnitude
    guard wall < steady else { return false }
    let before = time(at: now).seconds
    offset = wallClock - now.sinceBoot
    adoptions &+= 1
    let moved = time(at: now).seconds - before
    for source in Array(peerOffsets.keys) { peerOffsets[source]? -= moved }
    return true
  }

  /// The clock of a sender is that many seconds ahead of this one, or behind when negative.
  public mutating func learn(offset: Int64, of source: IPAddress) {
    guard peerOffsets[source] != nil || peerOffsets.count < mostPeers else { return }
    peerOffsets[source] = offset
  }

  /// Nothing is known about the clock of a sender any more.
  public mutating func forget(_ source: IPAddress) { peerOffsets[source] = nil }

  /// Nothing is known any more but the clocks of these senders.
  public mutating func forget(except sources: Set<IPAddress>) {
    peerOffsets = peerOffsets.filter { sources.contains($0.key) }
  }
}
