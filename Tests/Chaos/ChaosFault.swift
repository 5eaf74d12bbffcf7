import Foundation
import Lab

/// What happens to a host.
enum ChaosFault: String, CaseIterable {
  case kill, stop, restart
  case cut
  case cutFrom = "cut from node"
  case cutTo = "cut to node"
  case port = "port down"
  case link = "link down"
  case starve, reload
  case badReload = "bad reload"
  case steal
  case flush = "nft flush ruleset"
  case removeAddress = "address removed"
  case failover

  /// How often it is drawn.
  var weight: Int {
    switch self {
    case .kill, .stop: 3
    case .failover, .restart: 2
    default: 1
    }
  }

  /// Whether the node cannot serve meanwhile, so that not all of them are hit at once.
  var isHeavy: Bool {
    switch self {
    case .kill, .stop, .restart, .cut, .cutFrom, .cutTo, .port, .link, .starve: true
    case .reload, .badReload, .steal, .flush, .removeAddress, .failover: false
    }
  }

  /// Whether it happens to whoever holds the address.
  var isOfHolder: Bool { self == .failover || self == .removeAddress || self == .steal }

  /// Whether both sides may have a holder until they hear of each other.
  var isCut: Bool { self == .cut || self == .cutFrom || self == .cutTo }
}

extension ChaosStage {
  /// How long a start may take on a machine that is starved.
  static let patience = Duration.seconds(60)

  /// Does it to a node, for about `length` where it lasts; what ends it, nil when nothing has to.
  func begin(
    _ fault: ChaosFault, _ node: GodwitNode, for length: Duration
  ) throws -> (() throws -> Void)? {
    let (lab, name) = (lab, node.node)
    switch fault {
    case .kill:
      try node.kill()
      return { try node.start(within: Self.patience) }
    case .stop:
      let process = node.process
      process?.signal(SIGSTOP)
      return { process?.signal(SIGCONT) }
    case .restart:
      try node.stop(within: .seconds(20))
      return { try node.start(within: Self.patience) }
    case .cut, .cutFrom, .cutTo:
      try lab.cut(name, direction: fault == .cut ? .both : fault == .cutFrom ? .fromNode : .toNode)
      return { try lab.heal(name) }
    case .port:
      try lab.setPort(name, up: false)
      return { try lab.setPort(name, up: true) }
    case .link:
      try lab.setLink(name, up: false)
      return { try lab.setLink(name, up: true) }
    case .starve: return try starve(node, for: length)
    case .reload: try reload(node)
    case .badReload: try badReload(node)
    case .steal: return try steal()
    case .flush: try lab.run(["nft", "flush", "ruleset"], in: name).expectSuccess()
    case .removeAddress:
      // Gone already, where the role has just moved.
      try lab.run(["ip", "addr", "del", "\(Self.address)/32", "dev", "eth0"], in: name)
      try lab.run(["ip", "addr", "del", "\(Self.address6)/128", "dev", "eth0"], in: name)
    case .failover:
      for router in ["orders-db", "orders-db6"] {
        // Refused where the role has just moved.
        _ = try node.command("failover", router, "--yes", "--no-wait")
      }
    }
    return nil
  }

  /// Programs that want every processor, ahead of the daemon. They end by themselves as well: what
  /// this program waits for meanwhile may need the time that they take.
  private func starve(
    _ node: GodwitNode, for length: Duration
  ) throws -> () throws -> Void {
    let seconds = "\(max(0.1, length / .seconds(1)))"
    let busy = try (0..<4).map { place in
      try lab.start(
        [
          "nice", "-n", "-10", "timeout", seconds, "taskset", "-c", "\(place % 2)", "sh", "-c",
          "while :; do :; done",
        ], in: node.node)
    }
    return { for process in busy { process.end() } }
  }

  private func reload(_ node: GodwitNode) throws {
    node.configuration.priority = 100 + (node.configuration.priority + 7) % 100
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
  }

  private func badReload(_ node: GodwitNode) throws {
    try "virtual_routers: [".write(
      toFile: node.configurationPath, atomically: true, encoding: .utf8)
    let result = try node.command("reload")
    guard result.status == 1 else { throw LabError("a bad file was not refused: \(result)") }
    try node.writeConfiguration()
  }

  /// The third host has the addresses and says so.
  private func steal() throws -> () throws -> Void {
    let lab = lab
    let addresses = ["\(Self.address)/24", "\(Self.address6)/64"]
    for address in addresses {
      try lab.run(["ip", "addr", "add", address, "dev", "eth0", "nodad"], in: "thief")
    }
    let hardware: [UInt8] = try lab.hardwareAddress(of: "thief").split(separator: ":").map {
      guard let byte = UInt8($0, radix: 16) else { throw LabError("not a hardware address") }
      return byte
    }
    let address: [UInt8] = [10, 77, 0, 100]
    let everybody = [UInt8](repeating: 0xff, count: 6)
    let claim = everybody + hardware + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1] + hardware + address
    try lab.inject(claim + everybody + address, from: "thief", times: 3)
    return {
      for address in addresses {
        try lab.run(["ip", "addr", "del", address, "dev", "eth0"], in: "thief")
      }
    }
  }
}
