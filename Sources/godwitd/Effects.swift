import Configuration
import Control
import Failover
import LinuxIO
import VRRP

// What the virtual routers want done.
extension Daemon {
  func perform(_ effect: Participant.Effect, for router: LocalRouter) {
    switch effect {
    case .send(let priority): send(priority, router)
    case .renewLease(let end): renewLease(router, until: end)
    case .openLease(let end): openLease(router, until: end)
    case .closeLease: closeLease(router)
    case .refreshAddresses(let places):
      if lease.mechanism != .addressLifetime { refresh(router, places) }
    case .resetConnections: beginReset(router)
    case .tellConnections: beginTelling(router)
    case .report(let asks):
      report(router, asks: asks)
      operations.see(router.participant.report.handover, of: router.name)
      noteRelease(router)
    case .shareResult(let operation, let name):
      shareResult(of: operation, router, to: name)
    case .keepMaintenance(let mark): store.keep(mark, of: router.name, loop: loop)
    case .passage(let operation, let passage): operations.note(passage, of: operation)
    case .refrained(let restraint): tell(restraint, router)
    case .install: install(router)
    case .remove: remove(router)
    case .announce(let places): announce(places, router)
    case .probe(let places): probe(places, router)
    case .conflict(let conflict): tell(conflict, router)
    case .startHook(let run): startHook(run, router)
    case .terminateHook(let run): children.hook(router, run)?.process.signalGroup(Signal.terminate)
    case .killHook(let run): children.hook(router, run)?.process.killGroup()
    case .hookEnded(let run, let result): tell(run, result, router)
    case .startCheck(let index): startCheck(index, router)
    case .killCheck(let index): killCheck(index, router)
    case .checkChanged(let index, let passing): tell(check: index, passing, router)
    case .roleChanged(let from, let to, let reason): tell(from, to, reason, router)
    case .phase(let operation, let phase):
      operations.tell(operation, phase, at: Clock.now()) { control.send($0, to: $1, loop: loop) }
    case .finished(let operation, let result, let phases):
      operations.finish(
        operation, result, phases, at: Clock.now(), node: { nodeName($0, router) },
        { finish($0, $1) })
    case .record(let record): keep(record, router)
    }
  }

  // MARK: Addresses

  private func install(_ router: LocalRouter) {
    guard let link = router.link else {
      feed(router, .installed(failure: "the interface is gone"))
      return
    }
    // What is not silenced when the daemon fails must not come.
    if let fault = fence(router) {
      feed(router, .installed(failure: fault.description))
      return
    }
    let wanted = router.addressesToMove(interfaces, link.index)
    router.isWithoutAddresses = false
    let failure = interfaces.install(
      wanted, link.index, lifetime: router.addressLifetime(lease.mechanism))
    feed(router, .installed(failure: failure))
  }

  private func remove(_ router: LocalRouter) {
    guard let link = router.link else {
      router.isWithoutAddresses = true
      feed(router, .removed(failure: nil))
      return
    }
    let failure = interfaces.remove(router.configuration.router.addresses, link.index)
    router.isWithoutAddresses = failure == nil
    if let failure {
      log.write(.error, "\(router.name): an address could not be removed: \(failure)")
    }
    feed(router, .removed(failure: failure))
  }

  private func announce(_ places: Range<Int>, _ router: LocalRouter) {
    guard let link = router.link, let hardware = link.hardwareAddress else { return }
    var frames: [UInt8] = []
    // Other nodes of ours see by it who has the better right, where advertisements do not pass.
    let mark =
      router.configuration.conflictDetection ? router.participant.conflicts.identity.mark : nil
    for address in router.configuration.router.addresses[places] {
      switch address {
      case .v4(let address):
        for operation in [ARPPacket.Operation.request, .reply] {
          GratuitousARP(
            operation, hardwareAddress: hardware, address: address, mark: mark
          ).append(to: &frames)
        }
      case .v6(let address):
        UnsolicitedNeighborAdvertisement(
          hardwareAddress: hardware, address: address, mark: mark
        ).append(to: &frames)
      }
    }
    do throws(SystemError) {
      router.counters.announcementsSent += try announcer.send(
        frames, frameLength: router.family.announcementLength(isMarked: mark != nil),
        interfaceIndex: link.index)
    } catch {
      log.writeLimited(
        .warning, about: "announce \(router.name)", at: Clock.now(),
        "\(router.name): the addresses could not be announced: \(error)")
    }
  }

  // MARK: Telling

  private func tell(
    _ from: RoleState, _ to: RoleState, _ reason: Reason, _ router: LocalRouter
  ) {
    if to == .claiming { router.counters.elections += 1 }
    if to == .backup, reason == .lease { router.counters.leasesLapsed += 1 }
    let addresses = router.configuration.addresses.map(\.description).joined(separator: " ")
    let text: String
    switch to {
    case .initialize: text = "out of the election"
    case .backup: text = "Backup"
    case .claiming: text = "elected; \(addresses) come once promote has passed"
    case .active: text = "Active; holds \(addresses) on \(router.link?.name ?? "?")"
    case .releasing: text = "giving the role up; demote runs"
    case .fault:
      text =
        "cannot serve: "
        + router.participant.tenure.faults.map(\.description).sorted().joined(separator: "; ")
    }
    let why = reason.explanation.isEmpty ? "" : " (\(reason.explanation))"
    log.write(
      to == .fault ? .error : .notice,
      "\(router.name): \(text)\(why), term \(router.participant.term)")
    tellSystemd()
  }

  private func tell(_ restraint: Participant.Restraint, _ router: LocalRouter) {
    router.counters.claimsRefrained += 1
    let why: String
    switch restraint {
    case .maintenance: why = "maintenance is on, or has just been"
    case .peerIsActive(let name):
      why =
        "\(name) is Active and says so over the peer channel, but its advertisements do not arrive:"
        + " look for what drops protocol 112 between the nodes"
    case .handover: why = "the role was handed over a moment ago"
    }
    log.writeLimited(
      .warning, about: "restraint \(router.name)", at: Clock.now(),
      "\(router.name): no Active Router is heard, and this node does not claim: \(why)")
  }

  private func tell(check index: Int, _ passing: Bool, _ router: LocalRouter) {
    let check = router.participant.checks[index]
    let name = "\(router.name): check \(check.settings.name)"
    if passing {
      log.write(.notice, "\(name) passes")
    } else {
      log.write(.warning, "\(name) fails: \(check.detail)")
    }
  }

  private func keep(_ record: HistoryRecord, _ router: LocalRouter) {
    if record.event == .addressesRestored {
      router.counters.addressesRestored += 1
      log.write(
        .warning,
        "\(router.name): somebody removed addresses that are held here; they are back in place")
    }
    if record.event == .failover, record.reason == .rollback {
      log.write(.error, "\(router.name): the failover was rolled back: \(record.detail)")
    }
    var entry = HistoryEntry(
      record, of: router, operation: record.operation.map(operations.text))
    if let given = record.operation.flatMap(operations.reason) {
      entry.detail += entry.detail.isEmpty ? given : ": \(given)"
    }
    store.keep(entry, loop: loop)
  }

  /// The last word on an operation, to whoever waits for it.
  func finish(_ client: UInt64?, _ outcome: FailoverOutcome) {
    log.write(
      outcome.result == .done ? .notice : .warning,
      "failover \(outcome.operationIdentifier): \(outcome.message)")
    guard let client else { return }
    control.finish(.result(.failover(outcome)), to: client, loop: loop)
  }
}

/// Numbers of signal(7) without the import of a whole C library where only these are meant.
enum Signal {
  static let terminate: Int32 = 15
}

extension Reason {
  /// The reason in plain words, to stand in brackets behind a change of role.
  var explanation: String {
    switch self {
    case .manual: "an operator asked for it"
    case .peerTimeout: "the Active Router fell silent"
    case .peerReleased: "the Active Router gave the role up"
    case .preempted: "the better priority takes precedence"
    case .health: "checks"
    case .link: "link"
    case .conflict: "another host answers for the addresses"
    case .lease: "the lease had ended: godwitd was stopped or starved"
    case .startup: "start"
    case .shutdown: "stop"
    case .rollback: "a step failed and the role went back"
    case .maintenance: "godwitd was started anew during maintenance"
    }
  }
}

extension VRRP.AddressFamily {
  /// Bytes of the frame that announces one address: a gratuitous ARP or an unsolicited NA.
  func announcementLength(isMarked: Bool) -> Int {
    switch self {
    case .ipv4: isMarked ? ARPPacket.markedFrameLength : ARPPacket.frameLength
    case .ipv6:
      isMarked
        ? UnsolicitedNeighborAdvertisement.markedFrameLength
        : UnsolicitedNeighborAdvertisement.frameLength
    }
  }
}

extension LocalRouter {
  /// Whether the host has some of the addresses of its own (priority 255): those stay.
  func ownsAddresses(_ interfaces: Interfaces) -> Bool {
    guard let link else { return false }
    return addressesToMove(interfaces, link.index).count < configuration.addresses.count
  }

  /// The addresses that move: all, unless this node owns some and has them in any case.
  func addressesToMove(_ interfaces: Interfaces, _ index: Int32) -> [InterfaceAddress] {
    configuration.addressesToMove(interfaces, index)
  }
}

extension VirtualRouterConfiguration {
  func addressesToMove(_ interfaces: Interfaces, _ index: Int32) -> [InterfaceAddress] {
    guard router.priority == .owner else { return addresses }
    let own = Set(interfaces.ownAddresses(index).map(\.interfaceAddress.address))
    return addresses.filter { !own.contains($0.address) }
  }
}

extension Participant.Effect {
  /// Whether nothing but the log and the history hears of it.
  var onlyTells: Bool {
    switch self {
    case .roleChanged, .record, .conflict, .refrained: true
    default: false
    }
  }
}
