import Glibc
import Lab
import Testing
import VRRP

@testable import LinuxIO

@Suite(.inNamespaces) struct LeaseChoiceTests {
  private static let bpf = "bpf cannot be had (Linux 6.6, CAP_BPF, the host's clocks)"
  private static let nftables = "nftables cannot be had (Linux 5.16)"

  @Test("Without a kernel that keeps it a lease is granted and does nothing")
  func nothing() throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(.addressLifetime)
        #expect(lease.mechanism == .addressLifetime)
        try lease.fence(identifier, addresses: [virtualIPv4])
        #expect(try neighbor.isAnswered(.arp, virtualIPv4))
        try lease.grant(identifier, until: inTime())
        try lease.renew(identifier, until: inTime())
        #expect(try lease.repair() == [])
        try lease.close(identifier)
        #expect(try neighbor.isAnswered(.arp, virtualIPv4))
      }
    }
  }

  @Test(
    "What may not be used is passed over with its reason",
    arguments: [
      ("+net_admin,+bpf,+sys_admin", "bpf\n"),
      // What an earlier run left could not be found.
      (
        "+net_admin,+bpf",
        "nftables\n\(Self.bpf): bpf BPF_PROG_GET_FD_BY_ID (CAP_SYS_ADMIN): Operation not permitted\n"
      ),
      ("+net_admin", "nftables\n\(Self.bpf): bpf BPF_MAP_CREATE: Operation not permitted\n"),
      (
        "+net_raw",
        "address-lifetime\n\(Self.bpf): bpf BPF_MAP_CREATE: Operation not permitted\n"
          + "\(Self.nftables): nf_tables: Operation not permitted\n"
      ),
    ])
  func fallback(_ capabilities: String, _ expected: String) throws {
    try NamespacePair.make { pair in
      try pair.left.run {
        let output = try run(
          "setpriv --bounding-set -all,\(capabilities) \(Products.path("lease-holder"))")
        #expect(output == expected)
      }
    }
  }

  @Test(
    "Where the clocks of this process are not the host's, BPF is passed over",
    arguments: [("1000", false), ("-3", false), ("0", true)])
  func timeNamespace(_ offset: String, _ isTaken: Bool) throws {
    try NamespacePair.make { pair in
      try pair.left.run {
        let output = try run(
          "unshare --time --fork --boottime \(offset) \(Products.path("lease-holder"))")
        #expect(
          output
            == (isTaken
              ? "bpf\n" : "nftables\n\(Self.bpf): time_namespaces: Operation not supported\n"))
      }
    }
  }

  @Test("The best mechanism is taken when none is asked for")
  func best() throws {
    try LeasePair.make { lab in
      try lab.pair.left.run {
        let lease = try Lease.open(nil)
        #expect(lease.mechanism == .bpf)
        #expect(lease.refusals == [])
      }
    }
  }
}
