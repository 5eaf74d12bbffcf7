import Failover

@testable import VRRP

/// Leads one virtual router through a life that the input tells, step by step, and asks after each
/// step what must always hold.
///
/// An input is the settings and then steps, each a byte that chooses and what the step needs.
enum RouterTarget {
  static func take(_ input: Span<UInt8>) {
    var reader = InputReader(input)
    var life = RouterLife(&reader)
    var steps = 0
    while !reader.isAtEnd, steps < 500, !life.participant.isOut {
      life.step(&reader)
      steps += 1
    }
    life.shutDown()
  }
}

/// A participant, and the kernel and the programs around it.
struct RouterLife {
  private(set) var participant: Participant
  private var now = Instant(sinceBoot: .seconds(100))
  private var hasAddresses = false
  /// Whether a removal has been refused: from then on addresses may be left over.
  private var hasLeftovers = false
  private var runs: [HookRun.Identifier] = []
  private var checks: [Int] = []
  /// Whether the next change of the addresses is refused.
  private var isRefusing = false
  /// Whether advertisements do not leave.
  private var failsBeat = false
  /// When the kernel's lease ends; nil while it is closed.
  private var leaseEnd: Instant?
  private var longestLease = Duration.zero
  private var lastOperation: UInt64 = 0

  init(_ reader: inout InputReader) {
    participant = Participant(Self.settings(&reader), term: UInt64(reader.byte()), at: now)
    feed(.hardware([Self.hardware(1)]))
    feed(.link([], source: Reception.neighbor(1, participant.settings.router.family)))
    feed(.start)
  }

  private static func settings(
    _ reader: inout InputReader, as former: VirtualRouterSettings? = nil
  ) -> ParticipantSettings {
    let kind = reader.byte()
    // A reload keeps what a virtual router is: VRID, version, family.
    let family = former?.family ?? (kind & 1 == 0 ? .ipv4 : .ipv6)
    let version = former?.version ?? (kind & 2 == 0 || family == .ipv6 ? .version3 : .version2)
    let preemptions: [Preemption] = [.never, .always, .after(.seconds(5)), .never]
    let interval =
      version == .version2
      ? AdvertisementInterval(seconds: UInt8(truncatingIfNeeded: reader.word()))
      : AdvertisementInterval(centiseconds: reader.word() & 0xfff)
    let addresses = (0...(kind >> 6)).map { Reception.neighbor(100 + $0, family) }
    guard let identifier = VirtualRouterIdentifier(51) else { preconditionFailure() }
    return ParticipantSettings(
      router: VirtualRouterSettings(
        identifier: identifier, version: version, addresses: addresses,
        priority: Priority(max(1, reader.byte())),
        advertisementInterval: interval ?? .standard, preemption: preemptions[Int(kind >> 2 & 3)]),
      detectsConflicts: kind & 0x40 != 0,
      checks: kind & 0x10 == 0
        ? []
        : [
          CheckSettings(name: "fault", probe: .file("/a")),
          CheckSettings(name: "priority", probe: .file("/b"), onFailure: .priority(-60)),
        ],
      hooks: kind & 0x20 == 0 ? [] : [HookSettings(command: ["hook"])])
  }

  // MARK: Steps

  mutating func step(_ reader: inout InputReader) {
    switch reader.byte() % 20 {
    case 0, 1: hearWellFormed(&reader)
    case 2: hear(reader.take(Int(reader.byte()) + 1))
    case 3: pass(.milliseconds(Int64(reader.word())))
    case 4: passToDeadline()
    case 5: isRefusing = reader.flag()
    case 6: endHook(reader.byte())
    case 7: endCheck(fails: reader.flag())
    case 8: setLink(reader.byte())
    case 9:
      lastOperation += 1
      feed(.failover(FailoverOrder(OperationIdentifier(lastOperation))))
    case 10: feed(.announce)
    case 11:
      guard hasAddresses, participant.tenure.isHolding else { return }
      hasAddresses = false
      feed(.addressesLost)
    case 12: feed(.settings(Self.settings(&reader, as: participant.settings.router)))
    case 13: if reader.byte() == 0xff { feed(.shutdown(nil)) }
    case 14: failsBeat = reader.flag()
    case 15: endLease(reader.byte())
    case 16, 17: hearNeighbor(&reader)
    case 18:
      let frame = FrameTarget.frame(reader.take(Int(reader.byte()) + 1).span) ?? []
      if let claim = NeighborClaim(decoding: frame.span) { feed(.neighbor(claim)) }
    default: passToDeadline()
    }
  }

  /// 02-00-00-00-00-`number`; 1 is this host's own.
  private static func hardware(_ number: UInt8) -> HardwareAddress {
    HardwareAddress(2, 0, 0, 0, 0, number)
  }

  /// Another host, a node of ours or none, has or wants an address.
  private mutating func hearNeighbor(_ reader: inout InputReader) {
    let choices = reader.byte()
    let router = participant.settings.router
    let mark = ClaimMark(
      identifier: router.identifier, priority: Priority(reader.byte()),
      primary: Reception.neighbor(choices & 3, router.family))
    feed(
      .neighbor(
        NeighborClaim(
          address: Reception.neighbor(100 + choices >> 6, router.family),
          hardware: Self.hardware(choices >> 2 & 3),
          kind: choices & 0x10 == 0 ? .claims : .probes, mark: choices & 0x20 == 0 ? nil : mark)))
  }

  private mutating func endLease(_ choice: UInt8) {
    guard leaseEnd != nil else { return }
    leaseEnd = nil
    feed(choice & 1 == 0 ? .leaseLost : .leaseRefused("no table"))
  }

  /// What another router of these settings sends, but for its source, priority, interval and list.
  private mutating func hearWellFormed(_ reader: inout InputReader) {
    let settings = participant.settings.router
    let choices = reader.byte()
    let interval =
      choices & 0x80 == 0 ? nil : AdvertisementInterval(centiseconds: reader.word() & 0xfff)
    let source = Reception.neighbor(choices & 0x0f, settings.family)
    let message = Advertisement.encode(
      identifier: settings.identifier, version: settings.version,
      priority: Priority(reader.byte()), interval: interval ?? settings.advertisementInterval,
      addresses: choices & 0x40 == 0 ? settings.addresses : [source],
      checksumForm: choices & 0x20 == 0 ? .message : .pseudoHeader, source: source)
    receive(
      message,
      Envelope(
        source: source, destination: settings.family.advertisementGroup, hopLimit: 255))
  }

  private mutating func hear(_ bytes: [UInt8]) {
    guard let reception = Reception(bytes.span) else { return }
    receive(reception.message, reception.envelope)
  }

  /// The way of a datagram through the daemon.
  private mutating func receive(_ message: [UInt8], _ envelope: Envelope) {
    guard envelope.source.family == participant.settings.router.family else { return }
    do throws(DiscardReason) {
      let advertisement = try Advertisement(decoding: message.span, in: envelope)
      let lists = advertisement.lists(
        AddressList(participant.settings.router.addresses), in: message.span)
      try participant.router.admit(advertisement, from: envelope.source, listsOurAddresses: lists)
      feed(.advertisement(advertisement, from: envelope.source))
    } catch {
      expect(!error.explanation.isEmpty, "a discard has its reason")
    }
  }

  private mutating func endHook(_ status: UInt8) {
    guard !runs.isEmpty else { return }
    let run = runs.removeFirst()
    let ends: [ProgramEnd] = [.signalled(9), .notStarted("no such file"), .exited(75), .exited(69)]
    let end = status < 16 ? ends[Int(status) % ends.count] : .exited(status < 192 ? 0 : 1)
    feed(.hookEnded(run, end))
  }

  private mutating func endCheck(fails: Bool) {
    guard !checks.isEmpty else { return }
    feed(.checkEnded(checks.removeFirst(), failure: fails ? "no" : nil))
  }

  private mutating func setLink(_ choices: UInt8) {
    let source = Reception.neighbor(1 + choices >> 6, participant.settings.router.family)
    feed(.link(choices & 1 == 0 ? [] : [.noCarrier("eth0")], source: source))
  }

  // MARK: Time

  private mutating func pass(_ time: Duration) {
    now += time
    runTimers()
  }

  private mutating func passToDeadline() {
    guard let due = participant.nextDeadline else { return }
    now = max(now, due)
    runTimers()
  }

  /// Everything due now; a timer that stays due would keep the daemon busy for ever.
  private mutating func runTimers() {
    var rounds = 0
    while let due = participant.nextDeadline, due <= now {
      feed(.timer)
      rounds += 1
      expect(rounds < 100, "timers that are due get done")
    }
  }

  /// Leads to the end: every program ends, nothing is refused any more, time goes on.
  mutating func shutDown() {
    isRefusing = false
    feed(.shutdown(nil))
    var rounds = 0
    while !participant.isOut {
      if runs.isEmpty { passToDeadline() } else { endHook(0xff) }
      rounds += 1
      expect(rounds < 1000, "a daemon that is stopped comes to its end")
    }
    expect(!hasAddresses, "no address stays behind")
  }

  // MARK: The participant

  private mutating func feed(_ event: Participant.Event) {
    let term = participant.term
    longestLease = max(longestLease, participant.settings.lease.duration)
    var queue = [event]
    while !queue.isEmpty {
      let event = queue.removeFirst()
      if Trace.isOn { Trace.tell("\(now.sinceBoot) \(event)") }
      for effect in participant.handle(event, at: now) {
        if Trace.isOn { Trace.tell("  \(effect)") }
        perform(effect, &queue)
      }
    }
    expect(participant.term >= term, "a term never goes back")
    if hasAddresses, !hasLeftovers {
      expect(participant.tenure.isHolding, "an address is here in \(participant.role)")
    }
    if let leaseEnd, leaseEnd > now {
      expect(participant.tenure.isHolding, "the lease is open in \(participant.role)")
    }
    if participant.role == .active {
      guard case .active = participant.router.state else {
        return expect(false, "who holds the addresses is Active")
      }
    }
  }

  private mutating func setLease(_ end: Instant) {
    // After a reload one that is counted from an earlier advertisement goes on.
    expect(end > now && end <= now + longestLease, "a lease lasts as long as it is set to")
    leaseEnd = end
  }

  private func isListed(_ places: Range<Int>) -> Bool {
    participant.settings.router.addresses.indices.contains(places.upperBound - 1)
  }

  private mutating func perform(
    _ effect: Participant.Effect, _ answers: inout [Participant.Event]
  ) {
    switch effect {
    case .install:
      if !isRefusing { hasAddresses = true }
      answers.append(.installed(failure: isRefusing ? "refused" : nil))
    case .remove:
      if isRefusing { hasLeftovers = hasAddresses } else { hasAddresses = false }
      answers.append(.removed(failure: isRefusing ? "refused" : nil))
      if !hasAddresses { hasLeftovers = false }
    case .send:
      if failsBeat { answers.append(.beatFailed("ENETDOWN")) }
    case .openLease(let end):
      expect(hasAddresses, "the lease opens for what is here")
      setLease(end)
    case .renewLease(let end):
      // Passed over when the advertisement in front of it did not leave.
      if leaseEnd != nil, !failsBeat { setLease(end) }
    case .closeLease: leaseEnd = nil
    case .announce(let places):
      expect(hasAddresses, "what is announced is here")
      expect(isListed(places), "what is announced is in the list")
    case .probe(let places): expect(isListed(places), "what is probed is in the list")
    case .startHook(let run): runs.append(run.identifier)
    case .startCheck(let index): checks.append(index)
    default: break
    }
  }
}
