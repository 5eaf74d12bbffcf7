/// Signs the advertisements of one virtual router, and checks those it receives.
///
/// It knows no key: who calls it hands in what makes codes. A check has two halves: `check` changes
/// nothing, and `accept` raises the mark of the sender once every other check has passed as well, so
/// that a copy with another fault cannot make the advertisement itself a replay.
public struct AdvertisementAuthenticator: Sendable {
  /// Makes the 32 bytes of HMAC-SHA-256 over a message with the key of that id; nil when there is
  /// none.
  public typealias MakeCode = (UInt8, Span<UInt8>) -> [UInt8]?

  /// nil without authentication: nothing is signed, and a trailer is a wrong length.
  public var policy: AuthenticationPolicy?
  private let identifier: VirtualRouterIdentifier
  private let version: ProtocolVersion
  private var last: SequenceNumber?
  private var marks = ReplayMarks()
  /// What a code is made over; kept for its room.
  private var input: [UInt8] = []

  public init(_ settings: VirtualRouterSettings, _ policy: AuthenticationPolicy?) {
    identifier = settings.identifier
    version = settings.version
    self.policy = policy
  }

  /// Whether advertisements leave with a trailer.
  public var signs: Bool {
    switch policy?.mode {
    case .permissive, .enforce: true
    case .receiveOnly, nil: false
    }
  }

  // MARK: Sending

  /// The message with its trailer, or as it is when none is sent; nil when there is no such key.
  ///
  /// - Parameter message: final but for the trailer, with the priority that is sent.
  public mutating func sign(
    _ message: [UInt8], from source: IPAddress, key: UInt8, at time: SigningTime,
    _ makeCode: MakeCode
  ) -> [UInt8]? {
    guard let policy, signs else { return message }
    let sequence = SequenceNumber.following(
      last, at: time, policy.replayProtection, window: policy.window)
    guard
      let code = code(message.span, key: key, sequence, from: source, makeCode)
    else { return nil }
    last = sequence
    var signed = message
    signed.reserveCapacity(message.count + AuthenticationTrailer.length)
    AuthenticationTrailer(key: key, sequence: sequence, code: code)
      .append(to: &signed, family: source.family)
    return signed
  }

  // MARK: Receiving

  /// What a trailer that passed its checks says.
  public struct Proof: Equatable, Sendable {
    public let key: UInt8
    public let sequence: SequenceNumber
    /// How much the receiver's clock is ahead of the sender's; negative when it is behind.
    public let skew: Duration
  }

  /// Checks the trailer of an advertisement that passed the checks of its own; nil when there is
  /// none and none is needed.
  ///
  /// - Parameters:
  ///   - message: the one that the advertisement was decoded from.
  ///   - time: of the receiver's signing clock.
  ///   - offset: seconds that the sender's clock is known to be ahead of it.
  public mutating func check(
    _ advertisement: Advertisement, _ message: Span<UInt8>, from source: IPAddress,
    at time: SigningTime, offset: Int64 = 0, _ makeCode: MakeCode
  ) throws(DiscardReason) -> Proof? {
    guard let policy else {
      if advertisement.hasTrailer { throw .length }
      return nil
    }
    guard advertisement.hasTrailer else {
      if policy.mode == .enforce { throw .missingTrailer }
      return nil
    }
    let trailer = try AuthenticationTrailer(decoding: message)
    let expected = SigningTime(seconds: time.seconds + offset, nanoseconds: time.nanoseconds)
    if policy.replayProtection == .time {
      guard isInWindow(trailer.sequence, expected, policy) else { throw .stale }
    }
    try checkCode(of: trailer, message, from: source, makeCode)
    if let mark = mark(of: source, expected, policy), !trailer.sequence.isAfter(mark) {
      throw .replayed
    }
    return Proof(
      key: trailer.key, sequence: trailer.sequence, skew: trailer.sequence.behind(time))
  }

  /// Every other check has passed too: nothing older is accepted from there any more.
  public mutating func accept(_ proof: Proof, from source: IPAddress) {
    marks.raise(source, to: proof.sequence)
  }

  /// The last sequence accepted from there; nil when none is remembered.
  public func mark(of source: IPAddress) -> SequenceNumber? { marks[source] }

  /// The sequence in the trailer of a message whose code is right, whatever the clocks say; nil when
  /// nothing can be said.
  public mutating func provenSequence(
    _ message: Span<UInt8>, from source: IPAddress, _ makeCode: MakeCode
  ) -> SequenceNumber? {
    guard policy != nil else { return nil }
    do throws(DiscardReason) {
      let trailer = try AuthenticationTrailer(decoding: message)
      try checkCode(of: trailer, message, from: source, makeCode)
      // What was said before proves nothing of the clock now.
      if let mark = marks[source], !trailer.sequence.isAfter(mark) { return nil }
      return trailer.sequence
    } catch {
      return nil
    }
  }

  /// Whether a message proves that its sender goes by the receiver's clock, whatever was known of it
  /// before: the code is right, the time is inside the window, and newer than the mark. A sender
  /// without a mark proves nothing: that could be a recording from the time when its clock was ahead.
  public mutating func provesSameClock(
    _ message: Span<UInt8>, from source: IPAddress, at time: SigningTime, _ makeCode: MakeCode
  ) -> Bool {
    guard let policy, marks[source] != nil,
      let trailer = try? AuthenticationTrailer(decoding: message),
      isInWindow(trailer.sequence, time, policy)
    else { return false }
    return provenSequence(message, from: source, makeCode) != nil
  }

  private mutating func checkCode(
    of trailer: AuthenticationTrailer, _ message: Span<UInt8>, from source: IPAddress,
    _ makeCode: MakeCode
  ) throws(DiscardReason) {
    let body = message.extracting(..<(message.count - AuthenticationTrailer.length))
    guard
      let code = code(body, key: trailer.key, trailer.sequence, from: source, makeCode)
    else { throw .unknownKey }
    guard code.isSame(as: trailer.code) else { throw .invalidCode }
  }

  private mutating func code(
    _ message: Span<UInt8>, key: UInt8, _ sequence: SequenceNumber, from source: IPAddress,
    _ makeCode: MakeCode
  ) -> AuthenticationCode? {
    AuthenticationTrailer.gather(
      message, key: key, sequence, source: source, identifier, version, into: &input)
    return makeCode(key, input.span).flatMap(AuthenticationCode.init)
  }

  private func isInWindow(
    _ sequence: SequenceNumber, _ time: SigningTime, _ policy: AuthenticationPolicy
  ) -> Bool {
    sequence.secondsBehind(time).magnitude <= policy.window.magnitude
  }

  /// The mark of a sender, unless the clock has left it behind: in `time` mode one outside the window
  /// could only lock out a sender whose clock was mended.
  private func mark(
    of source: IPAddress, _ time: SigningTime, _ policy: AuthenticationPolicy
  ) -> SequenceNumber? {
    guard let mark = marks[source] else { return nil }
    switch policy.replayProtection {
    case .monotonic: return mark
    case .time: return isInWindow(mark, time, policy) ? mark : nil
    }
  }
}
