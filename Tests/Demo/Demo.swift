import Foundation
import Glibc
import Lab

/// Shows two nodes that share an address: a planned failover, and one after a link died.
///
/// Everything happens in network namespaces of its own; it is removed at the end and on ^C. Exit
/// status 0 when all happened as told, 1 otherwise.
@main
struct Demo {
  let console = Console()

  static func main() {
    let demo = Demo()
    if let missing = LabRequirements.missing(.godwit) {
      demo.console.failure(
        "\(missing). Run `swift build` first, then this program as root; it changes nothing"
          + " outside network namespaces of its own.")
      exit(1)
    }
    do {
      try demo.run()
    } catch {
      demo.console.failure("this did not happen as told: \(error)")
      exit(1)
    }
  }

  private func run() throws {
    let stage = try Stage()
    defer { stage.lab.remove() }
    try begin(stage)
    try planned(stage)
    try linkLoss(stage)
    try restore(stage)
    try kill(stage)
    try end(stage)
  }

  private func begin(_ stage: Stage) throws {
    let first = stage.nodes[0]
    console.step(1, "Two nodes and one address")
    console.say(
      """
      db-a and db-b share the address \(Stage.address). Both run godwitd; db-a has the higher \
      priority. A client on the same network sends a datagram to the address every millisecond; a \
      stand-in for the database answers it with its node's name. The file of db-a (the sockets and \
      the state are in a directory of this demonstration, as both nodes are on one machine):
      """)
    try first.writeConfiguration()
    console.show(
      "godwit.yaml", try String(contentsOfFile: first.configurationPath, encoding: .utf8))
    console.say("The hook is any program. This one writes down the event it is called for:")
    console.show("log-event", stage.hooks.source)

    console.say("Starting godwitd on db-a, and when it is Active, on db-b ...")
    try first.start()
    try first.wait(for: "active")
    try stage.nodes[1].start()
    try stage.nodes[1].wait(for: "backup")
    try stage.startTraffic()
    try stage.awaitAnswers(of: first)
    try showStatus(stage)
    console.show("What the hooks wrote, in order", stage.hooks.table(after: 0))
  }

  private func planned(_ stage: Stage) throws {
    let old = try stage.active()
    let new = stage.other(than: old)
    let before = stage.hooks.lines().count
    console.step(2, "A planned failover")
    console.say(
      """
      \(old.node) is Active. `godwit failover` moves the role: the old node's `demote` hook runs \
      while it still has the address, then the address leaves it, and only then comes to the other \
      node, after that node's `promote` hook.
      """)
    let start = Moment.now
    let result = try old.command("failover", "--yes", within: .seconds(60))
    console.show("\(old.node) # godwit failover --yes", result.output + result.errors)
    guard result.status == 0 else { throw LabError("the failover ended with \(result.exit)") }
    try new.wait(for: "active")
    try old.wait(for: "backup")
    try stage.awaitAnswers(of: new)
    try expect(
      stage, after: before,
      [
        HookLog.Entry(node: old.node, event: "demote"),
        HookLog.Entry(node: new.node, event: "promote"),
        HookLog.Entry(node: new.node, event: "active"),
      ])
    try showStatus(stage)
    console.show("What the hooks wrote, in order", stage.hooks.table(after: before))
    try measure(stage, since: start, old, new)
  }

  private func linkLoss(_ stage: Stage) throws {
    let old = try stage.active()
    let new = stage.other(than: old)
    let before = stage.hooks.lines().count
    console.step(3, "The Active node's link dies")
    console.say(
      """
      Now the cable of \(old.node), which is Active, is pulled. It cannot say goodbye. \(new.node) \
      takes the role once it has heard nothing for three advertisement intervals and a little: \
      about 3 seconds with the usual interval of 1s, which this demonstration uses, and 0.3 \
      seconds with 100ms.
      """)
    let start = Moment.now
    try stage.lab.setPort(old.node, up: false)
    try new.wait(for: "active")
    try stage.awaitAnswers(of: new)
    try old.wait(for: "fault")
    try expect(
      stage, after: before,
      [
        HookLog.Entry(node: new.node, event: "promote"),
        HookLog.Entry(node: new.node, event: "active"),
      ])
    try expect(stage, after: before, [HookLog.Entry(node: old.node, event: "fault")])
    try showStatus(stage)
    console.show("What the hooks wrote, in order", stage.hooks.table(after: before))
    try measure(stage, since: start, old, new)
  }

  private func restore(_ stage: Stage) throws {
    let active = try stage.active()
    let returning = stage.other(than: active)
    let start = Moment.now
    console.step(4, "The link comes back")
    console.say(
      """
      \(returning.node) returns as Backup and leaves the role where it is: without `preempt`, a \
      better node does not interrupt a healthy one.
      """)
    try stage.lab.setPort(returning.node, up: true)
    try returning.wait(for: "backup")
    // A node that has just come back looks who has the address before it counts on what it hears.
    try stage.lab.eventually("\(returning.node) has heard \(active.node) for a while") {
      try returning.router().counters?.advertisementsReceived ?? 0 >= 5
    }
    try stage.awaitAnswers(of: active)
    try showStatus(stage)
    let report = stage.probe?.report().since(start)
    guard try stage.active() === active, report?.responders == [active.node] else {
      throw LabError("the address did not stay on \(active.node)")
    }
    console.result("\(active.node) answered all the time")
  }

  private func kill(_ stage: Stage) throws {
    let old = try stage.active()
    let new = stage.other(than: old)
    let start = Moment.now
    console.step(5, "The Active node's daemon is killed")
    console.say(
      """
      godwitd on \(old.node) gets SIGKILL: it can neither remove the address nor say goodbye. The \
      kernel answers for the address only while the daemon keeps telling it to, so the node falls \
      silent 2.5 s after the last advertisement; \(new.node) takes over half a second later or \
      more. Then the daemon of \(old.node) is started again, as systemd would.
      """)
    try old.kill()
    try new.wait(for: "active")
    try stage.awaitAnswers(of: new)
    try measure(stage, since: start, old, new)
    try old.start()
    try old.wait(for: "backup")
    try showStatus(stage)
    console.result("\(old.node) never answered again once \(new.node) had begun to")
  }

  private func end(_ stage: Stage) throws {
    console.step(6, "The end")
    stage.probe?.stop()
    guard let report = stage.probe?.report() else { throw LabError("the probe is gone") }
    let moments = report.twoHolders()
    guard moments.isEmpty else {
      throw LabError("two nodes answered side by side at \(moments.count) moments")
    }
    for node in stage.nodes {
      let exit = try node.stop()
      guard exit == .status(0) else { throw LabError("godwitd on \(node.node) ended with \(exit)") }
    }
    let left = try stage.lab.holders(of: Stage.address)
    guard left.isEmpty else { throw LabError("the address stayed on \(left)") }
    console.result(
      "\(report.results.count) probes, \(report.lost) without an answer, never two nodes at once")
    console.result("both daemons ended cleanly, and no node kept the address")
  }

  /// `godwit status` of both nodes as a person sees it; exactly one is Active and has the address.
  private func showStatus(_ stage: Stage) throws {
    for node in stage.nodes {
      let output = try node.command("status").expectSuccess().output
      console.show("\(node.node) # godwit status", output)
    }
    _ = try stage.active()
  }

  private func expect(_ stage: Stage, after count: Int, _ entries: [HookLog.Entry]) throws {
    let what = entries.map { "\($0.event) on \($0.node)" }.joined(separator: ", then ")
    try stage.lab.eventually("the hooks wrote: \(what)") { stage.hooks.has(entries, after: count) }
  }

  private func measure(
    _ stage: Stage, since start: Moment, _ old: GodwitNode, _ new: GodwitNode
  ) throws {
    guard let report = stage.probe?.report().since(start) else {
      throw LabError("the probe is gone")
    }
    guard report.responders == [old.node, new.node] else {
      throw LabError("the client was answered by \(report.responders) in turn")
    }
    let lost = report.outages.reduce(0) { $0 + $1.lost }
    guard let outage = report.longestOutage, let duration = outage.duration else {
      console.result("the client lost no probe")
      return
    }
    let time = String(format: "%.1f ms", duration.inMilliseconds)
    console.result("the client was without an answer for \(time) (\(lost) probes of 1 ms)")
  }
}
