import Configuration
import LinuxIO
import VRRP

// The virtual routers become what the configuration says.
extension Daemon {
  /// Compares what is here with what is wanted, and does what can be done now. Nothing is remembered
  /// between two reloads: whenever a virtual router has left, the same question is asked again, so that
  /// only the configuration in force decides what comes.
  ///
  /// Of each name there is one virtual router at most. One that cannot adopt what is wanted is given
  /// up like at a stop, and nobody gets its name, its place or its addresses before it has left.
  func fitRouters() {
    isToFit = false
    let wanted = Dictionary(
      configuration.virtualRouters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var occupied = Occupied(interfaces)
    var changing: [(router: LocalRouter, wanted: VirtualRouterConfiguration)] = []
    for router in routers {
      if !router.isLeaving {
        if let next = wanted[router.name], router.configuration == next {
          router.droppedConnections = []
          continue
        }
        if let next = wanted[router.name], router.canAdopt(next) {
          changing.append((router, next))
          continue
        }
        router.isLeaving = true
        feed(router, .shutdown(operations.unattended()))
      }
      occupied.add(router)
    }
    occupied.keepOut(&changing) { $0.droppedConnections = [] }
    // The clients of an address that goes hear of it first, as in a release.
    let dropping = changing.compactMap { router, wanted in
      scopeToReset(router, wanted).map { (router, $0) }
    }
    for (router, _) in dropping { occupied.add(router) }
    changing.removeAll { router, _ in dropping.contains { $0.0 === router } }
    occupied.keepOut(&changing)
    beginDrop(dropping)
    // All give before one of them takes.
    for (router, wanted) in changing { removeDropped(router, wanted) }
    for (router, wanted) in changing { change(router, wanted) }
    let now = Clock.now()
    for wanted in configuration.virtualRouters
    where routersByName[wanted.name] == nil && !occupied.isInTheWay(of: wanted, nil) {
      let router = LocalRouter(
        wanted, term: store.term(wanted.name), maintenance: store.maintenance(wanted.name), at: now)
      add(router)
      askForConnections(of: router)
    }
  }

  /// Those of the configuration that wait for another one to leave.
  var waitingNames: [String] {
    configuration.virtualRouters.filter { wanted in
      guard let router = routersByName[wanted.name] else { return true }
      return router.configuration != wanted && !router.isDropping
    }.map(\.name)
  }

  /// Takes away what is no address of it any more.
  private func removeDropped(_ router: LocalRouter, _ wanted: VirtualRouterConfiguration) {
    router.droppedConnections = []
    let dropped = router.dropped(by: wanted)
    // Those of ours that are here, whatever the role: a removal may be under way that failed before.
    guard !dropped.isEmpty, let link = router.link else { return }
    if let failure = interfaces.remove(dropped, link.index) {
      log.write(.error, "\(router.name): an address could not be removed: \(failure)")
    }
  }

  /// The connections that are to be reset before this change; nil when there is nothing to be done.
  private func scopeToReset(
    _ router: LocalRouter, _ wanted: VirtualRouterConfiguration
  ) -> ConnectionScope? {
    guard wanted.connections.onRelease == .reset, router.participant.tenure.isHolding,
      let link = router.link
    else { return nil }
    let dropped = router.dropped(by: wanted)
    guard !router.droppedConnections.isSuperset(of: dropped) else { return nil }
    return ConnectionScope(
      addresses: dropped, interfaceIndex: link.index, ports: wanted.connections.ports)
  }

  private func change(_ router: LocalRouter, _ wanted: VirtualRouterConfiguration) {
    // A check that is gone or changed has nobody left to answer to.
    for check in router.configuration.checks where !wanted.checks.contains(check) {
      children.check(router, check)?.process.killGroup()
    }
    router.adopt(wanted)
    fitNeighborSockets()
    applyLink(router)
    feed(router, .settings(wanted.participant))
  }
}

extension LocalRouter {
  /// Its addresses that another configuration does not have.
  fileprivate func dropped(by wanted: VirtualRouterConfiguration) -> [IPAddress] {
    let kept = Set(wanted.router.addresses)
    return configuration.router.addresses.filter { !kept.contains($0) }
  }
}

/// What some virtual routers have that nobody else can have with them.
private struct Occupied {
  /// A link-local address is another one on each interface; else the interface is 0.
  private struct Address: Hashable {
    let address: IPAddress
    let interfaceIndex: Int32

    init(_ address: IPAddress, _ link: Link) {
      self.address = address
      interfaceIndex = address.isLinkLocal ? link.index : 0
    }
  }

  private let interfaces: Interfaces
  private var names: Set<String> = []
  private var places: Set<Place> = []
  private var addresses: Set<Address> = []

  init(_ interfaces: Interfaces) { self.interfaces = interfaces }

  mutating func add(_ router: LocalRouter) {
    names.insert(router.name)
    guard let link = router.link else { return }
    places.insert(Place(link.index, router.family, router.identifier))
    addresses.formUnion(router.configuration.router.addresses.map { Address($0, link) })
  }

  /// Takes out the changes that have to wait. Who waits keeps what it has, so others may have to wait
  /// for it.
  mutating func keepOut(
    _ changing: inout [(router: LocalRouter, wanted: VirtualRouterConfiguration)],
    _ waits: (LocalRouter) -> Void = { _ in }
  ) {
    while let place = changing.firstIndex(where: { isInTheWay(of: $0.wanted, $0.router) }) {
      let router = changing.remove(at: place).router
      waits(router)
      add(router)
    }
  }

  /// Whether this cannot be in force yet; `router` has its name and place already.
  func isInTheWay(of wanted: VirtualRouterConfiguration, _ router: LocalRouter?) -> Bool {
    if names.isEmpty { return false }
    if router == nil, names.contains(wanted.name) { return true }
    guard let link = interfaces.link(wanted.interface) else { return false }
    let settings = wanted.router
    if router == nil,
      places.contains(Place(link.index, settings.family, settings.identifier))
    {
      return true
    }
    return settings.addresses.contains { addresses.contains(Address($0, link)) }
  }
}
