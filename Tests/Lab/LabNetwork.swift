import CLab
import Foundation

// How the network of a lab is made: one ip(8) for the namespaces, one for the switch and one for
// each node, all from batches, the nodes' side by side.

extension Lab {
  func build() throws {
    for name in namespaces {
      guard clinux_lab_remember_namespace(name) == 0 else {
        throw LabError("too many namespaces at once, or the process is ending")
      }
    }
    try batch(namespaces.map { "netns add \($0)" }, in: nil)
    try set("net/ipv6/conf/default/disable_ipv6", "1", in: "switch")
    // Where the module is loaded, the bridge would drop what an IP stack finds malformed.
    for filter in ["iptables", "ip6tables", "arptables"] {
      try? set("net/bridge/bridge-nf-call-\(filter)", "0", in: "switch")
    }
    for node in nodes {
      try set("net/ipv6/conf/default/accept_dad", "0", in: node)
      try set("net/ipv6/conf/default/accept_ra", "0", in: node)
    }
    var lines: [String] = []
    for network in 0..<networks {
      lines.append("link add br\(network) type bridge forward_delay 0 stp_state 0 mcast_snooping 0")
      lines.append("link set br\(network) up")
      for node in nodes { lines += cableLines(node, network) }
    }
    try batch(lines, in: "switch")
    let configuring = try nodes.map { node in
      let own = (0..<networks).flatMap { interfaceLines(node, $0) }
      return try startBatch(["link set lo up"] + own, in: node)
    }
    for process in configuring { try finish(process) }
    try awaitLinks(nodes)
  }

  /// In the switch: a veth with its other end in the node, and its port on the bridge.
  func cableLines(_ node: String, _ network: Int) -> [String] {
    [
      "link add \(port(of: node, network)) type veth peer name eth\(network)"
        + " address \(hardwareAddress(of: node, network: network)) netns \(namespace(of: node))",
      "link set \(port(of: node, network)) master br\(network) up",
    ]
  }

  /// In the node: the interface up, with its addresses.
  func interfaceLines(_ node: String, _ network: Int) -> [String] {
    [
      "link set eth\(network) up",
      "addr add \(address(of: node, network: network))/24 dev eth\(network)",
      "addr add \(address6(of: node, network: network))/64 dev eth\(network) nodad",
    ]
  }

  /// Waits until the nodes' interfaces have carrier and their addresses, and the ports forward.
  func awaitLinks(_ nodes: [String]) throws {
    try eventually("every link carries traffic", poll: .milliseconds(2)) {
      for node in nodes {
        for network in 0..<networks {
          let linkLocal = linkLocalAddress(of: node, network: network)
          guard try carrier(of: node, network: network), try holds(node, linkLocal) else {
            return false
          }
        }
      }
      return true
    }
    try eventually("every port of the switch forwards", poll: .milliseconds(2)) {
      let ports = try forwardingPorts()
      return nodes.allSatisfy { node in
        (0..<networks).allSatisfy { ports.contains(port(of: node, $0)) }
      }
    }
  }

  private func forwardingPorts() throws -> Set<String> {
    struct Link: Decodable {
      struct Information: Decodable {
        struct Port: Decodable { var state: String? }
        var infoSlaveData: Port?
      }
      var ifname: String?
      var linkinfo: Information?
    }
    let output = try run(["ip", "-j", "-d", "link", "show"], in: "switch").output
    let links = try Lab.decoder.decode([Link].self, from: Data(output.utf8))
    return Set(
      links.filter { $0.linkinfo?.infoSlaveData?.state == "forwarding" }.compactMap(\.ifname))
  }

  /// Writes a file of /proc/sys as the node sees it.
  public func set(_ key: String, _ value: String, in node: String) throws {
    let path = "/proc/sys/\(key)"
    guard clinux_lab_write_in_namespace(namespace(of: node), path, value) == 0 else {
      throw LabError.system("write \(path) in \(node)")
    }
  }

  /// Runs lines of ip(8) in one process; an error with its output when one fails.
  func batch(_ lines: [String], in node: String?) throws {
    try finish(startBatch(lines, in: node))
  }

  private func startBatch(_ lines: [String], in node: String?) throws -> LabProcess {
    let input = "\(directory)/batch-\(nextNumber())"
    try lines.joined(separator: "\n").write(toFile: input, atomically: false, encoding: .utf8)
    return try start(["ip", "-batch", input], in: node, entry: .network)
  }

  private func finish(_ process: LabProcess) throws {
    let exit = try process.waitForExit()
    guard exit == .status(0) else {
      throw LabError("\(process.arguments) ended with \(exit): \(process.errors)")
    }
    process.forget()
  }
}
