import Control

/// The virtual router that a failover is about, and what this node knows of its holder.
struct FailoverSubject {
  var name: String
  /// The node that has the role; nil if nobody is known to have it.
  var holder: String?
  /// What `--force` may do.
  var risk: ForceRisk

  /// Complains unless exactly one virtual router is meant.
  init(_ report: StatusReport) throws(Complaint) {
    guard let router = report.virtualRouters.first else {
      throw Complaint(
        "this node has no virtual router: `godwit status`", exitStatus: ExitStatus.refused)
    }
    guard report.virtualRouters.count == 1 else {
      let names = report.virtualRouters.map(\.name).joined(separator: ", ")
      throw Complaint(
        "which one? Name one of the virtual routers of this node: \(names)",
        exitStatus: ExitStatus.usage)
    }
    name = router.name
    switch router.state {
    case .active, .claiming, .releasing:
      holder = report.node
      risk = .disregardedCheck(holder: holder)
    case .initialize, .backup, .fault:
      holder = router.peers.first { $0.state == .active }?.name ?? router.activeRouter
      // Under maintenance a node that was Active last may be remembered as such.
      risk =
        holder == nil || router.maintenance
        ? .secondHolder(isMaintenance: router.maintenance) : .disregardedCheck(holder: holder)
    }
  }
}
