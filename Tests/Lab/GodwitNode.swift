import Foundation

/// A `godwitd` on a node of the lab, and `godwit` beside it.
public final class GodwitNode {
  public let node: String
  public var configuration: GodwitConfiguration
  /// Of its own, for its file, socket and state.
  public let directory: String
  public private(set) var process: LabProcess?
  private let lab: Lab
  private var notify: NotifySocket?

  fileprivate init(_ lab: Lab, _ node: String, _ configuration: GodwitConfiguration) throws {
    self.lab = lab
    self.node = node
    self.configuration = configuration
    directory = "\(lab.directory)/\(node)"
    try FileManager.default.createDirectory(
      atPath: "\(directory)/state", withIntermediateDirectories: true)
  }

  public var configurationPath: String { "\(directory)/godwit.yaml" }
  public var socketPath: String { "\(directory)/control.sock" }
  /// Both outputs of the daemon, over all its starts.
  public var logPath: String { "\(lab.directory)/\(node)-godwitd.log" }

  /// Writes the file from `configuration`; the running daemon reads it at its next reload or start.
  public func writeConfiguration() throws {
    try configuration.text(node: node, directory: directory)
      .write(toFile: configurationPath, atomically: true, encoding: .utf8)
  }

  /// Writes the file, starts the daemon and returns once it has said READY=1. An error with its log
  /// when it ends before, or is not ready within `limit`. `wrapper` is a program and its arguments
  /// that turns into the one behind them, as env(1) does;
  /// `arguments` are further ones of the daemon.
  public func start(
    within limit: Duration = .seconds(20), environment: [String: String] = [:],
    wrapper: [String] = [], arguments: [String] = []
  ) throws {
    try writeConfiguration()
    // The former one takes its path away with it.
    notify = nil
    let socket = try NotifySocket(path: "\(directory)/notify")
    notify = socket
    let daemon = try lab.start(
      wrapper + [Products.path("godwitd"), "--config", configurationPath, "--foreground"]
        + arguments,
      in: node,
      environment: environment.merging(["NOTIFY_SOCKET": socket.path]) { $1 },
      log: "\(node)-godwitd")
    process = daemon
    let deadline = Moment.now + limit
    while !socket.wait(for: "READY=1", within: .milliseconds(50)) {
      if !daemon.isRunning {
        throw LabError("godwitd on \(node) ended with \(ended(daemon))\n\(lab.logs())")
      }
      if Moment.now > deadline {
        throw LabError("godwitd on \(node) is not ready after \(limit)\n\(lab.logs())")
      }
    }
  }

  private func ended(_ daemon: LabProcess) -> String { daemon.exit.map { "\($0)" } ?? "?" }

  /// Whether the daemon has said that line, READY=1 for example, since its last start.
  public func notified(_ line: String) -> Bool { notify?.wait(for: line, within: .zero) ?? false }

  /// SIGTERM, and its exit.
  @discardableResult
  public func stop(within limit: Duration = .seconds(20)) throws -> ProcessExit {
    guard let process else { throw LabError("godwitd on \(node) was not started") }
    process.signal(SIGTERM)
    return try process.waitForExit(within: limit)
  }

  /// SIGKILL, and waits for its end.
  public func kill() throws {
    process?.signal(SIGKILL)
    try process?.waitForExit()
  }

  /// `godwit` with these arguments on this node.
  public func command(_ arguments: String..., within limit: Duration = .seconds(20)) throws
    -> ToolResult
  {
    try lab.run(
      [Products.path("godwit")] + arguments, in: node,
      environment: ["GODWIT_SOCKET": socketPath, "NO_COLOR": "1"], within: limit)
  }

  /// `godwit status --json` on this node.
  public func status() throws -> GodwitStatus {
    try GodwitStatus(json: command("status", "--json").expectSuccess().output)
  }

  /// The one virtual router of `configuration` in the status.
  public func router() throws -> GodwitStatus.Router {
    let routers = try status().virtualRouters
    guard let router = routers.first(where: { $0.name == configuration.name }) else {
      throw LabError("no virtual router \(configuration.name) in the status of \(node)")
    }
    return router
  }

  /// Waits until the status of this node has that state.
  public func wait(for state: String, within limit: Duration = .seconds(15)) throws {
    var last = "no answer"
    do {
      try lab.eventually("\(node) is \(state)", within: limit, poll: .milliseconds(20)) {
        last = try router().state
        return last == state
      }
    } catch { throw LabError("last state \(last): \(error)") }
  }
}

extension Lab {
  /// A node for `godwitd`, not started yet.
  public func godwit(on node: String, _ configuration: GodwitConfiguration) throws -> GodwitNode {
    try GodwitNode(self, node, configuration)
  }
}
