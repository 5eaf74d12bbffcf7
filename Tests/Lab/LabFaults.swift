import CLab

/// Which frames a cut loses.
public enum CutTraffic: Sendable {
  case everything
  /// IP protocol 112 over either family.
  case vrrp
  /// UDP to port 9112 over IPv4.
  case peerChannel
}

/// Which way a cut loses frames.
public enum CutDirection: Sendable {
  case both
  /// What the node sends does not arrive.
  case fromNode
  /// What is sent to the node does not arrive.
  case toNode
}

extension Lab {
  /// The switch's end of a node's cable.
  func port(of node: String, _ network: Int) -> String { "\(node)-\(network)" }

  /// Takes the node's own interface up or down, as `ip link set` in it does.
  public func setLink(_ node: String, up: Bool, network: Int = 0) throws {
    let interface = "eth\(network)"
    let address = address6(of: node, network: network)
    // The kernel forgets global IPv6 addresses when an interface goes down.
    let lines = [
      "link set \(interface) up", "addr replace \(address)/64 dev \(interface) nodad",
    ]
    try batch(up ? lines : ["link set \(interface) down"], in: node)
    try awaitCarrier(node, up, network)
  }

  /// Takes the switch's port up or down: down, the node has no carrier.
  public func setPort(_ node: String, up: Bool, network: Int = 0) throws {
    try batch(["link set \(port(of: node, network)) \(up ? "up" : "down")"], in: "switch")
    try awaitCarrier(node, up, network)
  }

  private func awaitCarrier(_ node: String, _ up: Bool, _ network: Int) throws {
    if up { return try awaitLinks([node]) }
    try eventually("\(node) has no carrier", poll: .milliseconds(1)) {
      try !carrier(of: node, network: network)
    }
  }

  /// Loses frames between the node and the others without a sign: carrier stays up. A second cut of
  /// the same node and network takes the place of the first.
  public func cut(
    _ node: String, _ traffic: CutTraffic = .everything, direction: CutDirection = .both,
    percent: Int = 100, network: Int = 0
  ) throws {
    let table = cutTable(node, network)
    let port = port(of: node, network)
    let ways = [
      direction == .toNode ? nil : "iifname \"\(port)\"",
      direction == .fromNode ? nil : "oifname \"\(port)\"",
    ]
    let kinds =
      switch traffic {
      case .everything: [""]
      case .peerChannel: ["ether type ip udp dport 9112"]
      case .vrrp: ["ether type ip ip protocol 112", "ether type ip6 ip6 nexthdr 112"]
      }
    let chance = percent >= 100 ? "" : "numgen random mod 100 < \(max(0, percent))"
    let rules = ways.compactMap { $0 }.flatMap { way in
      kinds.map { "\(way) \($0) \(chance) counter drop" }
    }
    try filter(
      """
      table bridge \(table)
      delete table bridge \(table)
      table bridge \(table) {
        chain forward {
          type filter hook forward priority 0; policy accept;
          \(rules.joined(separator: "\n"))
        }
      }

      """)
  }

  /// Ends the cut of a node; harmless when there is none.
  public func heal(_ node: String, network: Int = 0) throws {
    let table = cutTable(node, network)
    try filter("table bridge \(table)\ndelete table bridge \(table)")
  }

  private func cutTable(_ node: String, _ network: Int) -> String {
    "cut_\((nodes.firstIndex(of: node) ?? -1) + 1)_\(network)"
  }

  private func filter(_ rules: String) throws {
    try run(["nft", "-f", "-"], in: "switch", input: rules).expectSuccess()
  }

  /// Takes the node's interface away, as a pulled card or a removed device does.
  public func removeInterface(_ node: String, network: Int = 0) throws {
    try batch(["link del eth\(network)"], in: node)
  }

  /// Brings a removed interface back, as it was at first.
  public func restoreInterface(_ node: String, network: Int = 0) throws {
    try batch(cableLines(node, network), in: "switch")
    try batch(interfaceLines(node, network), in: node)
    try awaitLinks([node])
  }

  /// Sends one Ethernet frame, from its destination address on, out of a node's interface, `times`
  /// over as fast as it goes.
  public func inject(
    _ frame: [UInt8], from node: String, network: Int = 0, times: UInt32 = 1
  ) throws {
    let name = namespace(of: node)
    guard clinux_lab_inject(name, "eth\(network)", frame, frame.count, times) == 0 else {
      throw LabError.system("send a frame from \(node)")
    }
  }
}
