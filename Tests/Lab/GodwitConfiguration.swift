/// What the lab writes into a node's `godwit.yaml`.
public struct GodwitConfiguration: Sendable {
  /// The name of the one virtual router.
  public var name = "orders-db"
  public var vrid = 51
  public var version = 3
  public var interface = "eth0"
  /// With their prefix length; of one family.
  public var addresses: [String]
  public var priority = 100
  /// As in the file: `1s`, `100ms`.
  public var interval = "1s"
  /// As in the file: `false`, `true`, `{delay: 30s}`; nil leaves the key out.
  public var preempt: String?
  /// The program and arguments of each hook.
  public var hooks: [[String]] = []
  /// What they run for; nil for everything, the prechecks of every 10 s too.
  public var hookEvents: String? = "[promote, demote, undo, active, standby, fault]"
  public var logLevel: String?
  /// Other nodes by name with their addresses.
  public var peers: [(name: String, addresses: [String])] = []
  /// Further lines of the virtual router, indented as its first level: `lease: 250ms`.
  public var routerLines: [String] = []
  /// Further virtual routers, as lines of the level of their names.
  public var otherRouters: [String] = []
  /// Further lines of the file's first level.
  public var lines: [String] = []

  public init(addresses: [String]) { self.addresses = addresses }

  /// The file of a node, with its socket and its state under `directory`.
  public func text(node: String, directory: String) -> String {
    var text: [String] = ["node: \(node)"]
    if !peers.isEmpty {
      text.append("peers:")
      for peer in peers {
        text.append("  \(peer.name): { addresses: [\(peer.addresses.joined(separator: ", "))] }")
      }
    }
    text += ["control_socket: \(directory)/control.sock", "control_group: root"]
    text.append("state_directory: \(directory)/state")
    if let logLevel { text.append("log_level: \(logLevel)") }
    text += lines + ["virtual_routers:", "  \(name):"]
    var router = ["vrid: \(vrid)", "interface: \(interface)"]
    if version != 3 { router.append("version: \(version)") }
    router.append("addresses: [\(addresses.map { "\"\($0)\"" }.joined(separator: ", "))]")
    router += ["priority: \(priority)", "advertisement_interval: \(interval)"]
    if let preempt { router.append("preempt: \(preempt)") }
    if !hooks.isEmpty { router.append("hooks:") }
    router += hooks.flatMap { command in
      ["  - command: [\(command.joined(separator: ", "))]"]
        + (hookEvents.map { ["    events: \($0)"] } ?? [])
    }
    router += routerLines
    text += router.map { "    \($0)" } + otherRouters.map { "  \($0)" }
    return text.joined(separator: "\n") + "\n"
  }
}
