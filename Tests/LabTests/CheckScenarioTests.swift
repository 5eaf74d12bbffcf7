import Control
import Lab
import Testing

@Suite("Checks", .requiresGodwit)
struct CheckScenarioTests {
  @Test("a check that fails is a fault, and passing again brings the node back")
  func fault() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      guard node == "a" else { return }
      try lab.touch("fine")
      configuration.routerLines = Self.check("file: \(lab.directory)/fine", "rise: 2", "fall: 2")
    }
    let lab = scenario.lab
    try scenario.start()
    try lab.delete("fine")
    try scenario.waitForHolder("b")
    let status = try scenario.router("a")
    #expect(status.state == .fault)
    #expect(status.reason == "health")
    #expect(!status.fit)
    let check = try #require(status.checks.first)
    #expect(!check.passing)
    #expect(check.detail.contains("fine"))
    try lab.touch("fine")
    try scenario["a"].wait(for: "backup")
    #expect(try scenario.router("a").checks.first?.passing == true)
    #expect(try lab.holders(of: Scenario.address) == ["b"])
  }

  @Test("a check that changes the priority moves the role where the other one preempts")
  func priority() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      configuration.preempt = "true"
      guard node == "a" else { return }
      try lab.touch("fine")
      configuration.routerLines = Self.check(
        "file: \(lab.directory)/fine", "rise: 1", "fall: 1", "on_failure: { priority: -60 }")
    }
    try scenario.start()
    try scenario.lab.delete("fine")
    try scenario.waitForHolder("b")
    try scenario["a"].wait(for: "backup")
    let status = try scenario.router("a")
    #expect(status.priority == 150)
    #expect(status.effectivePriority == 90)
    #expect(scenario.sniffer.frames.contains { $0.vrrp?.priority == 90 })
    try scenario.lab.touch("fine")
    try scenario.waitForHolder("a")
  }

  @Test("a check whose program is missing or hangs has failed, and status says how")
  func cannotRun() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, node, lab in
      let command = node == "a" ? "[/nonexistent/program]" : "[/bin/sleep, \"1000\"]"
      configuration.routerLines = Self.check("command: \(command)")
    }
    for node in scenario.nodes { try node.start() }
    for (name, word) in [("a", "/nonexistent/program"), ("b", "took longer")] {
      try scenario[name].wait(for: "fault")
      let check = try #require(try scenario.router(name).checks.first)
      #expect(!check.passing)
      #expect(check.detail.contains(word), "\(check.detail)")
    }
    // Of the runs that hang at most one is there at a time, beside the process that writes state.
    let process = try #require(try scenario["b"].process)
    for _ in 1...5 {
      #expect(process.descendants.count <= 2)
      _ = try scenario.router("b")
    }
  }

  @Test("a tcp check follows the listener, an http check the status")
  func network() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.routerLines =
        Self.check("tcp: 127.0.0.1:8001", "rise: 1", "fall: 1")
        + Self.check(named: "web", "http: http://127.0.0.1:8002/health", "rise: 1", "fall: 1")
        .dropFirst()
    }
    let lab = scenario.lab
    let plain = try lab.webServer(on: "a", port: 8001)
    let bad = try lab.webServer(on: "a", port: 8002, status: 503)
    try scenario["a"].start()
    try scenario["a"].wait(for: "fault")
    let checks = try scenario.router("a").checks
    #expect(checks.map(\.passing) == [true, false])
    #expect(checks.last?.detail.contains("503") == true, "\(checks)")
    bad.stop()
    let good = try Self.retry(lab) { try lab.webServer(on: "a", port: 8002) }
    try scenario["a"].wait(for: "active")
    plain.stop()
    try scenario["a"].wait(for: "fault")
    #expect(try scenario.router("a").checks.map(\.passing) == [false, true])
    good.stop()
  }

  /// The port is free once the former server's thread has closed it.
  private static func retry(_ lab: Lab, _ start: () throws -> WebServer) throws -> WebServer {
    var server: WebServer?
    try lab.eventually("the port is free") {
      server = try? start()
      return server != nil
    }
    return try #require(server)
  }

  static func check(named name: String = "fine", _ lines: String...) -> [String] {
    let shared = ["interval: 100ms", "timeout: 100ms"]
    return ["checks:", "  - name: \(name)"] + (shared + lines).map { "    \($0)" }
  }
}
