import CLinux
import Glibc
import Lab
import LinuxIO
import VRRP

/// What a lease costs: each renewal the daemon, and each packet of another address the host.
func measureLeases(rounds: Int, report: inout Report) throws {
  let lab = try Lab.make(nodes: ["x"])
  defer { lab.remove() }
  let outside = clinux_in_namespace_begin(lab.namespace(of: "x"))
  guard outside >= 0 else { throw SystemError("setns", -outside) }
  defer { _ = clinux_in_namespace_end(outside) }
  try reportRenewals(rounds, &report)
  try reportPackets(rounds, &report)
}

private func reportRenewals(_ rounds: Int, _ report: inout Report) throws {
  var rows: [[String]] = []
  for (mechanism, count) in [(LeaseMechanism.bpf, 100_000), (.nftables, 2_000)] {
    for addresses in [1, 250] {
      var samples = Samples()
      for _ in 0..<rounds { try renew(mechanism, addresses, count, &samples) }
      rows.append(
        ["\(mechanism.rawValue), \(addresses) address\(addresses == 1 ? "" : "es")"]
          + [0.5, 0.99, 0.999, 1].map { number(samples.quantile($0) * 1000) })
    }
  }
  report.section(
    "Leases",
    """
    One renewal of a lease that runs, with the clock read before and after it, by somebody who \
    competes with nobody for nf_tables.
    """)
  report.table(["microseconds", "median", "99 %", "99.9 %", "greatest"], rows)
}

/// Without a fence and with that of each mechanism, in turn; what counts is the difference to the
/// run just before, since the machine is not always as fast.
private func reportPackets(_ rounds: Int, _ report: inout Report) throws {
  let mechanisms: [LeaseMechanism] = [.addressLifetime, .bpf, .nftables]
  var samples: [LeaseMechanism: Samples] = [:]
  for _ in 0..<10 * rounds {
    var without = 0.0
    for mechanism in mechanisms {
      var lease = try fenced(mechanism, addresses: 250)
      defer { lease.removeAll() }
      let cost = try nanosecondsPerDatagram(20_000)
      if mechanism == .addressLifetime { without = cost }
      samples[mechanism, default: Samples()]
        .add(mechanism == .addressLifetime ? cost : cost - without)
    }
  }
  report.section(
    "Packets of other addresses",
    """
    One datagram from 127.0.0.1 to itself, sent and received, while 250 virtual addresses are fenced \
    and none of them is meant; it meets the fence once. A fence's own rows say what it adds.
    """)
  report.table(
    ["nanoseconds per datagram", "25 %", "median", "75 %"],
    mechanisms.map { mechanism in
      let own = samples[mechanism] ?? Samples()
      return [mechanism == .addressLifetime ? "no fence" : "added by \(mechanism.rawValue)"]
        + [0.25, 0.5, 0.75].map { number(own.quantile($0)) }
    })
}

/// Of the namespace that this thread is in.
private var identifier: LeaseIdentifier {
  LeaseIdentifier(
    interfaceIndex: Int32(if_nametoindex("eth0")), virtualRouter: 1, family: .ipv4)
}

private func fenced(_ mechanism: LeaseMechanism, addresses: Int) throws -> Lease {
  let list = (1...addresses).map { IPAddress.v4(IPv4Address(10, 99, 1, UInt8($0))) }
  var lease = try Lease.open(mechanism)
  try lease.fence(identifier, addresses: list)
  return lease
}

private func renew(
  _ mechanism: LeaseMechanism, _ addresses: Int, _ count: Int, _ samples: inout Samples
) throws {
  var lease = try fenced(mechanism, addresses: addresses)
  defer { lease.removeAll() }
  let identifier = identifier
  try lease.grant(identifier, until: Clock.now() + .seconds(10))
  for _ in 0..<count {
    let until = Clock.now() + .seconds(10)
    let start = Moment.now
    try lease.renew(identifier, until: until)
    samples.add(Moment.now - start)
  }
}

private func nanosecondsPerDatagram(_ count: Int) throws -> Double {
  let number = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
  guard number >= 0 else { throw SystemError("socket") }
  defer { close(number) }
  var name = sockaddr_in()
  name.sin_family = sa_family_t(AF_INET)
  name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  name.sin_port = UInt16(9).bigEndian
  let isConnected = withUnsafePointer(to: &name) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      let length = socklen_t(MemoryLayout<sockaddr_in>.size)
      // To itself.
      return bind(number, $0, length) == 0 && connect(number, $0, length) == 0
    }
  }
  guard isConnected else { throw SystemError("connect") }
  var byte: UInt8 = 1
  let start = Moment.now
  for _ in 0..<count {
    guard send(number, &byte, 1, 0) == 1, recv(number, &byte, 1, 0) == 1 else {
      throw SystemError("recv")
    }
  }
  return (Moment.now - start) / .nanoseconds(1) / Double(count)
}
