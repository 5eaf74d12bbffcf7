import Lab

/// Two nodes with `godwitd`, a client that probes their address, and what all of them told.
final class Stage {
  static let address = "10.77.0.100"

  let lab: Lab
  let hooks: HookLog
  let nodes: [GodwitNode]
  private var echoes: [EchoServer] = []
  private(set) var probe: Probe?

  init() throws {
    lab = try Lab.make(nodes: ["db-a", "db-b", "client"])
    hooks = try HookLog(directory: lab.directory)
    nodes = try [("db-a", 150, "db-b"), ("db-b", 100, "db-a")].map {
      [lab, hooks] name, priority, peer in
      var configuration = GodwitConfiguration(addresses: ["\(Stage.address)/24"])
      configuration.priority = priority
      configuration.peers = [(peer, [lab.address(of: peer)])]
      configuration.hooks = [[hooks.program]]
      return try lab.godwit(on: name, configuration)
    }
  }

  /// The stand-in for the database on both nodes, and the client's probe of the address.
  func startTraffic() throws {
    echoes = try nodes.map { try lab.echo(on: $0.node, [Stage.address]) }
    probe = try lab.probe(Stage.address, from: "client")
  }

  /// The other of the two nodes.
  func other(than node: GodwitNode) -> GodwitNode {
    nodes[0] === node ? nodes[1] : nodes[0]
  }

  /// The node whose status says Active; an error unless there is exactly one and it alone has the
  /// address.
  func active() throws -> GodwitNode {
    let active = try nodes.filter { try $0.router().state == "active" }
    let holders = try lab.holders(of: Stage.address)
    guard active.count == 1, let node = active.first, holders == [node.node] else {
      throw LabError(
        "Active: \(active.map(\.node)), address on: \(holders); expected one node for both")
    }
    return node
  }

  /// Waits until the client is answered by `node`.
  func awaitAnswers(of node: GodwitNode) throws {
    let since = Moment.now
    try lab.eventually("the client is answered by \(node.node)", within: .seconds(20)) {
      probe?.answered(since: since, by: node.node) ?? false
    }
  }
}
