import Authentication
import Configuration
import Control
import Glibc
import LinuxIO
import VRRP

// Trailers: signed on the way out, checked on the way in.
extension Daemon {
  /// Senders whose skew is remembered.
  static let mostSkews = 64
  /// Least time between two looks at what is stale.
  private static let staleSpacing = Duration.seconds(1)
  /// How long the status tells of one.
  private static let staleMemory = Duration.seconds(60)
  /// A wall clock that is no further from the signing clock has not been stepped.
  static let smallestStep = Duration.seconds(1)

  /// What the configuration says now.
  func fitAuthentication(of router: LocalRouter) {
    router.authenticator.policy = configuration.authentication?.policy(
      interval: router.configuration.router.advertisementInterval)
  }

  /// nil when there is no key to sign with.
  func sign(_ message: [UInt8], from source: IPAddress, _ router: LocalRouter) -> [UInt8]? {
    guard router.authenticator.signs else { return message }
    guard let keyring else { return nil }
    return router.authenticator.sign(
      message, from: source, key: keyring.activeKey, at: clock.time(at: Clock.now())
    ) { key, bytes in keyring.code(key: key, over: bytes) }
  }

  /// What the trailer proves; nil when there is none and none is needed.
  func authenticate(
    _ advertisement: Advertisement, _ message: Span<UInt8>, from source: IPAddress,
    _ router: LocalRouter, at now: Instant
  ) throws(DiscardReason) -> AdvertisementAuthenticator.Proof? {
    let keyring = keyring
    let makeCode: AdvertisementAuthenticator.MakeCode = { key, bytes in
      keyring?.code(key: key, over: bytes)
    }
    do throws(DiscardReason) {
      return try router.authenticator.check(
        advertisement, message, from: source, at: clock.time(at: now),
        offset: clock.peerOffsets[source] ?? 0, makeCode)
    } catch {
      guard error == .stale else { throw error }
      guard
        followWallClock(message, from: source, router, at: now, makeCode)
          || followSender(message, from: source, router, at: now, makeCode)
      else {
        noteStale(message, from: source, router, at: now, makeCode)
        throw error
      }
      return try router.authenticator.check(
        advertisement, message, from: source, at: clock.time(at: now),
        offset: clock.peerOffsets[source] ?? 0, makeCode)
    }
  }

  /// Adopts a wall clock that was stepped when a stale advertisement proves that its sender is nearer
  /// to it; whether it did.
  private func followWallClock(
    _ message: Span<UInt8>, from source: IPAddress, _ router: LocalRouter, at now: Instant,
    _ makeCode: AdvertisementAuthenticator.MakeCode
  ) -> Bool {
    let wallClock = Clock.sinceEpoch()
    let step = clock.stepped(wallClock: wallClock, at: now)
    guard step > Self.smallestStep || step < .zero - Self.smallestStep,
      let proven = router.authenticator.provenSequence(message, from: source, makeCode),
      clock.noteStale(seconds: proven.seconds, wallClock: wallClock, at: now)
    else { return false }
    skews.removeAll()
    staleSkews.removeAll()
    log.write(
      .warning,
      "the clock was stepped by \(step.wholeMilliseconds) ms, and the advertisements of \(source)"
        + " agree with it: they are signed by it from now on")
    return true
  }

  /// Forgets what was known of a sender's clock when a stale advertisement proves that it was mended;
  /// whether it did. While its reports arrive they tell that better.
  private func followSender(
    _ message: Span<UInt8>, from source: IPAddress, _ router: LocalRouter, at now: Instant,
    _ makeCode: AdvertisementAuthenticator.MakeCode
  ) -> Bool {
    guard clock.peerOffsets[source] ?? 0 != 0, !router.participant.isReporting(source),
      router.authenticator.provesSameClock(
        message, from: source, at: clock.time(at: now), makeCode)
    else { return false }
    clock.forget(source)
    log.write(.notice, "the clock of \(source) is right again")
    return true
  }

  /// Tells of a router with a right key whose clock is too far off. Where this one is Active, both are,
  /// and nobody else says so: it asks nobody before it claims, and follows nobody.
  private func noteStale(
    _ message: Span<UInt8>, from source: IPAddress, _ router: LocalRouter, at now: Instant,
    _ makeCode: AdvertisementAuthenticator.MakeCode
  ) {
    // A code costs something, and whoever sends old recordings shall not choose how often.
    guard router.nextStaleCheck.map({ $0 <= now }) ?? true else { return }
    router.nextStaleCheck = now + Self.staleSpacing
    guard let proven = router.authenticator.provenSequence(message, from: source, makeCode)
    else { return }
    let skew = proven.behind(clock.time(at: now))
    staleSkews = staleSkews.filter { now - $0.value.at < Self.staleMemory }
    if staleSkews[source] != nil || staleSkews.count < Self.mostSkews {
      staleSkews[source] = (skew, now)
    }
    guard case .active = router.participant.router.state else { return }
    log.writeLimited(
      .warning, about: "stale \(router.name)", at: now,
      "\(router.name): the clock of \(source) is \(skew.difference) this node's, beyond the window of"
        + " \(router.authenticator.policy?.window ?? 0) s: it has a right key and cannot be heard, so"
        + " both may be Active (or somebody plays back what it said): look at time synchronisation on"
        + " both (`chronyc tracking`), and restart godwitd where the clock was stepped")
  }

  /// An advertisement with that proof passed every check.
  func accept(
    _ proof: AdvertisementAuthenticator.Proof, from source: IPAddress, _ router: LocalRouter,
    at now: Instant
  ) {
    router.authenticator.accept(proof, from: source)
    staleSkews[source] = nil
    if skews[source] != nil || skews.count < Self.mostSkews { skews[source] = proof.skew }
    guard let policy = router.authenticator.policy, policy.replayProtection == .time else { return }
    let limit = Duration.seconds(Int64(policy.window / 2))
    guard proof.skew > limit || proof.skew < .zero - limit else { return }
    log.writeLimited(
      .warning, about: "skew \(router.name) \(source)", at: now,
      "\(router.name): the clock of \(source) is \(proof.skew.difference) this node's, more than half the window of"
        + " \(policy.window) s: look at time synchronisation on both (`chronyc tracking`)")
  }

  func authenticationStatus(at now: Instant) -> AuthenticationStatus? {
    guard let authentication = configuration.authentication, let keyring else { return nil }
    let windows = routers.filter { !$0.isLeaving }.map { router in
      (router.name, Int(router.authenticator.policy?.window ?? 0) * 1000)
    }
    let stepped = clock.stepped(wallClock: Clock.sinceEpoch(), at: now)
    let stale = staleSkews.filter { now - $0.value.at < Self.staleMemory }.mapValues(\.skew)
    let skews = skews.merging(stale) { $1 }
    return AuthenticationStatus(
      mode: authentication.mode.rawValue, activeKey: Int(keyring.activeKey),
      keyIdentifiers: keyring.keyIdentifiers.map(Int.init),
      antiReplay: authentication.replayProtection.rawValue,
      windowsMilliseconds: Dictionary(windows, uniquingKeysWith: { first, _ in first }),
      clock: SigningClockStatus(
        steppedMilliseconds: stepped.wholeMilliseconds,
        skewMilliseconds: Dictionary(
          skews.map { ($0.key.description, $0.value.wholeMilliseconds) },
          uniquingKeysWith: { first, _ in first })))
  }
}

extension Keyring {
  /// The keys of a configuration, read now; nil without authentication.
  static func load(_ configuration: NodeConfiguration) throws(KeyError) -> Keyring? {
    guard let authentication = configuration.authentication else { return nil }
    // The watchdog ends a daemon that hangs by SIGABRT. Lowering a limit of one's own cannot fail.
    try? ProcessLimits.forbidCore()
    return try Keyring(
      authentication.sources, activeKey: authentication.activeKey,
      credentials: getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) })
  }
}

extension Duration {
  /// As how far this node's clock is ahead, told of the other one.
  fileprivate var difference: String {
    "\(abs(wholeMilliseconds)) ms \(self > .zero ? "behind" : "ahead of")"
  }
}
