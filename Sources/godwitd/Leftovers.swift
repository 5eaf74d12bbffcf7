import Configuration
import Control
import Failover
import Glibc
import LinuxIO
import VRRP

/// Addresses of an earlier run that stay, since maintenance is on.
struct Leftover {
  let configuration: VirtualRouterConfiguration
  let link: Link
  /// Those that are there; more may be configured by now.
  let present: [IPAddress]
  /// What silences them; nil without a lease.
  var fence: Fence?
}

// What an earlier run left behind.
extension Startup {
  /// The virtual routers that may take their addresses up again.
  static func leftovers(
    _ configuration: NodeConfiguration, _ store: StateStore, _ interfaces: Interfaces
  ) -> [Leftover] {
    configuration.virtualRouters.compactMap { router in
      guard store.maintenance(router.name).isOn, let link = interfaces.link(router.interface) else {
        return nil
      }
      let present = interfaces.ofOurs(router.router.addresses, link.index)
      guard !present.isEmpty else { return nil }
      return Leftover(configuration: router, link: link, present: present)
    }
  }

  /// Addresses first: what silences them has to outlast them. True when there were any.
  static func removeLeftovers(
    _ interfaces: Interfaces, except candidates: [Leftover], _ log: Log
  ) throws(SystemError) -> Bool {
    var kept: [Int32: Set<IPAddress>] = [:]
    for candidate in candidates {
      kept[candidate.link.index, default: []].formUnion(candidate.present)
    }
    let removed = try interfaces.removeLeftovers(except: kept)
    if candidates.isEmpty { _ = try Lease.removeLeftovers() }
    guard !removed.isEmpty else { return false }
    log.write(
      .warning,
      "removed addresses that an earlier run left behind:"
        + " \(removed.map(\.description).joined(separator: " "))")
    return true
  }

  /// Puts fences of this run in front of the addresses that stay, with what is left of their leases, and
  /// then removes the former ones: at no moment is an address without the one or the other.
  static func takeOver(
    _ candidates: [Leftover], _ lease: inout Lease, _ interfaces: Interfaces, _ log: Log
  ) throws(SystemError) -> [String: Leftover] {
    var taken: [String: Leftover] = [:]
    for candidate in candidates {
      let name = candidate.configuration.name
      do throws(SystemError) {
        taken[name] = try takeOver(candidate, &lease, interfaces, log)
      } catch {
        log.write(
          .error,
          "\(name): its addresses of an earlier run go, they could not be fenced: \(error)")
        guard interfaces.remove(candidate.present, candidate.link.index) == nil else { throw error }
      }
    }
    if !candidates.isEmpty { try lease.removeOthers() }
    return taken
  }

  private static func takeOver(
    _ candidate: Leftover, _ lease: inout Lease, _ interfaces: Interfaces, _ log: Log
  ) throws(SystemError) -> Leftover {
    let (router, link) = (candidate.configuration, candidate.link)
    var taken = candidate
    guard router.lease.isEnforced else {
      log.write(.notice, resumption(router, left: nil))
      return taken
    }
    // The fences of another mechanism would go, and with them the end of the lease.
    if lease.mechanism == .addressLifetime, try Lease.hasLeftovers() {
      throw SystemError("lease_mechanism has changed", EOPNOTSUPP)
    }
    let identifier = LeaseIdentifier(router, link)
    let addresses = router.addressesToMove(interfaces, link.index).map(\.address)
    let end = try Lease.leftover(identifier, addresses: candidate.present)
    try lease.fence(identifier, addresses: addresses, until: end)
    taken.fence = Fence(identifier, link.name, addresses)
    let left = end.map { max(.zero, $0 - Clock.now()) } ?? .zero
    log.write(.notice, resumption(router, left: lease.mechanism == .addressLifetime ? nil : left))
    return taken
  }

  /// `left`: how long the addresses are still answered for; nil when that is not known.
  private static func resumption(
    _ router: VirtualRouterConfiguration, left: Duration?
  ) -> String {
    let begin = "resumes \(router.name) under maintenance: the addresses"
    guard let left else { return "\(begin) are still here" }
    if left == .zero { return "\(begin) are here, silent: their lease has ended" }
    // A lease that is still longer than usual was long when the daemon ended.
    guard left > router.lease.duration else {
      return "\(begin) are here, and their lease runs for another \(durationText(left))"
    }
    let away = max(.zero, router.maintenanceLease - left)
    return "\(begin) have been here for \(durationText(away)) without the daemon"
  }
}
