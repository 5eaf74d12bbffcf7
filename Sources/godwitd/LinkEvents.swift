import Failover
import LinuxIO
import VRRP

// What the kernel tells about interfaces and their addresses.
extension Daemon {
  func takeLinkEvents() {
    do throws(SystemError) {
      let changes = try interfaces.takeEvents()
      let now = Clock.now()
      for index in changes.links { carrierPoll.begin(index, at: now) }
      for router in routers { settle(router, changes) }
    } catch {
      log.writeLimited(
        .error, about: "link events", at: Clock.now(), "events of the kernel: \(error)")
    }
  }

  /// Ordinary network cards report a second change of carrier up to a second late; asking finds it.
  func pollCarrier(at now: Instant) {
    for index in carrierPoll.takeDue(at: now) {
      guard (try? interfaces.poll(index)) == true else { continue }
      for router in routers {
        applyLink(router)
      }
    }
  }

  func settle(_ router: LocalRouter, _ changes: Interfaces.Changes) {
    let isTouched = router.link.map { changes.addresses.contains($0.index) } ?? false
    // A link that changed may be tracked, or be the one that an operator's words now mean.
    if isTouched || changes.isComplete || !changes.links.isEmpty
      || (router.link == nil && !changes.addresses.isEmpty)
    {
      applyLink(router)
    }
    guard let index = router.link?.index, router.participant.tenure.isHolding else { return }
    let addresses = router.configuration.router.addresses
    let removed = changes.removed[index]
    guard changes.isComplete || addresses.contains(where: { removed?.contains($0) ?? false }) else {
      return
    }
    // The event may be of our own making, from before: the kernel knows.
    guard let held = interfaces.held(addresses, index), held.count < addresses.count else { return }
    feed(router, .addressesLost)
  }

  /// Tries again later what the kernel refused now.
  func retrySockets() { socketRetry = socketRetry ?? Clock.now() + Self.socketRetryPause }

  func tellSystemd() {
    owesStatus = true
  }

  /// Once in a turn of the loop, however many roles have changed: systemd's queue is short.
  func tellSystemdNow() {
    guard owesStatus else { return }
    owesStatus = false
    let active = routers.filter { $0.participant.role == .active }.count
    let faults = routers.filter { $0.participant.role == .fault }.count
    notifier.status(
      "\(routers.count) virtual routers: \(active) active, \(faults) in fault")
  }
}
