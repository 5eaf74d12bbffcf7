import Control
import Foundation
import Glibc
import Lab
import Testing

/// A planned failover between nodes that speak to each other.
@Suite("Planned failover with the peer channel", .requiresGodwit, .serialized)
struct PlannedFailoverScenarioTests {
  /// At which a goodbye alone leaves a gap of 1.2 s and 1.8 s, and silence one of 9 s and more: what
  /// takes less has been told over the channel.
  private static let interval = "3s"

  @Test("there and back, from either node, named or not: released before it is taken")
  func thereAndBack() throws {
    let stage = try HandoverStage(interval: Self.interval)
    try stage.start()
    // From the holder, from the Backup, and by name from either.
    let orders: [(on: String, arguments: [String], from: String, to: String)] = [
      ("a", [], "a", "b"), ("a", [], "b", "a"), ("a", ["--to", "b"], "a", "b"),
      ("a", ["--to", "a"], "b", "a"),
    ]
    for order in orders {
      let moment = Moment.now
      let command = try stage.beginFailover(on: order.on, order.arguments + ["--json"])
      #expect(try command.waitForExit(within: .seconds(30)) == .status(0), "\(command.output)")
      try stage.scenario.waitForHolder(order.to)
      let gap = try stage.order(from: order.from, to: order.to, since: moment)
      print("\(order): \(gap.inMilliseconds) ms from the last claim to the first")
      #expect(gap > .zero && gap < .seconds(1))
      try stage.scenario[order.from].wait(for: "backup")
      #expect(try stage.scenario.router(order.to).addressesHeld)
      #expect(try stage.scenario.router(order.to).operation == nil)
    }
    #expect(try stage.scenario.router("a").term == stage.scenario.router("b").term)
    stage.expectOneHolder()
  }

  @Test("a node that is no peer, or that is Active already, is refused: exit status 1")
  func refused() throws {
    let stage = try HandoverStage()
    try stage.start()
    for name in ["nobody", "a"] {
      let result = try stage.scenario["a"].command("failover", "--yes", "--to", name)
      #expect(result.status == 1, "\(result)")
      #expect(result.errors.contains(name) || result.output.contains(name))
    }
    #expect(try stage.scenario.router("a").state == .active)
    #expect(stage.scenario.advertisements(of: "b").isEmpty)
    stage.expectOneHolder()
  }

  @Test("what demote prints is there when promote runs on the other node, whole")
  func result() throws {
    let stage = try HandoverStage(
      hook: """
        [ $1 = promote ] && cat >"$0-promote-$GODWIT_NODE"
        [ $1 = demote ] && printf '{"lsn":"0/3000148","text":"%060000d"}' 7
        exit 0

        """)
    try stage.start()
    #expect(try stage.scenario["b"].command("failover", "--yes").status == 0)
    try stage.scenario.waitForHolder("b")
    struct Document: Decodable {
      struct Peer: Decodable {
        struct Result: Decodable { var lsn, text: String }
        var result: Result?
      }
      var peer: Peer
    }
    let input = stage.lab.text("hook-promote-b")
    let document = try JSONDecoder().decode(Document.self, from: Data(input.utf8))
    #expect(document.peer.result?.lsn == "0/3000148")
    #expect(document.peer.result?.text.count == 60_000)
    stage.expectOneHolder()
  }

  @Test("a demote that fails leaves everything as it is, with undo", arguments: ["a", "b"])
  func demoteFails(node: String) throws {
    let stage = try HandoverStage(hook: "[ $1 != demote ]")
    try stage.start()
    #expect(try stage.scenario[node].command("failover", "--yes").status == 4)
    try stage.lab.eventually("undo has run") { stage.lab.hooks.last == "a undo here" }
    #expect(try stage.scenario.router("a").state == .active)
    #expect(stage.scenario.advertisements(of: "b").isEmpty)
    #expect(try stage.lab.holders(of: Scenario.address) == ["a"])
    stage.expectOneHolder()
  }

  @Test("a promote that fails on the new node brings the role back: exit status 4")
  func promoteFails() throws {
    let stage = try HandoverStage(hook: "[ $1 != promote ] || [ $GODWIT_NODE != b ]")
    try stage.start()
    #expect(try stage.scenario["a"].command("failover", "--yes").status == 4)
    try stage.scenario.waitForHolder("a")
    try stage.scenario["b"].wait(for: "fault")
    // It was told before that it is Active, when it was started.
    try stage.lab.eventually("the hooks have run") {
      stage.lab.hooks.filter { $0 == "a active here" }.count == 2
    }
    #expect(!stage.lab.hooks.contains("b active here"))
    stage.expectOneHolder()
  }

  /// A hook that is held there stops the failover in that phase.
  enum Phase: String, CaseIterable {
    case precheckOfGiver, precheckOfTaker, demote, promote

    var event: String {
      switch self {
      case .precheckOfGiver, .precheckOfTaker: "precheck"
      case .demote: "demote"
      case .promote: "promote"
      }
    }

    var node: String {
      switch self {
      case .precheckOfGiver, .demote: "a"
      case .precheckOfTaker, .promote: "b"
      }
    }
  }

  /// A failover that a held hook stops in that phase.
  private func begin(_ phase: Phase) throws -> (stage: HandoverStage, command: LabProcess) {
    let stage = try HandoverStage { configuration, _, _ in configuration.hookEvents = nil }
    try stage.start()
    try stage.hold(phase.event, on: phase.node)
    let command = try stage.beginFailover(on: "a")
    try stage.waitUntilHeld(phase.event, on: phase.node)
    return (stage, command)
  }

  private func expectOneInTheEnd(_ stage: HandoverStage) throws {
    var holder = ""
    try stage.lab.eventually("one holds the address and the other is its Backup") {
      let states = try ["a", "b"].map { try stage.scenario.router($0).state }
      guard Set(states) == [.active, .backup] else { return false }
      holder = states[0] == .active ? "a" : "b"
      return try stage.lab.holders(of: Scenario.address) == [holder]
    }
    try stage.scenario.waitForBeats(5, of: holder)
    #expect(try stage.lab.holders(of: Scenario.address) == [holder])
    #expect(try stage.scenario.router(holder).operation == nil)
  }

  @Test(
    "whichever daemon dies in whichever phase: one holder, never two, and the dead one comes back",
    arguments: Phase.allCases, ["a", "b"])
  func killed(phase: Phase, victim: String) throws {
    let (stage, command) = try begin(phase)
    try stage.scenario[victim].kill()
    try stage.letGo(phase.event, on: phase.node)
    // The addresses of a dead holder stay, silenced, until their lifetime ends.
    try stage.scenario[victim == "a" ? "b" : "a"].wait(for: "active")
    try stage.scenario[victim].start()
    // It may have come back in time for the failover, which goes on then.
    _ = try command.waitForExit(within: .seconds(90))
    try expectOneInTheEnd(stage)
    stage.expectOneHolder()
  }

  @Test("the channel is cut in whichever phase: one holder, never two", arguments: Phase.allCases)
  func channelCut(phase: Phase) throws {
    let stage = try cut(.peerChannel, in: phase)
    stage.expectOneHolder()
  }

  /// Each half may have its holder until they hear of each other: a pair has no third party.
  @Test("everything is cut in whichever phase: one holder in the end", arguments: Phase.allCases)
  func allCut(phase: Phase) throws { _ = try cut(.everything, in: phase) }

  /// Node b is cut off in that phase, and heard again when the command has ended.
  private func cut(_ traffic: CutTraffic, in phase: Phase) throws -> HandoverStage {
    let (stage, command) = try begin(phase)
    try stage.lab.cut("b", traffic)
    // Each node has noticed that the other one is not heard.
    try stage.lab.eventually("the channel is silent") {
      try ["a", "b"].allSatisfy {
        try stage.scenario.router($0).peers.first?.paths.first?.heard == false
      }
    }
    try stage.letGo(phase.event, on: phase.node)
    let end = try command.waitForExit(within: .seconds(90))
    #expect([.status(0), .status(1), .status(4), .status(5)].contains(end), "\(end)")
    try stage.lab.heal("b")
    try expectOneInTheEnd(stage)
    return stage
  }

  @Test("a daemon that is told to stop hands over first, where a peer is fit")
  func stopped() throws {
    let stage = try HandoverStage(interval: Self.interval)
    try stage.start()
    let moment = Moment.now
    #expect(try stage.scenario["a"].stop() == .status(0))
    try stage.scenario.waitForHolder("b")
    let gap = try stage.order(from: "a", to: "b", since: moment)
    print("stop: \(gap.inMilliseconds) ms from the last claim to the first")
    #expect(gap > .zero && gap < .seconds(1))
    let gates = stage.lab.hooks.filter { $0.contains("demote") || $0.contains("promote") }
    #expect(gates.suffix(2) == ["a demote here", "b promote gone"])
    stage.expectOneHolder()
  }

  @Test(
    "1,000 clients all notice, and are answered by the new node when they connect again",
    arguments: [ClientPool.Kind.idle, .writing])
  func clients(kind: ClientPool.Kind) throws {
    let stage = try HandoverStage()
    try stage.start()
    let pool = try ClientPool.start(
      kind, 1000, to: Scenario.address, from: "client", in: stage.lab)
    for (from, to) in [("a", "b"), ("b", "a")] {
      let moment = Moment.now
      #expect(try stage.scenario[from].command("failover", "--yes").status == 0)
      #expect(try pool.waitUntilAllKnow(since: moment, within: .seconds(10)))
      // Who was quick may have been answered by the old node once more, and has to be told again.
      try stage.lab.eventually("all are connected with \(to)", poll: .milliseconds(20)) {
        try pool.report().present == [to: 1000]
      }
      print("\(kind) \(from) to \(to):", try pool.report().summary(since: moment))
    }
    stage.expectOneHolder()
  }

  @Test(
    "a client that connects while the addresses leave is told too, and nothing stays behind",
    arguments: [ClientPool.Kind.idle, .mute])
  func late(kind: ClientPool.Kind) throws {
    let stage = try HandoverStage()
    try stage.start()
    let pool = try ClientPool.start(
      kind, 300, to: Scenario.address, from: "client", in: stage.lab)
    for (from, to) in Array(repeating: [("a", "b"), ("b", "a")], count: 3).joined() {
      #expect(try stage.scenario[from].command("failover", "--yes").status == 0)
      // Each client has one connection, and the kernel of the new node knows it.
      try stage.lab.eventually("all are connected with \(to)", within: .seconds(4)) {
        try connections(of: to, in: stage.lab) == 300 && pool.report().up == 300
      }
      try stage.lab.eventually("\(from) has no connection of the address any more") {
        try connections(of: from, in: stage.lab) == 0
      }
      if kind == .idle { #expect(try pool.report().present == [to: 300]) }
    }
    print(
      "\(kind):", try ["a", "b"].map { try stage.scenario.router($0).counters.connectionsTold })
    stage.expectOneHolder()
  }

  @Test("a daemon that is told to stop lets its successor know of them before it ends")
  func lateStop() throws {
    let stage = try HandoverStage()
    try stage.start()
    let pool = try ClientPool.start(
      .mute, 300, to: Scenario.address, from: "client", in: stage.lab)
    for (from, to) in [("a", "b"), ("b", "a"), ("a", "b")] {
      #expect(try stage.scenario[from].stop() == .status(0))
      try stage.lab.eventually("all are connected with \(to)", within: .seconds(4)) {
        try connections(of: to, in: stage.lab) == 300 && pool.report().up == 300
      }
      #expect(try connections(of: from, in: stage.lab) == 0)
      try stage.scenario[from].start()
      try stage.scenario[from].wait(for: "backup")
      try stage.lab.eventually("\(to) has a fit peer") {
        try stage.scenario.router(to).peers.contains {
          $0.lastSeenMilliseconds != nil && $0.fit == true
        }
      }
    }
    stage.expectOneHolder()
  }

  /// How many connections of the address the kernel of a node has.
  private func connections(of node: String, in lab: Lab) throws -> Int {
    let list = try lab.run(
      ["ss", "-Htn", "state", "connected", "exclude", "time-wait", "src", Scenario.address],
      in: node)
    try list.expectSuccess()
    return list.output.split(separator: "\n").count
  }

  @Test("idle clients behind a firewall that drops what is invalid notice a planned failover")
  func firewall() throws {
    let stage = try HandoverStage()
    try stage.start()
    try stage.lab.dropInvalid(on: "client")
    let pool = try ClientPool.start(
      .idle, 300, to: Scenario.address, from: "client", in: stage.lab)
    #expect(try stage.scenario["a"].command("failover", "--yes").status == 0)
    try stage.lab.eventually("all are connected with b", poll: .milliseconds(20)) {
      try pool.report().present == ["b": 300]
    }
    stage.expectOneHolder()
  }

  @Test("idle clients are told by the successor of a node that died")
  func crash() throws {
    let stage = try HandoverStage()
    try stage.start()
    let pool = try ClientPool.start(
      .idle, 300, to: Scenario.address, from: "client", in: stage.lab)
    try stage.lab.eventually("b has heard of the connections") {
      try stage.scenario.router("b").connections?.known == 300
    }
    let moment = Moment.now
    try stage.lab.setPort("a", up: false)
    try stage.scenario["a"].kill()
    #expect(try pool.waitUntilAllKnow(since: moment, within: .seconds(15)))
    try stage.lab.eventually("all are connected with b", poll: .milliseconds(20)) {
      try pool.report().present == ["b": 300]
    }
    print("crash:", try pool.report().summary(since: moment))
    stage.expectOneHolder()
  }

  @Test(
    "with keepalived on the other side the role moves by VRRP alone, whether it is listed or not",
    arguments: [false, true])
  func keepalived(listed: Bool) throws {
    let lab = try Lab.make(nodes: ["g", "k", "client"])
    var ours = GodwitConfiguration(addresses: ["10.77.0.100/24"])
    ours.interval = "100ms"
    ours.priority = 150
    ours.routerLines = ["checksum: pseudo-header"]
    if listed {
      ours.peers = [("k", [lab.address(of: "k")])]
      // keepalived 2.2.7 neither signs nor verifies.
      ours.lines = try HandoverStage.authentication(lab, mode: "receive-only")
    }
    var theirs = KeepalivedConfiguration(addresses: ["10.77.0.100/24"])
    theirs.interval = 0.1
    theirs.nopreempt = true
    let godwit = try lab.godwit(on: "g", ours)
    let keepalived = lab.keepalived(on: "k", theirs)
    try godwit.start()
    try godwit.wait(for: "active")
    try keepalived.start()
    let sniffer = try lab.sniffer(on: "client")
    // It answers nobody until it has started; then it is quiet.
    try lab.eventually("keepalived has started") {
      try String(contentsOfFile: "\(lab.directory)/k-keepalived.log", encoding: .utf8)
        .contains("Entering BACKUP STATE")
    }
    let result = try godwit.command("failover", "--yes")
    #expect(result.status == 0, "\(result)")
    try lab.eventually("only k has the address") {
      try lab.holders(of: "10.77.0.100") == ["k"]
    }
    try godwit.wait(for: "backup")
    let goodbyes = sniffer.frames.filter { $0.vrrp?.priority == 0 }
    #expect(goodbyes.count == 1)
    lab.remove()
  }
}
