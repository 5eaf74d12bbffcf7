import Configuration
import Failover
import LinuxIO
import VRRP

// Which mechanism ends a lease on this host, and what it cannot keep.
extension Lease {
  /// The best that the kernel can do, or the one that the operator wants; the log tells what was
  /// passed over and why.
  static func open(
    _ configuration: NodeConfiguration, log: Log
  ) throws(SystemError) -> Lease {
    let lease = try Lease.open(configuration.leaseMechanism.mechanism)
    for reason in lease.refusals { log.write(.notice, "lease: \(reason)") }
    switch lease.mechanism {
    case .bpf: break
    case .nftables:
      let short = configuration.virtualRouters.filter {
        $0.lease.isEnforced && $0.lease.duration < .seconds(1)
      }
      if !short.isEmpty {
        log.write(
          .warning,
          "lease: nftables shares a lock with everybody who changes rules, which can take half a"
            + " second and so end a lease below 1s early:"
            + " \(short.map(\.name).joined(separator: ", "))")
      }
    case .addressLifetime:
      log.write(
        .warning,
        "lease: this kernel has neither BPF (Linux 6.6) nor nftables (Linux 5.16) to silence a node"
          + " whose daemon is gone; the lifetime of the addresses has to do, which is coarse")
    }
    return lease
  }

  /// Why the settings of a virtual router are not safe with this mechanism; nil when they are.
  func refusal(of router: VirtualRouterConfiguration) -> String? {
    guard router.lease.isEnforced else { return nil }
    let interval = router.router.advertisementInterval
    if mechanism == .nftables, router.lease.duration < Lease.shortestOfTables {
      return
        "\(router.name): a lease of \(router.lease.duration) at an advertisement_interval of"
        + " \(interval) cannot be kept by nftables, which counts in ticks of up to 10 ms: use an"
        + " advertisement_interval of 20ms or more, a kernel with BPF, or lease: off"
    }
    guard mechanism == .addressLifetime, router.lifetimeAsLease == nil else { return nil }
    return
      "\(router.name): a lease of \(router.lease.duration) at an advertisement_interval of"
      + " \(interval) cannot be kept by the lifetime of addresses, which counts whole seconds and"
      + " ends up to 1.5 s late: use an advertisement_interval of 2s or more with the standard"
      + " lease, a kernel with BPF or nftables, or lease: off"
  }
}

extension LeaseMechanismSetting {
  /// The mechanism that is forced; nil for the best.
  var mechanism: LeaseMechanism? {
    switch self {
    case .automatic: nil
    case .bpf: .bpf
    case .nftables: .nftables
    case .addressLifetime: .addressLifetime
    }
  }
}
