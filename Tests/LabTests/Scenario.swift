import Control
import Foundation
import Lab
import Testing

/// Nodes that share one virtual router of VRID 51 every 100 ms, each with its priority, in a lab of
/// their own with a client that records what is on the wire.
///
/// Nothing is timed tightly: what has to happen is waited for, and only what must not happen is
/// asked for at one moment.
final class Scenario {
  static let address = "10.77.0.100"

  let lab: Lab
  /// On the client.
  let sniffer: Sniffer
  /// In the order in which `start()` starts them.
  private(set) var nodes: [GodwitNode] = []

  /// `change` gets each node's configuration before it is used. `others` are hosts without a daemon.
  init(
    _ priorities: KeyValuePairs<String, Int>, addresses: [String] = ["\(address)/24"],
    others: [String] = [], networks: Int = 1,
    change: (inout GodwitConfiguration, String, Lab) throws -> Void = { _, _, _ in }
  ) throws {
    lab = try Lab.make(nodes: priorities.map(\.key) + ["client"] + others, networks: networks)
    sniffer = try lab.sniffer(on: "client")
    for (name, priority) in priorities {
      var configuration = GodwitConfiguration(addresses: addresses)
      configuration.interval = "100ms"
      configuration.priority = priority
      try change(&configuration, name, lab)
      nodes.append(try lab.godwit(on: name, configuration))
    }
  }

  deinit { lab.remove() }

  subscript(name: String) -> GodwitNode {
    get throws { try #require(nodes.first { $0.node == name }) }
  }

  /// Starts the first node, waits until it is Active, then the others until they are Backups.
  func start() throws {
    for (place, node) in nodes.enumerated() {
      try node.start()
      try node.wait(for: place == 0 ? "active" : "backup")
    }
  }

  /// Everything that `godwit status --json` says on a node.
  func report(_ node: String) throws -> StatusReport {
    let json = try self[node].command("status", "--json").expectSuccess().output
    return try JSONDecoder().decode(StatusReport.self, from: Data(json.utf8))
  }

  /// The first virtual router of the report.
  func router(_ node: String) throws -> VirtualRouterStatus {
    try #require(try report(node).virtualRouters.first)
  }

  /// What `godwit history` says on a node, oldest first.
  func history(_ node: String) throws -> [HistoryEntry] {
    let json = try self[node].command("history", "--json").expectSuccess().output
    return try JSONDecoder().decode(HistoryReport.self, from: Data(json.utf8)).entries
  }

  /// Waits until only this node has the address, and says that it is Active.
  func waitForHolder(_ name: String, of address: String = address) throws {
    try lab.eventually("only \(name) has \(address)") { try lab.holders(of: address) == [name] }
    try self[name].wait(for: "active")
  }

  /// Advertisements of a node on the wire, in order.
  func advertisements(of node: String, since moment: Moment? = nil) -> [Frame] {
    let source = lab.hardwareAddress(of: node)
    return sniffer.frames.filter { frame in
      frame.vrrp != nil && frame.source == source && moment.map { frame.time >= $0 } ?? true
    }
  }

  /// Waits for `count` further advertisements of a node: for that many of its intervals.
  func waitForBeats(_ count: Int, of node: String) throws {
    let now = Moment.now
    try lab.eventually("\(count) advertisements of \(node)") {
      advertisements(of: node, since: now).count >= count
    }
  }

  /// The longest time between two advertisements of a node since then.
  func longestGap(of node: String, since moment: Moment) -> Duration {
    let times = advertisements(of: node, since: moment).map(\.time)
    return zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? .seconds(1000)
  }

  /// Whether a node has the address or has sent anything that claims it since then.
  func isQuiet(_ node: String, since moment: Moment) -> Bool {
    advertisements(of: node, since: moment).isEmpty
  }
}

extension Lab {
  /// Writes an executable file into the lab's directory; its path.
  func script(_ name: String, _ text: String) throws -> String {
    let path = "\(directory)/\(name)"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  /// A hook that notes `NODE EVENT here|gone` in the lab's `hooks`, where the last word says whether
  /// the address was on an interface, and then does `body`.
  func hook(_ body: String = "", address: String = Scenario.address) throws -> String {
    try script(
      "hook",
      """
      #!/bin/sh
      here=gone
      ip -o addr show | grep -q ' \(address)/' && here=here
      echo "$GODWIT_NODE $1 $here" >>\(directory)/hooks
      \(body)

      """)
  }

  /// What the hooks have noted so far.
  var hooks: [String] { text("hooks").split(separator: "\n").map(String.init) }

  /// A file of the lab's directory, empty when there is none.
  func text(_ name: String) -> String {
    (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? ""
  }

  func touch(_ name: String) throws {
    try "".write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
  }

  func delete(_ name: String) throws {
    try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
  }
}
