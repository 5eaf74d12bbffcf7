import Testing

@testable import VRRP

/// A receiver of advertisements whose codes are zeros.
private final class Receiver {
  var authenticator: AdvertisementAuthenticator

  init(_ protection: ReplayProtection, window: Int32 = 5) {
    authenticator = AdvertisementAuthenticator(
      SequenceTests.settings, AuthenticationPolicy(replayProtection: protection, window: window))
  }

  /// Checks one with that sequence, and accepts it when it is good.
  func outcome(
    _ sequence: SequenceNumber, from number: UInt8 = 1, at seconds: Int64 = SequenceTests.clock,
    offset: Int64 = 0
  ) -> String {
    let image = SequenceTests.image(sequence)
    let source = SequenceTests.source(number)
    do throws(DiscardReason) {
      let proof = try authenticator.check(
        SequenceTests.advertisement, image.span, from: source, at: SigningTime(seconds: seconds),
        offset: offset, SequenceTests.zeros)
      if let proof { authenticator.accept(proof, from: source) }
      return "ok"
    } catch {
      return TrailerTests.word(error)
    }
  }

  /// Checks one and accepts nothing.
  func check(
    _ image: [UInt8], from number: UInt8 = 1,
    at time: SigningTime = SigningTime(seconds: SequenceTests.clock),
    _ makeCode: AdvertisementAuthenticator.MakeCode = SequenceTests.zeros
  ) throws -> AdvertisementAuthenticator.Proof? {
    try authenticator.check(
      SequenceTests.advertisement, image.span, from: SequenceTests.source(number), at: time,
      makeCode)
  }

  func provenSeconds(
    _ image: [UInt8], _ makeCode: AdvertisementAuthenticator.MakeCode
  ) -> UInt32? {
    authenticator.provenSequence(image.span, from: SequenceTests.source(1), makeCode)?.seconds
  }

  func provesSameClock(_ image: [UInt8], at time: SigningTime) -> Bool {
    authenticator.provesSameClock(
      image.span, from: SequenceTests.source(1), at: time, SequenceTests.zeros)
  }

  func accept(_ sequence: SequenceNumber) {
    let proof = AdvertisementAuthenticator.Proof(key: 1, sequence: sequence, skew: .zero)
    authenticator.accept(proof, from: SequenceTests.source(1))
  }

  var mark: SequenceNumber? { authenticator.mark(of: SequenceTests.source(1)) }
}

@Suite("Sequence numbers, marks and the window")
struct SequenceTests {
  static let settings = VirtualRouterSettings(
    identifier: VirtualRouterIdentifier(51)!, addresses: [.v4(IPv4Address(192, 0, 2, 100))])
  static let advertisement = Advertisement(
    version: .version3, identifier: VirtualRouterIdentifier(51)!, priority: Priority(200),
    interval: .standard, checksumForm: .message, addressCount: 1, hasTrailer: true)
  static let clock: Int64 = 0x6800_0000

  /// A message of no content with a trailer of zeros, which the codes of `zeros` fit.
  static func image(_ sequence: SequenceNumber) -> [UInt8] {
    var image = [UInt8](repeating: 0, count: 12)
    AuthenticationTrailer(
      key: 1, sequence: sequence, code: AuthenticationCode([UInt8](repeating: 0, count: 16))!
    ).append(to: &image, family: .ipv4)
    return image
  }

  static func zeros(_ key: UInt8, _ message: Span<UInt8>) -> [UInt8]? {
    [UInt8](repeating: 0, count: 32)
  }

  static func source(_ number: UInt8) -> IPAddress { .v4(IPv4Address(192, 0, 2, number)) }

  private static func seconds(_ number: Int64) -> SequenceNumber {
    SequenceNumber(SigningTime(seconds: number))
  }

  @Test("The fraction is cut", arguments: try TrailerFile.read().fraction)
  func fraction(_ row: TrailerFile.Fraction) {
    let sequence = SequenceNumber(SigningTime(seconds: 1, nanoseconds: row.nanoseconds))
    #expect(sequence.number == 1 << 32 | row.fraction << 16)
  }

  @Test("The window follows the interval", arguments: try TrailerFile.read().defaultWindow)
  func window(_ row: TrailerFile.DefaultWindow) throws {
    let interval =
      row.intervalCentiseconds.flatMap(AdvertisementInterval.init(centiseconds:))
      ?? row.intervalSeconds.flatMap(AdvertisementInterval.init(seconds:))
    #expect(AuthenticationPolicy.standardWindow(try #require(interval)) == row.window)
  }

  @Test("The next sequence of a sender", arguments: try TrailerFile.read().senderSequence)
  func sender(_ row: TrailerFile.SenderSequence) throws {
    let next = SequenceNumber.following(
      try row.lastSent.map(sequence),
      at: SigningTime(seconds: row.clockSeconds, nanoseconds: row.clockNanoseconds),
      try #require(ReplayProtection(rawValue: row.mode)), window: row.window)
    #expect(next == (try sequence(row.next)))
  }

  @Test("What a receiver accepts", arguments: try TrailerFile.read().receiverSequence)
  func receiver(_ row: TrailerFile.ReceiverSequence) throws {
    let authenticator = Receiver(
      try #require(ReplayProtection(rawValue: row.mode)), window: row.window)
    if let mark = row.mark {
      authenticator.accept(try sequence(mark))
    }
    let outcome = authenticator.outcome(try sequence(row.sequence), at: row.clockSeconds)
    #expect(outcome == row.expect)
    #expect(authenticator.mark == (try row.markAfter.map(sequence)))
  }

  @Test("An advertisement is good once, and at each receiver that has not seen it")
  func once() {
    let first = Receiver(.time)
    let second = Receiver(.time)
    let sequence = Self.seconds(Self.clock)
    #expect(first.outcome(sequence) == "ok")
    #expect(first.outcome(sequence) == "replay")
    #expect(second.outcome(sequence) == "ok")
    // A sender that was stranded an hour ahead, and mended.
    let stranded = Receiver(.time)
    stranded.accept(Self.seconds(Self.clock + 3600))
    #expect(stranded.outcome(sequence) == "ok")
    #expect(stranded.outcome(sequence) == "replay")
  }

  @Test("One that another check discards raises no mark")
  func twoPhases() throws {
    let authenticator = Receiver(.time)
    let image = Self.image(Self.seconds(Self.clock))
    for _ in 0..<3 {
      let proof = try authenticator.check(image, Self.zeros)
      #expect(proof?.sequence == Self.seconds(Self.clock))
    }
    #expect(authenticator.mark == nil)
  }

  @Test("A stale one is discarded before any code is made")
  func staleFirst() throws {
    let authenticator = Receiver(.time)
    let keys = TestKeys([1: [UInt8](repeating: 1, count: 32)])
    for seconds in [Self.clock - 100, Self.clock + 100] {
      let image = Self.image(Self.seconds(seconds))
      #expect(throws: DiscardReason.stale) {
        _ = try authenticator.check(image, keys.code)
      }
    }
    #expect(keys.codes == 0)
  }

  @Test("Of five senders the one not heard for longest is forgotten")
  func leastRecentlyUsed() {
    let authenticator = Receiver(.monotonic)
    let sequence = Self.seconds(Self.clock)
    for number: UInt8 in [1, 2, 3, 4] {
      #expect(authenticator.outcome(sequence, from: number) == "ok")
    }
    #expect(authenticator.outcome(sequence.next, from: 1) == "ok")
    #expect(authenticator.outcome(sequence, from: 5) == "ok")
    #expect(authenticator.outcome(sequence.next, from: 1) == "replay")
    for number: UInt8 in [3, 4, 5] {
      #expect(authenticator.outcome(sequence, from: number) == "replay")
    }
    #expect(authenticator.outcome(sequence, from: 2) == "ok")
  }

  @Test("A forged source pushes nobody out")
  func forgedSources() {
    let authenticator = Receiver(.time)
    let sequence = Self.seconds(Self.clock)
    #expect(authenticator.outcome(sequence, from: 1) == "ok")
    let image = Self.image(sequence)
    for number: UInt8 in 2...200 {
      #expect(throws: DiscardReason.invalidCode) {
        _ = try authenticator.check(image, from: number) { _, _ in [UInt8](repeating: 9, count: 32)
        }
      }
    }
    #expect(authenticator.outcome(sequence, from: 1) == "replay")
  }

  @Test("What a sender's clock is known to be ahead moves the window for it")
  func peerOffset() {
    let authenticator = Receiver(.time)
    let ahead = Self.clock + 300
    #expect(authenticator.outcome(Self.seconds(ahead)) == "stale")
    #expect(authenticator.outcome(Self.seconds(ahead), offset: 300) == "ok")
    #expect(authenticator.outcome(Self.seconds(ahead), offset: 300) == "replay")
    #expect(authenticator.outcome(Self.seconds(Self.clock), offset: 300) == "stale")
    #expect(authenticator.outcome(Self.seconds(ahead + 6), offset: 300) == "stale")
    #expect(authenticator.outcome(Self.seconds(ahead + 5), offset: 300) == "ok")
  }

  @Test("An advertisement tells how far the clocks are apart", arguments: [0, 1, -1, 4, -5])
  func skew(seconds: Int64) throws {
    let authenticator = Receiver(.time)
    let image = Self.image(
      SequenceNumber(SigningTime(seconds: Self.clock - seconds, nanoseconds: 500_000_000)))
    let proof = try authenticator.check(
      image, at: SigningTime(seconds: Self.clock, nanoseconds: 750_000_000))
    #expect(proof?.skew == .seconds(seconds) + .milliseconds(250))
  }

  @Test(
    "A sender proves that its clock was mended by what is newer than its mark, and by nothing else")
  func mended() {
    let now = SigningTime(seconds: Self.clock)
    let image = Self.image(Self.seconds(Self.clock))
    // Nothing was heard: it may be a recording of a sender that was ahead.
    #expect(!Receiver(.time).provesSameClock(image, at: now))
    let behind = Receiver(.time)
    behind.accept(Self.seconds(Self.clock - 600))
    #expect(behind.provesSameClock(image, at: now))
    #expect(!behind.provesSameClock(Self.image(Self.seconds(Self.clock - 60)), at: now))
    // A sender that was ahead said this ten minutes ago.
    let ahead = Receiver(.time)
    ahead.accept(Self.seconds(Self.clock + 600))
    #expect(!ahead.provesSameClock(image, at: now))
  }

  @Test("The seconds of a stale advertisement are proved by its code alone")
  func provenSeconds() {
    let authenticator = Receiver(.time)
    let image = Self.image(Self.seconds(77))
    #expect(authenticator.provenSeconds(image, Self.zeros) == 77)
    let forged = authenticator.provenSeconds(image) { _, _ in
      [UInt8](repeating: 9, count: 32)
    }
    #expect(forged == nil)
    let unknown = authenticator.provenSeconds(image) { _, _ in nil }
    #expect(unknown == nil)
  }
}

@Suite("The clock of the trailers")
struct SigningClockTests {
  private static func at(_ seconds: Int64) -> Instant { Instant(sinceBoot: .seconds(seconds)) }

  @Test("It is the wall clock of the start and the time since")
  func steady() {
    let clock = SigningClock(wallClock: .seconds(1_000_000), at: Self.at(100))
    #expect(clock.time(at: Self.at(100)) == SigningTime(seconds: 1_000_000))
    #expect(clock.time(at: Self.at(160)) == SigningTime(seconds: 1_000_060))
    // A step of the wall clock shows, and changes nothing.
    #expect(clock.stepped(wallClock: .seconds(1_000_660), at: Self.at(160)) == .seconds(600))
    #expect(clock.stepped(wallClock: .seconds(999_460), at: Self.at(160)) == .seconds(-600))
  }

  @Test("The wall clock is followed when a peer proves that it is nearer")
  func evidence() {
    var clock = SigningClock(wallClock: .seconds(1_000_000), at: Self.at(0))
    // The peer is where the wall clock is.
    let adopted1 = clock.noteStale(
      seconds: 1_000_598, wallClock: .seconds(1_000_600), at: Self.at(0))
    #expect(adopted1)
    #expect(clock.time(at: Self.at(0)) == SigningTime(seconds: 1_000_600))
    #expect(clock.stepped(wallClock: .seconds(1_000_600), at: Self.at(0)) == .zero)
    #expect(clock.adoptions == 1)
  }

  @Test("It is not followed when the peer is nearer to the steady clock, or as near")
  func noEvidence() {
    var clock = SigningClock(wallClock: .seconds(1_000_000), at: Self.at(0))
    let before = clock
    let adopted2 = clock.noteStale(
      seconds: 1_000_010, wallClock: .seconds(1_000_600), at: Self.at(0))
    #expect(!adopted2)
    let adopted3 = clock.noteStale(seconds: 999_000, wallClock: .seconds(1_000_600), at: Self.at(0))
    #expect(!adopted3)
    let adopted4 = clock.noteStale(
      seconds: 1_000_300, wallClock: .seconds(1_000_600), at: Self.at(0))
    #expect(!adopted4)
    let adopted5 = clock.noteStale(seconds: 5, wallClock: .seconds(1_000_000), at: Self.at(0))
    #expect(!adopted5)
    #expect(clock == before)
  }

  @Test("What is known of a peer's clock stays true when the wall clock is adopted")
  func offsets() throws {
    var clock = SigningClock(wallClock: .seconds(1_000_000), at: Self.at(0))
    let peer = try address("192.0.2.2")
    clock.learn(offset: 300, of: peer)
    #expect(clock.peerOffsets[peer] == 300)
    let adopted6 = clock.noteStale(
      seconds: 1_000_600, wallClock: .seconds(1_000_600), at: Self.at(0))
    #expect(adopted6)
    #expect(clock.peerOffsets[peer] == -300)
    let other = try address("192.0.2.3")
    clock.learn(offset: 2, of: other)
    clock.forget(except: [peer])
    #expect(clock.peerOffsets == [peer: -300])
    clock.forget(peer)
    #expect(clock.peerOffsets[peer] == nil)
  }

  @Test("No flood of peers makes it grow")
  func bounded() {
    var clock = SigningClock(wallClock: .seconds(1_000_000), at: Self.at(0))
    for number in 0..<1000 {
      clock.learn(offset: 1, of: .v4(IPv4Address(number: UInt32(number))))
    }
    #expect(clock.peerOffsets.count == 256)
    clock.mostPeers = 2000
    for number in 0..<3000 {
      clock.learn(offset: 1, of: .v4(IPv4Address(number: UInt32(number))))
    }
    #expect(clock.peerOffsets.count == 2000)
  }
}
