import Control
import Foundation
import Glibc
import Lab
import Testing

@Suite("The control socket", .requiresGodwit)
struct ControlScenarioTests {
  @Test("clients that say nothing, or read nothing, neither delay advertisements nor status")
  func stalled() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let began = Moment.now
    let path = try scenario["a"].socketPath
    // More than the daemon serves at once.
    let silent = try (0..<100).map { _ in try RawClient(path) }
    let deaf = try (0..<20).map { _ in try RawClient(path) }
    for client in deaf { client.send(Array("{\"command\":\"history\",\"limit\":1000}\n".utf8)) }
    #expect(try scenario.router("a").state == .active)
    try scenario.waitForBeats(3, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
    withExtendedLifetime((silent, deaf)) {}
  }

  @Test("garbage and lines without an end are refused with a word, and nothing changes")
  func garbage() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let began = Moment.now
    let path = try scenario["a"].socketPath
    let lines: [[UInt8]] = [
      Array("\n".utf8), Array("{}\n".utf8), Array("status\n".utf8), [0, 255, 254, 10],
      Array("{\"command\":\"failover\",\"name\":5}\n".utf8),
      Array((String(repeating: "[", count: 10_000) + "\n").utf8),
      Array("{\"command\":\"failover\",\"name\":\"orders-db\",\"wait_ms\":-1}\n".utf8),
      [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20),
      // One byte more than the longest line.
      Array("{\"command\":\"status\"}".utf8) + [UInt8](repeating: 32, count: 16_365) + [10],
    ]
    for line in lines {
      let client = try RawClient(path)
      client.send(line)
      let answer = client.receiveAll()
      #expect(answer.contains("error"), "\(line.prefix(30)): \(answer)")
      #expect(try scenario.router("a").state == .active)
    }
    try scenario.waitForBeats(3, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
  }

  @Test("100 clients at once are all answered")
  func many() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let began = Moment.now
    let path = try scenario["a"].socketPath
    let request = Array("{\"command\":\"status\"}\n".utf8)
    let clients = try (0..<100).map { _ in
      let client = try RawClient(path)
      client.send(request)
      return client
    }
    for client in clients { #expect(client.receiveAll().contains("orders-db")) }
    try scenario.waitForBeats(2, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
  }

  @Test("who is neither root nor in the group is told so: exit status 77")
  func notAllowed() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    // A build below somebody's home cannot be run by others.
    let program = Products.path("godwit")
    guard try scenario.lab.run(nobody + ["test", "-x", program], in: "a").status == 0 else {
      try Test.cancel("nobody may not run \(program)")
    }
    for command in ["status", "reload"] {
      let result = try scenario.lab.run(
        nobody + [
          "sh", "-c", "exec \"$0\" --socket \"$1\" \(command)", program,
          try scenario["a"].socketPath,
        ], in: "a")
      #expect(result.status == 77, "\(result)")
    }
    #expect(try scenario.router("a").state == .active)
  }

  /// What 100 connections of a user see who says nothing: how many are open after a while, and the
  /// first line that came.
  private func crowd(group: Int, _ scenario: Scenario) throws -> String {
    let program = """
      import select, socket, sys
      clients = []
      for _ in range(100):
        client = socket.socket(socket.AF_UNIX)
        client.connect(sys.argv[1])
        clients.append(client)
      line, closed = b"", set()
      while True:
        ready = select.select([c for c in clients if c not in closed], [], [], 0.5)[0]
        if not ready: break
        for client in ready:
          try: data = client.recv(65536)
          except ConnectionResetError: data = b""
          line = line or data
          if not data: closed.add(client)
      print(100 - len(closed), line.decode())
      """
    let result = try scenario.lab.run(
      [
        "setpriv", "--reuid=65534", "--regid=\(group)", "--clear-groups", "/usr/bin/python3", "-c",
        program,
        try scenario["a"].socketPath,
      ], in: "a")
    return try result.expectSuccess().output
  }

  @Test("who may not read takes no place, and one user takes 16 of 64")
  func places() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.lines = ["control_admin_group: nogroup"]
    }
    try scenario.start()
    let path = try scenario["a"].socketPath
    try scenario.lab.run(["chmod", "o+x", scenario.lab.directory], in: "a").expectSuccess()
    let first = try RawClient(path)
    let stranger = try crowd(group: 65533, scenario)
    #expect(stranger.hasPrefix("0 {\"error\":"), "\(stranger)")
    #expect(stranger.contains("become root or a member of root"))
    let member = try crowd(group: 65534, scenario)
    #expect(member == "16 \n")
    // The one that has waited longest of all is still served.
    first.send(Array("{\"command\":\"status\"}\n".utf8))
    #expect(first.receiveAll().contains("orders-db"))
  }

  @Test("a client that goes away leaves its failover running")
  func gone() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook("[ $1 = demote ] && sleep 0.5; true")]]
    }
    try scenario.start()
    let client = try RawClient(try scenario["a"].socketPath)
    client.send(Array("{\"command\":\"failover\",\"name\":\"orders-db\"}\n".utf8))
    try scenario["a"].wait(for: "releasing")
    client.close()
    try scenario.waitForHolder("b")
  }

  @Test("a client that ends its side after the request gets the whole answer, and wakes nobody")
  func halfClosed() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook("[ $1 = demote ] && sleep 1; true")]]
    }
    let node = try scenario["a"]
    // More than a socket takes at once.
    let entry = HistoryEntry(
      time: .now(), virtualRouter: "orders-db", event: "hook", reason: "manual", term: 1,
      detail: String(repeating: "x", count: 1000))
    try String(decoding: [[UInt8]](repeating: entry.line(), count: 900).joined(), as: UTF8.self)
      .write(toFile: "\(node.directory)/state/history.jsonl", atomically: true, encoding: .utf8)
    try scenario.start()
    for request in ["status\"}", "history\",\"limit\":900}"] {
      let client = try RawClient(node.socketPath)
      client.send(Array("{\"command\":\"\(request)\n".utf8))
      client.endSending()
      let answer = client.receiveAll()
      #expect(answer.hasPrefix("{\"result\":") && answer.hasSuffix("}\n"), "\(answer.count) bytes")
    }
    let client = try RawClient(node.socketPath)
    client.send(Array("{\"command\":\"failover\",\"name\":\"orders-db\"}\n".utf8))
    client.endSending()
    try node.wait(for: "releasing")
    let before = try processorTime(of: node)
    let lines = client.receiveAll().split(separator: "\n")
    #expect(try processorTime(of: node) - before < .milliseconds(500))
    #expect(lines.contains { $0.hasPrefix("{\"progress\":") }, "\(lines)")
    #expect(lines.last?.hasPrefix("{\"result\":{\"failover\":") == true, "\(lines)")
    try scenario.waitForHolder("b")
  }

  @Test("the history of a name that was never here is refused; of one that was, it is shown")
  func historyOfNobody() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let node = try scenario["a"]
    let result = try node.command("history", "orders-bd")
    #expect(result.status == 1 && result.errors.contains("orders-db"), "\(result)")
    node.configuration.name = "orders"
    try node.writeConfiguration()
    try node.command("reload").expectSuccess()
    try node.wait(for: "active")
    let former = try node.command("history", "orders-db").expectSuccess().output
    #expect(former.contains("orders-db"), "\(former)")
  }

  @Test("a status that is longer than an answer may be is refused with a reason, one of it is not")
  func longStatus() throws {
    let scenario = try Scenario(["a": 150]) { configuration, _, _ in
      configuration.peers = (0..<120).map { ("peer-\($0)", ["10.78.0.\($0)"]) }
      configuration.otherRouters = (0..<400).flatMap {
        [
          "more-\($0):", "  vrid: 1", "  interface: none\($0)",
          "  addresses: [10.\(80 + $0 / 200).0.\($0 % 200 + 1)/24]",
        ]
      }
    }
    let node = try scenario["a"]
    try node.start()
    let result = try node.command("status")
    #expect(result.status == 1 && result.errors.contains("longer than 4 MiB"), "\(result)")
    try scenario.lab.eventually("one alone is shown") {
      try node.command("status", "orders-db").expectSuccess().output.contains("ACTIVE")
    }
  }

  /// What the daemon has used so far (proc(5)).
  private func processorTime(of node: GodwitNode) throws -> Duration {
    let process = try #require(node.process).processIdentifier
    let text = try String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    let fields = try #require(text.split(separator: ")").last).split(separator: " ")
    let ticks = try #require(Int(fields[11])) + #require(Int(fields[12]))
    return .seconds(ticks) / sysconf(Int32(_SC_CLK_TCK))
  }
}
