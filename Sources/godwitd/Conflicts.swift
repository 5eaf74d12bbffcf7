import Failover
import Glibc
import LinuxIO
import VRRP

// Other hosts that have an address of ours.
extension Daemon {
  /// Hears on the interfaces that the virtual routers are on now.
  func fitNeighborSockets() {
    do throws(SystemError) {
      try neighbors.fit(routers, loop: loop)
    } catch {
      log.writeLimited(
        .warning, about: "neighbors", at: Clock.now(),
        "address conflicts are not seen: \(error)")
      retrySockets()
    }
  }

  func hearNeighbors(_ number: UInt64) {
    // Whoever takes the role advertises before it announces: what it says comes first here too, or
    // this node would defend what it has lost.
    _ = receive(number)
    var claims: [(LocalRouter, NeighborClaim)] = []
    let error = neighbors.receive(number) { claims.append(($0, $1)) }
    // Nothing authenticates a mark: where forgers are reckoned with, it moves nobody, and two nodes of
    // ours that are Active find each other over the peer channel.
    let believesMarks = configuration.authentication?.mode != .enforce
    for (router, claim) in claims {
      var claim = claim
      if !believesMarks { claim.mark = nil }
      feed(router, .neighbor(claim))
    }
    // An interface that went down says so once.
    guard let error, error.code != ENETDOWN else { return }
    log.writeLimited(
      .warning, about: "neighbors", at: Clock.now(), "hearing ARP and Neighbor Discovery: \(error)")
  }

  /// Asks for the addresses without naming one of our own (RFC 5227 section 2.1.1, RFC 4862 section
  /// 5.4.2): the frames get out of a silenced node.
  func probe(_ places: Range<Int>, _ router: LocalRouter) {
    guard let link = router.link, let hardware = link.hardwareAddress else { return }
    var frames: [UInt8] = []
    for address in router.configuration.router.addresses[places] {
      AddressProbe(hardwareAddress: hardware, address: address).append(to: &frames)
    }
    do throws(SystemError) {
      _ = try announcer.send(
        frames, frameLength: AddressProbe.frameLength(router.family), interfaceIndex: link.index)
    } catch {
      log.writeLimited(
        .warning, about: "probe \(router.name)", at: Clock.now(),
        "\(router.name): the addresses could not be probed for: \(error)")
    }
  }

  func tell(_ conflict: AddressConflict, _ router: LocalRouter) {
    let who =
      conflict.mark.map { "godwitd at \($0.primary) (\(conflict.hardware))" }
      ?? "\(conflict.hardware)"
    let known = interfaces.links.values.first { $0.hardwareAddress == conflict.hardware }
    let what =
      router.participant.tenure.isHolding
      ? "claims \(conflict.address), which is held here" : "answers for \(conflict.address)"
    log.write(
      .error,
      "\(router.name): \(who) \(what)" + (known.map { ": it is this host's \($0.name)" } ?? ""))
  }

  /// The hardware addresses of this host: its kernel may answer on any interface.
  func tellHardware(_ router: LocalRouter) {
    let addresses = Set(interfaces.links.values.compactMap(\.hardwareAddress))
    guard addresses != router.hardware else { return }
    router.hardware = addresses
    feed(router, .hardware(addresses))
  }
}
