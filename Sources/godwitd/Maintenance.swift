import Control
import Failover
import LinuxIO
import VRRP

// `godwit maintenance`.
extension Daemon {
  func maintenance(_ name: String?, isOn: Bool, _ number: UInt64) {
    switch select(name) {
    case .failure(let refusal): control.finish(.error(refusal), to: number, loop: loop)
    case .success(let found):
      let chosen = found.filter { !$0.isLeaving }
      for router in chosen {
        log.write(.notice, "\(router.name): maintenance \(isOn ? "on" : "off")")
        // The same again is told again: a peer may have missed it.
        feed(router, .maintenance(isOn: isOn))
      }
      let now = Clock.now()
      maintenanceRequests.begin(number, chosen.map(\.name), at: now)
      settleMaintenance(at: now)
    }
  }

  /// Answers whoever has switched it, once every peer knows or the time is over.
  func settleMaintenance(at now: Instant) {
    maintenanceRequests.settle(
      at: now, { name in routers.first { $0.name == name && !$0.isLeaving }.map(maintenance) },
      { control.finish(.result(.maintenance($0)), to: $1, loop: loop) })
  }

  /// What maintenance means for a virtual router now.
  private func maintenance(_ router: LocalRouter) -> MaintenanceOutcome.Router {
    let participant = router.participant
    let (told, untold) = maintenanceKnowledge(router)
    let isOn = participant.maintenance.isOn
    // Another node's lease is long as soon as it has heard the same of everyone.
    let keeps =
      participant.report.isActive
      ? participant.keepsAddresses : isOn && untold.isEmpty && !told.isEmpty
    return .init(
      name: router.name, isOn: isOn, told: told, untold: untold, keepsAddress: keeps,
      leaseMilliseconds: keeps ? router.configuration.maintenanceLease.wholeMilliseconds : 0)
  }

  /// The peers that have said that they know of it, and the others.
  private func maintenanceKnowledge(_ router: LocalRouter) -> (told: [String], untold: [String]) {
    let participant = router.participant
    let names = configuration.peers.map(\.name)
    let told = names.filter {
      participant.peers[$0]?.report.maintenance == participant.maintenance
    }
    return (told, names.filter { !told.contains($0) })
  }

  /// For the status, while it is on.
  func maintenanceDetail(_ router: LocalRouter) -> String? {
    guard router.participant.maintenance.isOn else { return nil }
    let state = maintenance(router)
    let time = durationText(milliseconds: Int64(state.leaseMilliseconds))
    let address =
      state.keepsAddress
      ? "the address stays through a restart of its godwitd of up to \(time)"
      : "the address does not outlive its godwitd"
    guard !state.untold.isEmpty else { return address }
    return "\(address); NOT TOLD: \(state.untold.joined(separator: ", "))"
  }
}
