import Configuration
import Failover
import LinuxIO
import VRRP

// How the kernel is made to silence this node in time.
extension Daemon {
  /// How often the kernel is asked whether all of ours is still there. Each look takes a lock that
  /// everybody who changes interfaces holds, so not more often than it is worth.
  static let leaseInspection = Duration.seconds(5)

  /// How late the renewal of a lifetime may come after its advertisement.
  static let lifetimeTolerance = Duration.milliseconds(50)

  // MARK: Fences

  /// Silences the virtual addresses on the interface until a lease is open; the fault when the kernel
  /// refuses.
  func fence(_ router: LocalRouter) -> Fault? {
    guard let link = router.link, router.configuration.lease.isEnforced else {
      unfence(router)
      return nil
    }
    let identifier = LeaseIdentifier(router.configuration, link)
    let addresses = router.addressesToMove(interfaces, link.index).map(\.address)
    // The rules of nf_tables hang on the interface's name.
    if let old = router.fence, old.identifier != identifier || old.interface != link.name {
      unfence(router)
    }
    if let old = router.fence, old.addresses == addresses { return nil }
    do throws(SystemError) {
      do throws(SystemError) {
        try lease.fence(identifier, addresses: addresses)
      } catch {
        guard inspectLeases().contains(identifier) else { throw error }
        try lease.fence(identifier, addresses: addresses)
      }
      let isNew = router.fence == nil
      router.fence = Fence(identifier, link.name, addresses)
      // A reload that brings the lease must not silence an Active Router.
      if isNew, router.participant.tenure.isHolding, let end = router.participant.leaseEnd {
        try lease.grant(identifier, until: end)
      }
      return nil
    } catch {
      return .leaseRefused("\(error)")
    }
  }

  /// Takes the fence of a virtual router away.
  func unfence(_ router: LocalRouter) {
    guard let fence = router.fence else { return }
    router.fence = nil
    do throws(SystemError) {
      try lease.unfence(fence.identifier)
    } catch {
      // An interface that is gone has taken it along.
      guard interfaces.links[fence.identifier.interfaceIndex] != nil else { return }
      log.write(.warning, "\(router.name): the fence could not be removed: \(error)")
    }
  }

  // MARK: The lease

  func openLease(_ router: LocalRouter, until end: Instant) {
    guard router.configuration.lease.isEnforced else { return }
    guard let fence = router.fence else {
      feed(router, .leaseRefused("the addresses are not fenced"))
      return
    }
    do throws(SystemError) {
      do throws(SystemError) {
        try lease.grant(fence.identifier, until: end)
      } catch {
        // Somebody may have removed all of ours since it was last looked after.
        guard inspectLeases().contains(fence.identifier) else { throw error }
        try lease.grant(fence.identifier, until: end)
      }
      router.isSilenced = false
    } catch {
      feed(router, .leaseRefused("\(error)"))
    }
  }

  func renewLease(_ router: LocalRouter, until end: Instant) {
    // One that ends earlier than before needs no advertisement behind it.
    let isShorter = router.leaseGranted.map { end < $0 } ?? false
    guard router.hasBeaten || isShorter, let fence = router.fence else { return }
    defer { router.leaseGranted = end }
    if lease.mechanism == .addressLifetime { return renewByLifetime(router, until: end) }
    do throws(LeaseError) {
      try lease.renew(fence.identifier, until: end)
    } catch {
      switch error {
      case .lapsed: regain(router, until: end)
      case .refused(let why):
        router.counters.beatsFailed += 1
        feed(router, .beatFailed("the lease could not be renewed: \(why)"))
      }
    }
  }

  /// The kernel does not have the lease any more. Where somebody removed all of ours it is put back,
  /// since this daemon was in time; a lease that has just run out is not revived.
  private func regain(_ router: LocalRouter, until end: Instant) {
    guard let fence = router.fence, inspectLeases().contains(fence.identifier) else {
      if lease.mechanism == .nftables {
        log.write(
          .warning,
          "\(router.name): nftables had ended the lease: somebody else's change of rules may have held"
            + " up its renewal")
      }
      feed(router, .leaseLost)
      return
    }
    openLease(router, until: end)
  }

  func closeLease(_ router: LocalRouter) {
    guard let fence = router.fence else {
      router.isSilenced = false
      return
    }
    do throws(SystemError) {
      try lease.close(fence.identifier)
      router.isSilenced = lease.mechanism != .addressLifetime
    } catch {
      router.isSilenced = false
      log.write(.error, "\(router.name): the lease could not be closed: \(error)")
    }
  }

  // MARK: Lifetimes

  /// Without a fence the lifetime of the addresses is the lease. It is relative: whoever comes late
  /// would extend it too far.
  private func renewByLifetime(_ router: LocalRouter, until end: Instant) {
    let left = end - Clock.now()
    guard left >= router.configuration.lease.duration - Self.lifetimeTolerance else {
      feed(router, .beatFailed("godwitd was too late to renew the lifetime of the addresses"))
      return
    }
    let all = 0..<router.configuration.addresses.count
    guard router.participant.longLifetime != nil, left > router.configuration.lease.duration else {
      return refresh(router, all, lasting: router.configuration.lifetimeAsLease)
    }
    // The peers wait some seconds longer than that.
    refresh(router, all, lasting: (left + Self.lifetimeTolerance).wholeSeconds)
  }

  /// Renews the lifetime of held addresses.
  func refresh(_ router: LocalRouter, _ places: Range<Int>) {
    refresh(router, places, lasting: router.addressLifetime(lease.mechanism))
  }

  private func refresh(_ router: LocalRouter, _ places: Range<Int>, lasting lifetime: Duration?) {
    guard let link = router.link else { return }
    let wanted = Set(router.configuration.addresses[places])
    let addresses = router.addressesToMove(interfaces, link.index).filter(wanted.contains)
    let failure = interfaces.refresh(addresses, link.index, lifetime: lifetime)
    guard let failure else { return }
    log.writeLimited(
      .error, about: "lifetime \(router.name)", at: Clock.now(),
      "\(router.name): the lifetime of addresses could not be renewed: \(failure)")
    if lease.mechanism == .addressLifetime {
      feed(router, .beatFailed("the lifetime of addresses could not be renewed: \(failure)"))
    }
  }

  // MARK: Looking after it

  /// Puts back what somebody removed from the kernel; the leases that have to be opened again.
  private func inspectLeases() -> [LeaseIdentifier] {
    do throws(SystemError) {
      let rebuilt = try lease.repair()
      if !rebuilt.isEmpty {
        leaseRepairs += 1
        log.write(
          .warning,
          "somebody removed what silences this node in time from the kernel (`nft flush ruleset`?);"
            + " it is back in place")
      }
      return rebuilt
    } catch {
      log.writeLimited(
        .error, about: "lease", at: Clock.now(),
        "what silences this node in time could not be looked after: \(error)")
      return []
    }
  }

  /// Looks after the fences of everybody.
  func inspectLeasesWhenDue(at now: Instant) {
    guard let due = leaseInspectionDue, due <= now else { return }
    let rebuilt = Set(inspectLeases())
    for router in routers {
      guard let fence = router.fence, rebuilt.contains(fence.identifier),
        router.participant.tenure.isHolding, let end = router.participant.leaseEnd
      else { continue }
      openLease(router, until: end)
    }
    scheduleLeaseInspection(at: now)
  }

  func scheduleLeaseInspection(at now: Instant) {
    guard lease.mechanism == .bpf || lease.mechanism == .nftables else { return }
    leaseInspectionDue = now + Self.leaseInspection
  }
}

extension LocalRouter {
  /// The lifetime that the addresses are added with; nil for ever.
  func addressLifetime(_ mechanism: LeaseMechanism) -> Duration? {
    guard configuration.lease.isEnforced else { return nil }
    let long = participant.longLifetime
    if mechanism == .addressLifetime {
      return long == nil
        ? configuration.lifetimeAsLease
        : max(configuration.lease.duration, configuration.maintenanceLease).wholeSeconds
    }
    guard let usual = configuration.lease.addressLifetime else { return nil }
    return max(usual, long ?? .zero)
  }
}

extension Duration {
  /// Rounded down.
  fileprivate var wholeSeconds: Duration { .seconds(components.seconds) }
}

extension LeaseIdentifier {
  init(_ configuration: VirtualRouterConfiguration, _ link: Link) {
    self.init(
      interfaceIndex: link.index, virtualRouter: configuration.router.identifier.number,
      family: configuration.router.family)
  }
}

extension VirtualRouterConfiguration {
  var lifetimeAsLease: Duration? {
    lease.lifetimeAsLease(interval: router.advertisementInterval.duration)
  }
}
