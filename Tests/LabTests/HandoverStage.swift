import Control
import Foundation
import Lab
import Testing

/// Nodes a (priority 150) and b (100) that speak to each other over the peer channel, with servers on
/// both, and a record of who has claimed the address.
final class HandoverStage {
  let scenario: Scenario
  let lab: Lab
  private let watch: Watch
  private let echoes: [EchoServer]
  private let servers: [TCPServer]

  /// `hook` is what the hook of both nodes does, beside noting its event and waiting where it is told
  /// to.
  init(
    interval: String = "100ms", hook: String? = nil,
    change: (inout GodwitConfiguration, String, Lab) throws -> Void = { _, _, _ in }
  ) throws {
    scenario = try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      let other = node == "a" ? "b" : "a"
      configuration.interval = interval
      configuration.peers = [(other, [lab.address(of: other)])]
      configuration.lines = try Self.authentication(lab)
      configuration.hooks = [["/bin/sh", try lab.hook(Self.waiting(lab) + (hook ?? ""))]]
      try change(&configuration, node, lab)
    }
    lab = scenario.lab
    let lab = lab
    echoes = try ["a", "b"].map { try lab.echo(on: $0, [Scenario.address]) }
    servers = try ["a", "b"].map { try lab.tcpServer(on: $0) }
    watch = try lab.watch(
      Scenario.address, "fd77::100", from: "client", every: .microseconds(500))
  }

  deinit {
    watch.stop()
    for echo in echoes { echo.stop() }
  }

  /// The lines of a file with one key, which is written when it is not there yet.
  static func authentication(_ lab: Lab, mode: String = "enforce") throws -> [String] {
    let path = "\(lab.directory)/key"
    if !FileManager.default.fileExists(atPath: path) {
      try String(repeating: "k", count: 32).write(toFile: path, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }
    return ["authentication:", "  mode: \(mode)", "  keys: [{ id: 1, file: \(path) }]"]
  }

  /// A hook whose event is to be held says so and waits for its release.
  private static func waiting(_ lab: Lab) -> String {
    """
    if [ -e \(lab.directory)/hold-$GODWIT_NODE-$1 ]; then
      : >\(lab.directory)/held-$GODWIT_NODE-$1
      while [ -e \(lab.directory)/hold-$GODWIT_NODE-$1 ]; do sleep 0.01; done
    fi

    """
  }

  /// Starts both and waits until each has heard the other over the channel.
  func start() throws {
    try scenario.start()
    try lab.eventually("the nodes hear each other's reports") {
      try ["a", "b"].allSatisfy { node in
        try scenario.router(node).peers.contains {
          $0.lastSeenMilliseconds != nil && $0.fit == true
        }
      }
    }
  }

  /// The next hook of that event on that node waits until `letGo`.
  func hold(_ event: String, on node: String) throws { try lab.touch("hold-\(node)-\(event)") }

  func waitUntilHeld(_ event: String, on node: String) throws {
    try lab.eventually("\(event) runs on \(node)") {
      FileManager.default.fileExists(atPath: "\(lab.directory)/held-\(node)-\(event)")
    }
  }

  func letGo(_ event: String, on node: String) throws {
    try lab.delete("hold-\(node)-\(event)")
  }

  /// `godwit failover` on a node, which goes on beside the test.
  func beginFailover(on node: String, _ arguments: [String] = []) throws -> LabProcess {
    try lab.start(
      [Products.path("godwit"), "failover", "--yes"] + arguments, in: node,
      environment: ["GODWIT_SOCKET": try scenario[node].socketPath], log: "failover-\(node)")
  }

  /// Every claim so far, by time.
  var claims: [Sighting] { watch.sightings().filter { $0.isClaim && !$0.isIPv6 } }

  /// From the last claim of one node to the first of the other after `moment`.
  func order(from old: String, to new: String, since moment: Moment) throws -> Duration {
    let claims = claims.filter { $0.time > moment }
    let last = try #require(claims.last { $0.node == old })
    let first = try #require(claims.first { $0.node == new })
    return first.time - last.time
  }

  /// Never two nodes have had the address at once.
  func expectOneHolder() {
    watch.stop()
    #expect(watch.lost == 0)
    // A role that goes there and back takes longer: each way is a command of its own.
    let overlaps = HolderJudge(longestPause: .milliseconds(10)).overlaps(claims)
    let seen = overlaps.prefix(1).flatMap { overlap in
      claims.filter { $0.node == overlap.old && $0.time > overlap.from && $0.time <= overlap.to }
    }
    #expect(overlaps.isEmpty, "\(seen.prefix(5))")
    #expect(!claims.isEmpty)
  }
}
