import Configuration
import Failover
import LinuxIO
import VRRP

// What an interface means for a virtual router.
extension Daemon {
  /// Takes a virtual router in and tells it what its interface is like.
  func add(_ router: LocalRouter) {
    routers.append(router)
    fitAuthentication(of: router)
    recorder?.submit(router.beginning.bytes(), loop: loop)
    applyLink(router)
    feed(router, .start)
  }

  /// Looks at the interface again and tells the virtual router what has changed.
  func applyLink(_ router: LocalRouter) {
    let link = interfaces.link(router.configuration.interface)
    if let old = router.link, old.index != link?.index,
      router.participant.tenure.isHolding || router.participant.isResuming
    {
      // The name has moved to another interface: what was held on the old one must not stay.
      _ = interfaces.remove(router.configuration.router.addresses, old.index)
    }
    let cameUp = link?.isUp == true && router.link?.isUp != true
    let hasMoved = link?.index != router.link?.index
    let hasNewHardware =
      !hasMoved && link?.hardwareAddress != router.link?.hardwareAddress
    router.link = link
    // A fence of an earlier run may be there before the interface is looked at.
    if hasMoved, router.fence?.identifier.interfaceIndex != link?.index { unfence(router) }
    place(router)
    var faults: Set<Fault> = []
    var source: IPAddress?
    if let link {
      do throws(SystemError) {
        try sockets.open(link, router.family, loop: loop)
        if cameUp { sockets.rejoin(link.index, router.family) }
      } catch {
        faults.insert(.socketRefused("\(error)"))
        retrySockets()
      }
      if let other = places[Place(link.index, router.family, router.identifier)],
        other !== router
      {
        faults.insert(.identifierTaken(other.name))
      } else if let fault = fence(router) {
        faults.insert(fault)
        retrySockets()
      }
      faults.formUnion(Self.faults(of: link))
      source = self.source(router, link)
      if source == nil { faults.insert(.noSourceAddress(link.name)) }
    } else {
      faults.insert(.interfaceMissing(router.configuration.interface.description))
    }
    for name in router.configuration.trackedInterfaces {
      guard let tracked = interfaces.link(.name(name)) else {
        faults.insert(.interfaceMissing(name))
        continue
      }
      faults.formUnion(Self.faults(of: tracked))
    }
    if let source, source != router.source {
      router.source = source
      router.template = nil
    }
    if hasMoved {
      sockets.close(unusedBy: routers, loop: loop)
      fitNeighborSockets()
    }
    tellHardware(router)
    feed(router, .link(faults, source: source))
    // Where the operator's words mean another interface now, the addresses go along.
    if hasMoved, link != nil, router.participant.tenure.isHolding { feed(router, .addressesLost) }
    // Everybody on the network still sends to the old one.
    if hasNewHardware { feed(router, .announce) }
  }

  /// Enters a virtual router where its advertisements come from, the first one that claims the place;
  /// one that leaves keeps it until then.
  private func place(_ router: LocalRouter) {
    guard let link = router.link else {
      places = places.filter { $0.value !== router }
      return
    }
    let place = Place(link.index, router.family, router.identifier)
    if places[place] === router { return }
    places = places.filter { $0.value !== router }
    if places[place] == nil { places[place] = router }
  }

  private static func faults(of link: Link) -> Set<Fault> {
    if !link.isUp { return [.interfaceDown(link.name)] }
    return link.hasCarrier ? [] : [.noCarrier(link.name)]
  }

  private func source(_ router: LocalRouter, _ link: Link) -> IPAddress? {
    let isOwner = router.configuration.router.priority == .owner
    let addresses = router.configuration.router.addresses
    if let wanted = router.configuration.sourceAddress {
      return interfaces.isOwn(wanted, link.index) ? wanted : nil
    }
    let primary = interfaces.primaryAddress(link.index, router.family, avoiding: addresses)
    // An address that moves is no sign of this node, unless the node owns it.
    guard let primary, isOwner || !addresses.contains(primary) else { return nil }
    return primary
  }
}
