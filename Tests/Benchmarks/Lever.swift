import Foundation
import Lab

/// What an operator can do to move the role, and what can happen to its node.
enum Lever: Hashable {
  /// `godwit failover`.
  case command
  /// SIGTERM to the program, as `systemctl stop` does.
  case terminate
  /// keepalived only: 100 off the priority by a tracked file, with preemption.
  case file
  /// The node is gone from the network and its program from the node.
  case crash

  /// What keepalived offers for a planned failover.
  static let keepalived: [Lever] = [.terminate, .file]

  var name: String {
    switch self {
    case .command: "godwitd, command"
    case .terminate: "keepalived, SIGTERM"
    case .file: "keepalived, tracked file"
    case .crash: "crash"
    }
  }
}

/// A pair of one program in a lab of its own, with servers on both nodes and `a` Active.
final class Stage {
  static let address = "10.77.0.100"
  /// Longer than Linux holds on to a neighbour's hardware address that it has just learned.
  static let quiet = Duration.milliseconds(1200)

  let lab: Lab
  let pair: Pair
  private let program: Program
  private let echoes: [EchoServer]
  private let servers: [TCPServer]

  init(_ program: Program, centiseconds: Int, preempts: Bool = false) throws {
    self.program = program
    lab = try Lab.make(nodes: ["a", "b", "client"])
    let lab = lab
    echoes = try ["a", "b"].map { try lab.echo(on: $0, [Self.address]) }
    servers = try ["a", "b"].map { try lab.tcpServer(on: $0) }
    var setup = Setup(
      routers: [RouterSetup(vrid: 51, addresses: [Self.address])], centiseconds: centiseconds)
    setup.authenticates = true
    let file = preempts ? "\(lab.directory)/moved" : nil
    if let file { try "0".write(toFile: file, atomically: false, encoding: .utf8) }
    pair = try Pair(program, in: lab, setup, preempts: preempts, file: file)
  }

  deinit {
    for echo in echoes { echo.stop() }
    lab.remove()
  }

  func clients(_ kind: ClientPool.Kind, _ count: Int) throws -> ClientPool {
    try ClientPool.start(kind, count, to: Self.address, from: "client", in: lab)
  }

  /// Starts asking the address once each 100 us.
  func probe() throws -> Probe {
    let probe = try lab.probe(Self.address, from: "client", every: .microseconds(100))
    try lab.eventually("an answer") { probe.lastAnswer != nil }
    return probe
  }

  /// Starts asking both nodes for the address once each 500 us.
  func watch() throws -> Watch {
    try lab.watch(
      Self.address, "fd77::100", from: "client", every: .microseconds(500), limit: 1_000_000)
  }

  /// Pulls a lever of the node; for the command, how long it took to end.
  @discardableResult
  func pull(_ lever: Lever, on node: String) throws -> Duration {
    let daemon = node == "a" ? pair.a : pair.b
    let start = Moment.now
    switch lever {
    case .command: try daemon.failover()
    case .terminate: daemon.terminate()
    case .file:
      try (node == "a" ? "-100" : "0").write(
        toFile: "\(lab.directory)/moved", atomically: false, encoding: .utf8)
    case .crash:
      try lab.setPort(node, up: false)
      daemon.kill()
    }
    return Moment.now - start
  }
}
