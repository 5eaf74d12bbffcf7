import LinuxIO
import VRRP

/// The sockets that hear who claims or asks for an address: one for each interface and family that a
/// virtual router is on.
final class NeighborSockets {
  private final class Entry {
    let index: Int32
    let family: AddressFamily
    var socket: NeighborSocket
    var addresses: [IPAddress]

    init(
      _ index: Int32, _ family: AddressFamily, _ socket: consuming NeighborSocket,
      _ addresses: [IPAddress]
    ) {
      self.index = index
      self.family = family
      self.socket = socket
      self.addresses = addresses
    }
  }

  /// An address on an interface.
  struct Place: Hashable {
    let index: Int32
    let address: IPAddress
  }

  /// Frames taken from one socket before the loop looks at everything else again.
  static let batch = 64

  private var entries: [UInt64: Entry] = [:]
  /// Whose address it is.
  private var owners: [Place: LocalRouter] = [:]

  /// Opens, changes and closes sockets until they fit the virtual routers; the first error, after
  /// everything that could be done.
  func fit(_ routers: [LocalRouter], loop: borrowing EventLoop) throws(SystemError) {
    owners = [:]
    var wanted: [UInt64: (index: Int32, family: AddressFamily, addresses: [IPAddress])] = [:]
    for router in routers where router.configuration.conflictDetection {
      guard let link = router.link else { continue }
      let key = AdvertisementSockets.key(link.index, router.family)
      let addresses = router.configuration.router.addresses
      wanted[key, default: (link.index, router.family, [])].addresses += addresses
      for address in addresses { owners[Place(index: link.index, address: address)] = router }
    }
    for (key, entry) in entries where wanted[key] == nil {
      loop.forget(entry.socket.descriptor)
      entries[key] = nil
    }
    var failure: SystemError?
    for (key, place) in wanted {
      do throws(SystemError) {
        try fit(key, place, loop: loop)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw failure }
  }

  private func fit(
    _ key: UInt64, _ place: (index: Int32, family: AddressFamily, addresses: [IPAddress]),
    loop: borrowing EventLoop
  ) throws(SystemError) {
    if let entry = entries[key] {
      guard entry.addresses != place.addresses else { return }
      try entry.socket.watch(place.addresses)
      entry.addresses = place.addresses
    } else {
      let socket = try NeighborSocket.open(
        family: place.family, interfaceIndex: place.index, addresses: place.addresses)
      let entry = Entry(place.index, place.family, socket, place.addresses)
      try loop.watch(
        entry.socket.descriptor, for: .readable, token: Token.neighbors.with(key))
      entries[key] = entry
    }
  }

  /// Takes the frames that wait, at most `batch`: what they say, and about whose address.
  func receive(
    _ key: UInt64, _ body: (LocalRouter, NeighborClaim) -> Void
  ) -> SystemError? {
    guard let entry = entries[key] else { return nil }
    do throws(SystemError) {
      _ = try entry.socket.receive(limit: Self.batch) { frame in
        guard let claim = NeighborClaim(decoding: frame),
          let router = owners[Place(index: entry.index, address: claim.address)]
        else { return }
        body(router, claim)
      }
      return nil
    } catch {
      return error
    }
  }
}
