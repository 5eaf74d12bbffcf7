import VRRP

/// The numbers of a datagram by which its receiver knows that it is new.
public struct PeerStamp: Hashable, Sendable {
  /// The sender's session: random, never 0.
  public var session: UInt64
  /// Grows with every datagram that the sender sends to this receiver; never 0.
  public var counter: UInt64
  /// The receiver's session as the sender knows it; 0 for none.
  public var echoSession: UInt64
  /// The highest counter that the sender has heard from that session.
  public var echoCounter: UInt64

  public init(session: UInt64, counter: UInt64, echoSession: UInt64 = 0, echoCounter: UInt64 = 0) {
    self.session = session
    self.counter = counter
    self.echoSession = echoSession
    self.echoCounter = echoCounter
  }
}

/// The conversation with one peer: which of its messages are new, and how old they can be.
///
/// Each side picks random sessions. A session of ours belongs to one session of the peer's and to no
/// other ever: together they are a connection. A message counts when it names both and its counter is
/// above the mark of its path. A peer that restarted has a session that no connection knows; it is
/// offered a new session of ours, which nobody has heard of before, and the first message that echoes
/// the offer opens the next connection. So a recorded message never counts: it names an earlier
/// connection, or a counter that was had. Until the next connection is open the present one goes on,
/// and nothing recorded can end it.
public struct PeerSession: Sendable {
  /// What a message is that counts.
  public struct Proof: Equatable, Sendable {
    public var counter: UInt64
    /// The message was not written before: then we sent what it echoes. nil when that is too long ago.
    public var notBefore: Instant?
    /// It opened a connection: the peer knows nothing of what was said before, and counts from 1.
    public var opensConnection: Bool
  }

  private struct Connection {
    let ours: UInt64
    let theirs: UInt64
    /// The highest counter heard on each path.
    var marks: [UInt8: UInt64] = [:]
    var highest: UInt64 = 0
    var lastProved: Instant
  }

  private enum Answer: Int {
    /// The present connection, to whoever seems not to know it.
    case connection
    /// The session that belongs to no connection yet.
    case offer
  }

  /// The least time between two answers to messages that count for nothing.
  static let answerSpacing = Duration.milliseconds(10)
  /// A connection in which nothing was proved for that long is not held against a new one.
  public static let patience = Duration.seconds(3)
  private static let ringSize = 256

  private var offered: UInt64
  private var connection: Connection?
  /// The session and counter of the last message that an offer answers.
  private var stranger: (session: UInt64, counter: UInt64) = (0, 0)
  private var counter: UInt64 = 0
  /// When the last messages were sent, each at its counter modulo the size.
  private var ring: [(counter: UInt64, at: Instant)]
  private var answer: (due: Instant, what: Answer)?
  private var lastAnswer: Instant?

  /// `session` is random, as everything that `receive` is given.
  public init(session: UInt64) {
    offered = max(1, session)
    ring = Array(repeating: (0, Instant(sinceBoot: .zero)), count: Self.ringSize)
  }

  /// Whether a connection is open.
  public var isConnected: Bool { connection != nil }

  /// When a message last counted.
  public var lastProved: Instant? { connection?.lastProved }

  /// When `takeAnswer` has something; nil for never.
  public var nextDeadline: Instant? { answer?.due }

  // MARK: Sending

  /// The numbers of the next message, which is sent now.
  public mutating func next(at now: Instant) -> PeerStamp {
    next(connection == nil ? .offer : .connection, at: now)
  }

  /// The numbers of an answer that is due; it needs no sections.
  public mutating func takeAnswer(at now: Instant) -> PeerStamp? {
    guard let answer, answer.due <= now else { return nil }
    self.answer = nil
    lastAnswer = now
    return next(answer.what, at: now)
  }

  /// Asks the peer for another connection, by an offer as if it had restarted; the present one goes on
  /// until that is open. Nothing without a connection.
  public mutating func renew(at now: Instant) {
    guard let connection else { return }
    stranger = (connection.theirs, connection.highest)
    wait(for: .offer, at: now)
  }

  private mutating func next(_ what: Answer, at now: Instant) -> PeerStamp {
    counter += 1
    ring[Int(counter % UInt64(Self.ringSize))] = (counter, now)
    if case .connection = what, let connection {
      return PeerStamp(
        session: connection.ours, counter: counter, echoSession: connection.theirs,
        echoCounter: connection.highest)
    }
    return PeerStamp(
      session: offered, counter: counter, echoSession: stranger.session,
      echoCounter: stranger.counter)
  }

  private func timeSent(_ counter: UInt64) -> Instant? {
    let entry = ring[Int(counter % UInt64(Self.ringSize))]
    return counter > 0 && entry.counter == counter ? entry.at : nil
  }

  // MARK: Receiving

  /// Judges a message whose code was right. Throws `replayed` or `staleSession`, and then nothing in
  /// the message counts; after the latter `takeAnswer` has an answer when its time has come.
  ///
  /// `fresh` gives 64 random bits, which are asked for when a connection opens.
  public mutating func receive(
    _ stamp: PeerStamp, path: UInt8, at now: Instant, fresh: () -> UInt64
  ) throws(PeerDiscardReason) -> Proof {
    if var known = connection, stamp.session == known.theirs, stamp.echoSession == known.ours {
      guard stamp.counter > known.marks[path] ?? 0 else { throw .replayed }
      known.marks[path] = stamp.counter
      known.highest = max(known.highest, stamp.counter)
      known.lastProved = now
      connection = known
      return Proof(
        counter: stamp.counter, notBefore: timeSent(stamp.echoCounter), opensConnection: false)
    }
    if stamp.echoSession == offered { return open(stamp, path, at: now, fresh: fresh) }
    let kind = kind(stamp, at: now)
    // An offer echoes whoever it is made to, and nobody who is played back meanwhile.
    if kind == .offer { stranger = (stamp.session, stamp.counter) }
    wait(for: kind, at: now)
    throw .staleSession
  }

  private mutating func open(
    _ stamp: PeerStamp, _ path: UInt8, at now: Instant, fresh: () -> UInt64
  ) -> Proof {
    connection = Connection(
      ours: offered, theirs: stamp.session, marks: [path: stamp.counter], highest: stamp.counter,
      lastProved: now)
    offered = max(1, fresh())
    // The peer learns by it that its session is taken.
    answer = nil
    wait(for: .connection, at: now)
    return Proof(
      counter: stamp.counter, notBefore: timeSent(stamp.echoCounter), opensConnection: true)
  }

  /// What to answer a message with that counts for nothing.
  private func kind(_ stamp: PeerStamp, at now: Instant) -> Answer {
    guard let connection else { return .offer }
    // It knows our session and is not the one that this belongs to: the peer restarted.
    if stamp.echoSession == connection.ours { return .offer }
    // It may be recorded. A peer that did restart answers what it gets by our session.
    return now - connection.lastProved > Self.patience ? .offer : .connection
  }

  private mutating func wait(for what: Answer, at now: Instant) {
    let due = lastAnswer.map { max(now, $0 + Self.answerSpacing) } ?? now
    // An offer is not lost to the messages that somebody plays back meanwhile.
    let isOffer = what == .offer || answer?.what == .offer
    answer = (answer.map { min($0.due, due) } ?? due, isOffer ? .offer : .connection)
  }
}
