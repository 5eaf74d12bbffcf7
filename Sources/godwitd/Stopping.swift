import Control
import Failover
import LinuxIO
import VRRP

// The end of the daemon, and of virtual routers that a reload removed.
extension Daemon {
  func stop() {
    guard !isStopping else {
      // Asked twice: what only tells something is not waited for any longer.
      stopDeadline = Clock.now()
      return
    }
    isStopping = true
    notifier.stopping()
    let kept = routers.filter { staysWithoutDaemon($0) }
    log.write(
      .notice,
      kept.isEmpty
        ? "stopping: giving up what is held here"
        : "stopping: under maintenance the addresses of"
          + " \(kept.map(\.name).joined(separator: ", ")) stay; giving up what else is held here")
    for router in routers {
      tellOfEnd(router)
      // A fit peer is handed the role.
      feed(router, staysWithoutDaemon(router) ? .suspend : .shutdown(operations.unattended()))
    }
  }

  /// Maintenance that not everybody has confirmed keeps nothing.
  private func tellOfEnd(_ router: LocalRouter) {
    let participant = router.participant
    guard participant.maintenance.isOn, participant.tenure.state == .held, !router.isLeaving
    else { return }
    if !participant.staysWithoutDaemon {
      log.write(
        .warning,
        "\(router.name): maintenance is on and a peer has never confirmed it, which would take the"
          + " addresses: the role is given up as without it, and while maintenance is on this node does"
          + " not take it up again by itself")
    } else if !participant.keepsAddresses {
      log.write(
        .warning,
        "\(router.name): a peer that has confirmed the maintenance is silent: the addresses fall silent"
          + " when the short lease ends, until godwitd is here again")
    }
  }

  /// Of a virtual router that the configuration does not have any more nothing stays.
  private func staysWithoutDaemon(_ router: LocalRouter) -> Bool {
    !router.isLeaving && router.participant.staysWithoutDaemon
  }

  /// Removes what silences this node, but not from addresses that stay; the log tells of those.
  func removeFences() {
    let kept = routers.filter { staysWithoutDaemon($0) }
    for router in routers {
      if staysWithoutDaemon(router) {
        log.write(.notice, farewell(router))
      } else {
        removeKept(router)
      }
    }
    lease.removeAll(except: Set(kept.compactMap(\.fence?.identifier)))
  }

  private func farewell(_ router: LocalRouter) -> String {
    let addresses = router.configuration.addresses.map(\.description).joined(separator: " ")
    let stay = "\(router.name): \(addresses) stay on \(router.link?.name ?? "?") without godwitd"
    guard router.configuration.lease.isEnforced else { return "\(stay), for ever: lease is off" }
    guard !router.participant.isResuming, let end = router.participant.leaseEnd else {
      return "\(stay) for as long as the run before this one has let them"
    }
    let time = durationText(end - Clock.now())
    return "\(stay) for another \(time): start it again before that"
  }

  var isDone: Bool {
    guard isStopping else { return false }
    guard routers.allSatisfy({ $0.participant.isOut }) else { return false }
    if isTellingSuccessor { return false }
    if routers.allSatisfy({ $0.participant.hooks.isIdle }) { return true }
    let now = Clock.now()
    if let stopDeadline { return now >= stopDeadline }
    stopDeadline = now + Self.noticeGrace
    return false
  }

  /// Forgets virtual routers that a reload gave up, once they are released: others may have waited.
  func leaveFinishedRouters() {
    guard routers.contains(where: \.isLeaving) else { return }
    let left = routers.filter {
      $0.isLeaving && $0.participant.isOut && $0.participant.hooks.isIdle
    }
    guard !left.isEmpty else { return }
    routers.removeAll { router in left.contains { $0 === router } }
    for router in left {
      router.deadline = nil
      removeKept(router)
      unfence(router)
    }
    places = places.filter { place in !left.contains { $0 === place.value } }
    sockets.close(unusedBy: routers, loop: loop)
    fitNeighborSockets()
    guard !isStopping else { return }
    // Whoever waited for the place of one that has left.
    for router in routers { applyLink(router) }
    isToFit = true
  }

  /// No address may outlive the fence in front of it, neither of an earlier run nor one that would not
  /// go.
  private func removeKept(_ router: LocalRouter) {
    guard let link = router.link else { return }
    let here = interfaces.ofOurs(router.configuration.router.addresses, link.index).filter {
      address in
      // A reload may have given it to another one.
      !routers.contains { $0 !== router && $0.configuration.router.addresses.contains(address) }
    }
    guard !here.isEmpty else { return }
    if let failure = interfaces.remove(here, link.index) {
      log.write(.error, "\(router.name): an address could not be removed: \(failure)")
    }
  }
}
