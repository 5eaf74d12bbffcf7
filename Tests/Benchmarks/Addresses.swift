import CLinux
import Glibc
import Lab
import LinuxIO
import VRRP

/// How long it takes from the election until the last address is announced.
func measureAddresses(rounds: Int, report: inout Report) throws {
  let counts = [1, 100, 1000]
  var announced: [Int: [Program: Samples]] = [:]
  var netlink: [Int: Samples] = [:]
  let lab = try Lab.make(nodes: ["a", "b", "client"])
  defer { lab.remove() }
  for _ in 0..<rounds {
    for count in counts {
      for program in Program.allCases {
        announced[count, default: [:]][program, default: Samples()].add(
          try announcing(count, program, lab))
      }
      netlink[count, default: Samples()].add(try adding(count))
    }
  }
  report.section(
    "Addresses",
    """
    From the new Active Router's first advertisement to its first gratuitous ARP for the last of its \
    IPv4 addresses, both as they leave its interface (kernel timestamps), at an interval of 100 ms; \
    1,000 addresses are 4 virtual routers of 250. Netlink is the time in which one batched request \
    adds as many addresses to an interface of a fresh namespace, without announcing them.
    """)
  report.comparison("ms", counts.map { ("\($0) addresses", announced[$0] ?? [:]) })
  report.table(
    ["ms", "netlink", "godwitd / netlink", "keepalived / netlink"],
    counts.map { count in
      let raw = netlink[count] ?? Samples()
      return ["\(count) addresses", raw.text]
        + Program.allCases.map { (announced[count]?[$0] ?? Samples()).ratio(to: raw) }
    })
}

private func routers(_ count: Int) -> [RouterSetup] {
  let routers = count > 250 ? count / 250 : 1
  return (1...routers).map { router in
    RouterSetup(
      vrid: router, addresses: (1...(count / routers)).map { "10.99.\(router).\($0)" })
  }
}

private func announcing(_ count: Int, _ program: Program, _ lab: Lab) throws -> Duration {
  let setup = Setup(routers: routers(count), centiseconds: 10)
  let pair = try Pair(program, in: lab, setup)
  defer { try? pair.stop() }
  try pause(.milliseconds(500))
  let sniffer = try lab.sniffer(on: "b")
  try lab.cut("a", .vrrp)
  defer { try? lab.heal("a") }
  let first = try sniffer.wait(for: "an advertisement of b") { $0.vrrp != nil && $0.isOutgoing }
  var missing = Set(setup.routers.flatMap(\.addresses))
  let last = try sniffer.wait(for: "the last gratuitous ARP of b") { frame in
    guard frame.isOutgoing, let arp = frame.arp, arp.sender == arp.target else { return false }
    missing.remove(arp.sender)
    return missing.isEmpty
  }
  return last.time - first.time
}

/// The time of one request that adds so many addresses.
private func adding(_ count: Int) throws -> Duration {
  let lab = try Lab.make(nodes: ["x"])
  defer { lab.remove() }
  let outside = clinux_in_namespace_begin(lab.namespace(of: "x"))
  guard outside >= 0 else { throw SystemError("setns", -outside) }
  defer { _ = clinux_in_namespace_end(outside) }
  let index = Int32(if_nametoindex("eth0"))
  let addresses = routers(count).flatMap(\.addresses).compactMap { InterfaceAddress($0) }
  var table = try AddressTable.open()
  let start = Moment.now
  let failures = table.add(addresses, interfaceIndex: index)
  let end = Moment.now
  guard failures.isEmpty, addresses.count == count else {
    throw LabError("\(failures.count) of \(count) addresses could not be added")
  }
  return end - start
}
