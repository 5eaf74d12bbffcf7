import Foundation
import Glibc
import Lab

/// One of the programs on a node of the lab.
final class Daemon {
  let program: Program
  let node: String
  private let lab: Lab
  private let setup: Setup
  private var process: LabProcess
  private let directory: String
  private let arguments: [String]

  init(_ program: Program, on node: String, of lab: Lab, _ setup: Setup) throws {
    self.program = program
    self.node = node
    self.lab = lab
    self.setup = setup
    directory = "\(lab.directory)/\(program.name)-\(node)"
    try FileManager.default.createDirectory(
      atPath: "\(directory)/state", withIntermediateDirectories: true)
    if setup.authenticates {
      // A file that is made with its mode: nobody else may ever have read it.
      let key = Data(String(repeating: "k", count: 32).utf8)
      _ = FileManager.default.createFile(
        atPath: "\(directory)/key", contents: key, attributes: [.posixPermissions: 0o600])
    }
    let file = "\(directory)/configuration"
    try setup.text(of: program, node: node, directory: directory)
      .write(toFile: file, atomically: true, encoding: .utf8)
    arguments =
      switch program {
      case .godwit: [Products.path("godwitd"), "--config", file, "--foreground"]
      case .keepalived:
        [
          "keepalived", "-n", "-l", "-G", "-P", "-f", file, "-p", "\(directory)/pid", "-r",
          "\(directory)/vrrp-pid",
        ]
      }
    process = try lab.start(arguments, in: node, log: "\(program.name)-\(node)")
  }

  /// The processes of the program.
  var identifiers: [Int32] { [process.processIdentifier] + process.descendants }

  /// Starts it as before, once it has ended.
  func startAgain() throws {
    try process.waitForExit()
    process = try lab.start(arguments, in: node, log: "\(program.name)-\(node)")
  }

  /// SIGKILL to all its processes, so that none can say goodbye.
  func kill() {
    process.signal(SIGSTOP)
    for child in process.descendants { Glibc.kill(child, SIGKILL) }
    process.signal(SIGKILL)
  }

  func terminate() { process.signal(SIGTERM) }

  /// SIGTERM, and its end.
  func stop() throws {
    process.signal(SIGTERM)
    try process.waitForExit()
  }

  /// `godwit failover --yes` on this node.
  func failover() throws {
    try lab.run(
      [Products.path("godwit"), "failover", "--yes", "--json"], in: node,
      environment: ["GODWIT_SOCKET": "\(directory)/control.sock", "NO_COLOR": "1"]
    ).expectSuccess()
  }
}

/// The same program on nodes `a` (priority 150) and `b` (priority 100), `a` Active.
struct Pair {
  let lab: Lab
  let a: Daemon
  let b: Daemon
  private let setup: Setup

  /// Starts both and returns once `a` alone has every address.
  init(_ program: Program, in lab: Lab, _ setup: Setup, preempts: Bool = false, file: String? = nil)
    throws
  {
    self.lab = lab
    self.setup = setup
    var better = setup
    better.priority = 150
    better.priorityFile = file
    better.preempts = preempts
    var worse = setup
    worse.preempts = preempts
    a = try Daemon(program, on: "a", of: lab, better)
    try Pair.await("a", setup, in: lab)
    b = try Daemon(program, on: "b", of: lab, worse)
    try pause(.milliseconds(300))
  }

  /// Waits until the node has every address and the other one has none.
  func awaitHolder(_ node: String) throws {
    try Pair.await(node, setup, in: lab)
    let other = node == "a" ? "b" : "a"
    try lab.eventually("\(other) has given every address up", within: .seconds(30)) {
      try setup.routers.allSatisfy { router in
        try [router.addresses.first, router.addresses.last].compactMap(\.self)
          .allSatisfy { try !lab.holds(other, $0) }
      }
    }
  }

  private static func await(_ node: String, _ setup: Setup, in lab: Lab) throws {
    try lab.eventually("\(node) has every address", within: .seconds(60)) {
      try setup.routers.allSatisfy { router in
        try router.addresses.last.map { try lab.holds(node, $0) } ?? true
      }
    }
  }

  func stop() throws {
    try b.stop()
    try a.stop()
  }
}

/// Lets the programs be for a while.
func pause(_ duration: Duration) throws {
  let end = Moment.now + duration
  try eventually("a pause ends", within: duration + .seconds(5)) { Moment.now >= end }
}
