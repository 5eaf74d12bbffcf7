import Configuration
import Control
import Failover
import LinuxIO
import VRRP

// Advertisements: what this node sends, and what it hears.
extension Daemon {
  func send(_ priority: Priority, _ router: LocalRouter) {
    if priority == .release, !router.isSilenced, !router.isWithoutAddresses {
      // A goodbye would let a Backup claim what still answers here.
      log.write(
        .error,
        "\(router.name): the addresses can neither be removed nor silenced: no goodbye is sent")
      return
    }
    if priority == .release,
      Clock.now() - answered > router.configuration.router.advertisementInterval.duration
    {
      // Nor would one that comes late tell the truth: the daemon stood still meanwhile, and somebody
      // may have claimed.
      log.write(.warning, "\(router.name): too late for a goodbye")
      return
    }
    if let why = advertise(priority, router) {
      log.writeLimited(
        .warning, about: "send \(router.name)", at: Clock.now(),
        "\(router.name): an advertisement could not be sent: \(why)")
      router.hasBeaten = false
      router.counters.beatsFailed += 1
      feed(router, .beatFailed(why))
      return
    }
    router.hasBeaten = true
    router.counters.advertisementsSent += 1
    if priority == .release { router.counters.priorityZeroSent += 1 }
  }

  /// Why the advertisement did not leave; nil when it did.
  private func advertise(_ priority: Priority, _ router: LocalRouter) -> String? {
    guard let link = router.link, let source = router.source,
      let message = router.message(priority)
    else { return "the interface is gone" }
    guard let signed = sign(message, from: source, router) else {
      return "there is no key to sign it with"
    }
    return sockets.send(
      signed, from: source, to: router.family.advertisementGroup, on: link.index)?.description
  }

  /// Hears the advertisements that wait, a batch of them; whether there may be more.
  func receive(_ number: UInt64) -> Bool {
    let now = Clock.now()
    var count = 0
    let error = sockets.receive(number) { index, family, message, envelope in
      count += 1
      var router: LocalRouter?
      do throws(DiscardReason) {
        let advertisement = try Advertisement(decoding: message, in: envelope)
        let place = Place(index, family, advertisement.identifier)
        guard let receiver = places[place] else { throw .unknownVirtualRouter }
        router = receiver
        guard !interfaces.isOwn(envelope.source, index) else { throw .ownSource }
        try admit(advertisement, message, envelope.source, receiver, at: now)
        heard.append((receiver, advertisement, envelope.source))
      } catch {
        discard(error, envelope, router, at: now)
      }
    }
    for (router, advertisement, source) in heard {
      note(advertisement, source, router, at: now)
      feed(router, .advertisement(advertisement, from: source))
    }
    heard.removeAll(keepingCapacity: true)
    for router in unreadable where router.participant.router.isBackup {
      feed(router, .advertisementsUnreadable)
    }
    unreadable.removeAll(keepingCapacity: true)
    if let error {
      log.writeLimited(.warning, about: "receive", at: now, "receiving advertisements: \(error)")
    }
    return count == AdvertisementSockets.batch
  }

  private func discard(
    _ reason: DiscardReason, _ envelope: Envelope, _ router: LocalRouter?, at now: Instant
  ) {
    discards.count(reason)
    // Other people's virtual routers are nothing to worry about.
    guard reason != .unknownVirtualRouter else { return }
    guard let router, reason.isAboutTrailer else {
      log.writeLimited(
        .warning, about: "discard \(reason.rawValue)", at: now,
        "an advertisement from \(envelope.source) was discarded: \(reason.explanation)")
      return
    }
    if !unreadable.contains(where: { $0 === router }) { unreadable.append(router) }
    log.writeLimited(
      .warning, about: "discard \(reason.rawValue) \(router.name)", at: now,
      "\(router.name): an advertisement from \(envelope.source) was discarded:"
        + " \(reason.explanation)")
  }

  private func admit(
    _ advertisement: Advertisement, _ message: Span<UInt8>, _ source: IPAddress,
    _ router: LocalRouter, at now: Instant
  ) throws(DiscardReason) {
    let proof = try authenticate(advertisement, message, from: source, router, at: now)
    let listsOurs = advertisement.lists(router.addressList, in: message)
    try router.participant.router.admit(
      advertisement, from: source, listsOurAddresses: listsOurs)
    // Nothing can discard it any more.
    if let proof { accept(proof, from: source, router, at: now) }
    if !listsOurs {
      let theirs = Advertisement.addresses(in: message, family: router.family).prefix(8)
      log.writeLimited(
        .warning, about: "addresses \(router.name)", at: now,
        "\(router.name): \(source) advertises other addresses than ours:"
          + " \(theirs.map(\.description).joined(separator: " "))")
    }
  }

  private func note(
    _ advertisement: Advertisement, _ source: IPAddress, _ router: LocalRouter, at now: Instant
  ) {
    router.lastHeard = (source, now, advertisement.priority)
    router.counters.advertisementsReceived += 1
    if advertisement.priority == .release { router.counters.priorityZeroReceived += 1 }
    switch advertisement.checksumForm {
    case .message: router.counters.checksumForms.message += 1
    case .pseudoHeader: router.counters.checksumForms.pseudoHeader += 1
    }
    if router.foreignChecksums.note(
      advertisement.checksumForm, from: source, router.configuration.router)
    {
      log.writeLimited(
        .warning, about: "checksum \(router.name)", at: now,
        "\(router.name): \(foreignChecksum(source, router))")
    }
    if advertisement.interval != router.configuration.router.advertisementInterval {
      log.writeLimited(
        .warning, about: "interval \(router.name)", at: now,
        "\(router.name): \(source) advertises every \(advertisement.interval), we every"
          + " \(router.configuration.router.advertisementInterval)")
    }
    if advertisement.priority == .owner, router.configuration.router.priority == .owner {
      log.writeLimited(
        .error, about: "owners \(router.name)", at: now,
        "\(router.name): \(source) claims to own the addresses too: give priority 255 to one node")
    }
  }

  // MARK: Silence

  /// A daemon that was stopped or starved must not take the silence of its own sleep for that of the
  /// Active Router: what waits in the socket is heard before Active_Down_Timer counts.
  func hearBeforeClaiming(_ router: LocalRouter, at now: Instant) {
    guard case .backup(let backup) = router.participant.router.state,
      backup.activeDownTimer <= now, let link = router.link
    else { return }
    let key = AdvertisementSockets.key(link.index, router.family)
    hearAll(key)
    // One that found no room may have been the newest.
    guard sockets.hasMissed(key) else { return }
    for other in routers where other.link?.index == link.index && other.family == router.family {
      feed(other, .advertisementsMissed)
    }
  }

  /// What was sent while the machine slept reached nobody here.
  func noticeSleep() {
    let slept = Clock.slept()
    guard slept > sleptBefore + Self.shortestSleep else { return }
    log.write(.warning, "the machine slept for \((slept - sleptBefore).wholeMilliseconds) ms")
    sleptBefore = slept
    for router in routers {
      if let link = router.link { hearAll(AdvertisementSockets.key(link.index, router.family)) }
      feed(router, .advertisementsMissed)
    }
  }

  private func hearAll(_ key: UInt64) {
    for _ in 0..<Self.mostBatches {
      guard receive(key) else { return }
    }
  }
}
