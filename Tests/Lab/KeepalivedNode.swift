import Glibc

/// What the lab writes into a node's `keepalived.conf`, version 2.2.7.
public struct KeepalivedConfiguration: Sendable {
  public var vrid = 51
  public var version = 3
  public var interface = "eth0"
  /// With their prefix length; of one family.
  public var addresses: [String]
  public var priority = 100
  /// Seconds; whole ones for version 2.
  public var interval = 1.0
  public var nopreempt = false
  /// Further lines of the vrrp_instance.
  public var lines: [String] = []

  public init(addresses: [String]) { self.addresses = addresses }

  public func text(node: String) -> String {
    var instance = [
      "state BACKUP", "interface \(interface)", "virtual_router_id \(vrid)",
      "priority \(priority)", "advert_int \(interval)", "version \(version)",
    ]
    if addresses.first?.contains(":") == true { instance.append("native_ipv6") }
    if nopreempt { instance.append("nopreempt") }
    instance += lines + ["virtual_ipaddress {"] + addresses.map { "  \($0)" } + ["}"]
    let global = ["router_id \(node)", "script_user root", "vrrp_version \(version)"]
    return
      (["global_defs {"] + global.map { "  \($0)" } + ["}", "vrrp_instance \(node) {"]
      + instance.map { "  \($0)" } + ["}", ""]).joined(separator: "\n")
  }
}

/// A keepalived(8) on a node of the lab, in the foreground, VRRP only.
public final class KeepalivedNode {
  public let node: String
  public var configuration: KeepalivedConfiguration
  public private(set) var process: LabProcess?
  private let lab: Lab

  fileprivate init(_ lab: Lab, _ node: String, _ configuration: KeepalivedConfiguration) {
    self.lab = lab
    self.node = node
    self.configuration = configuration
  }

  /// Writes its file and starts it; it elects later. `-p` and `-r` name the files for the process
  /// ids of its parent and its VRRP process.
  public func start() throws {
    let path = "\(lab.directory)/\(node)-keepalived"
    try configuration.text(node: node)
      .write(toFile: "\(path).conf", atomically: true, encoding: .utf8)
    process = try lab.start(
      [
        "keepalived", "-n", "-l", "-D", "-G", "-P", "-f", "\(path).conf", "-p", "\(path).pid", "-r",
        "\(path)-vrrp.pid",
      ], in: node, log: "\(node)-keepalived")
  }

  /// SIGTERM to its parent: it sends priority 0 and takes its addresses away.
  public func stop(within limit: Duration = .seconds(20)) throws {
    process?.signal(SIGTERM)
    try process?.waitForExit(within: limit)
  }

  /// SIGKILL to all its processes, so that none can say goodbye; its addresses stay.
  public func kill() throws {
    guard let process else { return }
    process.signal(SIGSTOP)
    for child in process.descendants { Glibc.kill(child, SIGKILL) }
    process.signal(SIGKILL)
    try process.waitForExit()
  }

  /// SIGSTOP to all its processes.
  public func freeze() {
    guard let process else { return }
    process.signal(SIGSTOP)
    for child in process.descendants { Glibc.kill(child, SIGSTOP) }
  }
}

extension Lab {
  /// A node for keepalived(8), not started yet.
  public func keepalived(
    on node: String, _ configuration: KeepalivedConfiguration
  ) -> KeepalivedNode {
    KeepalivedNode(self, node, configuration)
  }
}
