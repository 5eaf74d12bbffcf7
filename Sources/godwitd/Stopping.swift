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
    log.write(.notice, "stopping: giving up what is held here")
    let now = Clock.now()
    for router in routers {
      // A fit peer is handed the role; nobody waits for the operation.
      let operation = operations.begin(
        router.name, client: nil, wait: .seconds(60), reason: nil, oldActive: configuration.node,
        at: now)
      feed(router, .shutdown(operation))
    }
  }

  var isDone: Bool {
    guard isStopping else { return false }
    guard routers.allSatisfy({ $0.participant.isOut }) else { return false }
    if routers.allSatisfy({ $0.participant.hooks.isIdle }) { return true }
    let now = Clock.now()
    if let stopDeadline { return now >= stopDeadline }
    stopDeadline = now + Self.noticeGrace
    return false
  }

  /// Forgets virtual routers that a reload removed, once they are released.
  func leaveFinishedRouters() {
    guard routers.contains(where: \.isLeaving) else { return }
    let left = routers.filter {
      $0.isLeaving && $0.participant.isOut && $0.participant.hooks.isIdle
    }
    guard !left.isEmpty else { return }
    routers.removeAll { router in left.contains { $0 === router } }
    for router in left {
      router.deadline = nil
      unfence(router)
    }
    places = places.filter { place in !left.contains { $0 === place.value } }
    sockets.close(unusedBy: routers, loop: loop)
    fitNeighborSockets()
    guard !isStopping else { return }
    // Whoever waited for the place of one that has left.
    for router in routers { applyLink(router) }
    for router in left {
      guard let next = router.replacement else { continue }
      add(LocalRouter(next, term: router.participant.term, at: Clock.now()))
    }
  }
}
