import Control
import Foundation
import Glibc
import Lab
import Testing

@Suite("Hooks", .requiresGodwit)
struct HookScenarioTests {
  /// Node a runs `body` in its hook, b a hook that does nothing.
  private func scenario(
    _ body: (Lab) -> String, timeout: String = "10s", lines: [String] = []
  ) throws -> Scenario {
    try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      guard node == "a" else { return }
      let path = try lab.hook(body(lab))
      configuration.routerLines =
        [
          "hooks:", "  - command: [/bin/sh, \(path)]", "    timeout: \(timeout)",
          "    events: [promote, demote, undo, active, standby, fault]",
        ]
        + lines.map { "    \($0)" }
    }
  }

  @Test(
    "a promote that fails, is unfit or hangs leaves the address to the other node",
    arguments: [("exit 3", "status 3"), ("exit 69", "unfit"), ("sleep 1000", "timeout")])
  func promoteFails(how: String, told: String) throws {
    let scenario = try scenario({ _ in "[ $1 = promote ] && \(how); true" }, timeout: "1s")
    let lab = scenario.lab
    for node in scenario.nodes { try node.start() }
    try scenario.waitForHolder("b")
    try scenario["a"].wait(for: "fault")
    let status = try scenario.router("a")
    #expect(status.faultReasons.contains { $0.contains(told) }, "\(status.faultReasons)")
    #expect(status.reason == "health")
    #expect(!lab.hooks.contains { $0.hasSuffix("here") })
    try lab.eventually("demote and fault have run") { lab.hooks.contains("a fault gone") }
    #expect(
      lab.hooks == ["a standby gone", "a promote gone", "a demote gone", "a fault gone"])
    let record = try scenario.history("a").flatMap(\.hooks).first { $0.event == "promote" }
    let words = ["status 3": "failed", "unfit": "unfit", "timeout": "timed_out"]
    #expect(record?.result == words[told])
  }

  @Test("the process group of a promote that took too long is ended, grandchildren included")
  func processGroup() throws {
    let scenario = try scenario(
      { lab in
        """
        [ $1 = promote ] || exit 0
        (sleep 1000 & echo $! >\(lab.directory)/grandchild; wait) &
        echo $! >\(lab.directory)/child
        trap '' TERM
        wait; sleep 1000
        """
      }, timeout: "300ms")
    let lab = scenario.lab
    try scenario["a"].start()
    try scenario["a"].wait(for: "fault")
    // SIGKILL follows SIGTERM after 5 s.
    try lab.eventually("the whole group is gone", within: .seconds(15)) {
      ["child", "grandchild"].allSatisfy { name in
        guard let process = Int32(lab.text(name).dropLast()) else { return false }
        return kill(process, 0) != 0
      }
    }
  }

  @Test("a background child that holds the hook's output open holds up nothing")
  func backgroundChild() throws {
    let scenario = try scenario { _ in "[ $1 = promote ] && setsid sleep 1000 &\nexit 0" }
    try scenario.start()
    try scenario.waitForHolder("a")
    let command = try scenario["a"].command("failover", "--yes")
    #expect(command.status == 0)
    try scenario.waitForHolder("b")
  }

  @Test("megabytes on both streams hold up neither advertisements nor the hook")
  func flood() throws {
    let scenario = try scenario { _ in
      """
      [ $1 = active ] || exit 0
      head -c 8000000 /dev/zero | tr '\\0' x
      head -c 8000000 /dev/zero | tr '\\0' '\\n' >&2
      echo end >&2
      """
    }
    try scenario["a"].start()
    try scenario["a"].wait(for: "active")
    let began = Moment.now
    try scenario.lab.eventually("the hook is done", within: .seconds(20)) {
      try scenario.history("a").flatMap(\.hooks).contains { $0.event == "active" }
    }
    try scenario.waitForBeats(2, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
    let record = try #require(
      try scenario.history("a").flatMap(\.hooks).first { $0.event == "active" })
    #expect(record.result == "done")
    #expect((record.output?.utf8.count ?? 0) <= 65536)
    #expect(scenario.lab.text("a-godwitd.log").utf8.count < 1_000_000)
  }

  @Test("exit status 75 means again, until it works")
  func again() throws {
    let scenario = try scenario { lab in
      """
      [ $1 = promote ] || exit 0
      echo $GODWIT_ATTEMPT >>\(lab.directory)/attempts
      [ $GODWIT_ATTEMPT -ge 3 ] || exit 75
      """
    }
    try scenario["a"].start()
    try scenario.waitForHolder("a")
    #expect(scenario.lab.text("attempts") == "1\n2\n3\n")
  }

  @Test(
    "a hook that cannot be started has failed, with the reason of the system",
    arguments: ["/nonexistent/program", "/etc/passwd", "/tmp"])
  func cannotStart(program: String) throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, node, _ in
      if node == "a" { configuration.hooks = [[program]] }
    }
    for node in scenario.nodes { try node.start() }
    try scenario.waitForHolder("b")
    try scenario["a"].wait(for: "fault")
    #expect(try scenario.router("a").faultReasons.contains { $0.contains(program) })
  }

  @Test("with nobody else to serve, a node whose promote failed tries again after a while")
  func triesAgain() throws {
    let scenario = try scenario { lab in
      "[ $1 != promote ] || [ -e \(lab.directory)/tried ] || { >\(lab.directory)/tried; exit 1; }"
    }
    try scenario["a"].start()
    try scenario["a"].wait(for: "fault")
    // 10 s after the first failure.
    try scenario["a"].wait(for: "active", within: .seconds(30))
    #expect(scenario.lab.hooks.filter { $0.hasPrefix("a promote") }.count == 2)
  }

  @Test("a hook runs as its user, in a session of its own, with a clean environment and all facts")
  func surroundings() throws {
    let scenario = try Scenario(["a": 150]) { configuration, node, lab in
      let path = try lab.script(
        "facts",
        """
        #!/bin/sh
        exec 2>&1
        cd \(lab.directory)/facts.d || exit 1
        env >$2.env
        cat >$2.json
        id -un >$2.user
        cut -d ' ' -f 1,5,6 /proc/$$/stat >$2.session
        ls /proc/self/fd >$2.descriptors

        """)
      let open = [FileAttributeKey.posixPermissions: 0o777]
      try FileManager.default.createDirectory(
        atPath: "\(lab.directory)/facts.d", withIntermediateDirectories: false)
      try FileManager.default.setAttributes(open, ofItemAtPath: "\(lab.directory)/facts.d")
      configuration.routerLines = [
        "hooks:", "  - command: [\(path), -]", "    user: nobody",
        "    environment: { PGDATA: /var/lib/pg }",
      ]
    }
    let lab = scenario.lab
    try scenario["a"].start(environment: ["SECRET": "of the daemon"])
    try scenario["a"].wait(for: "active")
    try lab.eventually("active has told") { !lab.text("facts.d/active.descriptors").isEmpty }

    let lines = lab.text("facts.d/promote.env").split(separator: "\n")
    var variables: [String: String] = [:]
    for line in lines {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      variables[String(parts[0])] = parts.count > 1 ? String(parts[1]) : nil
    }
    for name in ["PWD", "OLDPWD", "SHLVL", "_"] { variables[name] = nil }
    let term = try scenario.router("a").term
    let identifier = try #require(variables["GODWIT_EVENT_ID"])
    variables["GODWIT_EVENT_ID"] = nil
    #expect(!identifier.isEmpty)
    #expect(
      variables == [
        "GODWIT_EVENT": "promote", "GODWIT_OPERATION_ID": "", "GODWIT_VIRTUAL_ROUTER": "orders-db",
        "GODWIT_VRID": "51", "GODWIT_ADDRESSES": "10.77.0.100/24", "GODWIT_INTERFACE": "eth0",
        "GODWIT_NODE": "a", "GODWIT_PEER": "", "GODWIT_PEER_ADDRESS": "",
        "GODWIT_TERM": "\(term)", "GODWIT_PLANNED": "0", "GODWIT_REASON": "peer_timeout",
        "GODWIT_OLD_STATE": "backup", "GODWIT_NEW_STATE": "active", "GODWIT_PRIORITY": "150",
        "GODWIT_TIMEOUT_MS": "60000", "GODWIT_DRY_RUN": "0", "GODWIT_ATTEMPT": "1",
        "GODWIT_MAINTENANCE": "0",
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
        "HOME": "/nonexistent", "USER": "nobody", "LOGNAME": "nobody", "PGDATA": "/var/lib/pg",
      ])
    let json = Data(lab.text("facts.d/promote.json").utf8)
    let facts = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect(
      Set(facts.keys) == [
        "event", "event_id", "operation_id", "virtual_router", "vrid", "addresses", "interface",
        "node", "peer", "peer_address", "term", "planned", "reason", "old_state", "new_state",
        "priority", "timeout_ms", "dry_run", "attempt", "maintenance",
      ])
    #expect(facts["event_id"] as? String == identifier)
    #expect(facts["addresses"] as? [String] == ["10.77.0.100/24"])
    #expect(facts["term"] as? Int == term)
    #expect(facts["planned"] as? Bool == false)
    #expect(facts["peer"] is NSNull)
    #expect(lab.text("facts.d/promote.user") == "nobody\n")
    let numbers = lab.text("facts.d/promote.session").split(whereSeparator: {
      $0 == " " || $0 == "\n"
    })
    // Process, process group and session are one.
    #expect(numbers.count == 3 && Set(numbers).count == 1)
    // The three streams, and the directory that ls reads.
    let descriptors = lab.text("facts.d/promote.descriptors").split(separator: "\n")
    #expect(Set(descriptors) == ["0", "1", "2", "3"])
  }

  @Test("a precheck that goes on failing is told once, and once more when it passes again")
  func failingPrecheck() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, lab in
      let path = try lab.script(
        "precheck",
        """
        #!/bin/sh
        [ -e \(lab.directory)/ok ] && exit 0
        head -c 60000 /dev/zero | tr '\\0' x
        echo the disk is full >&2
        exit 69

        """)
      configuration.routerLines = [
        "precheck_interval: 1s", "hooks:", "  - command: [\(path)]", "    events: [precheck]",
      ]
    }
    let lab = scenario.lab
    try scenario.start()
    try lab.eventually("it has failed three times") {
      try scenario.router("a").counters.hooksFailed >= 3
    }
    #expect(try scenario.router("a").fit == false)
    let reasons = try scenario.router("a").faultReasons
    #expect(reasons.count == 1 && reasons[0].hasPrefix("precheck "), "\(reasons)")
    let record = { try scenario.history("a").flatMap(\.hooks) }
    #expect(try record().map(\.result) == ["unfit"])
    let output = try #require(try record().first?.output)
    #expect(output.hasSuffix("x\n[cut here, 60000 bytes in all]") && output.utf8.count < 4200)
    let told = lab.text("a-godwitd.log").split(separator: "\n").filter { $0.contains("precheck[") }
    #expect(told.count == 1, "\(told)")
    #expect(told.first?.contains("exit status 69): the disk is full") == true, "\(told)")
    try lab.touch("ok")
    try lab.eventually("it is told that it passes") {
      try record().map(\.result) == ["unfit", "done"]
    }
  }
}
