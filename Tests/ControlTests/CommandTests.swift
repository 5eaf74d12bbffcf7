import Control
import Foundation
import Glibc
import Testing

/// The program itself, run as a user runs it.
struct CommandTests {
  struct Ending: Equatable {
    var status: Int32
    var output: String
    var complaint: String
  }

  /// The program as it was built beside these tests.
  private var program: String {
    get throws {
      let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      return URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/godwit"
    }
  }

  /// Runs `godwit ARGUMENTS` without a terminal.
  private func godwit(_ arguments: [String], socket: String? = nil) throws -> Ending {
    var environment = ["PATH": "/usr/bin:/bin", "TERM": "xterm"]
    environment["GODWIT_SOCKET"] = socket
    return try run([try program] + arguments, environment: environment)
  }

  /// Runs a program; what it is given on standard input ends after `input`.
  private func run(
    _ words: [String], environment: [String: String] = [:], input: String? = nil
  ) throws -> Ending {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = environment
    let answers = Pipe()
    process.standardInput = input == nil ? FileHandle.nullDevice : answers
    let output = Pipe()
    let complaint = Pipe()
    process.standardOutput = output
    process.standardError = complaint
    try process.run()
    if let input { try answers.fileHandleForWriting.write(contentsOf: Data(input.utf8)) }
    // Neither stream outgrows a pipe here.
    process.waitUntilExit()
    return Ending(
      status: process.terminationStatus,
      output: String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self),
      complaint: String(
        decoding: complaint.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
  }

  private func status(_ count: Int = 1) -> TestDaemon.Answer {
    var report = example()
    report.virtualRouters = (0..<count).map { index in
      var router = report.virtualRouters[0]
      router.name = index == 0 ? "orders-db" : "other-\(index)"
      return router
    }
    return TestDaemon.Answer([.result(.status(report))])
  }

  private func failover(
    _ result: FailoverOutcome.Result, of count: Int = 1
  ) throws -> TestDaemon {
    let answer = TestDaemon.Answer([
      .progress(Control.Progress(phase: "demote", elapsedMilliseconds: 3)),
      .result(
        .failover(
          FailoverOutcome(
            operationIdentifier: "op-4", result: result, message: "m", durationMilliseconds: 5))),
    ])
    let statusAnswer = status(count)
    return try TestDaemon { request in
      if case .failover = request { answer } else { statusAnswer }
    }
  }

  @Test("status prints the table, and --json the report as it came")
  func statusCommand() throws {
    let daemon = try TestDaemon(status())
    let text = try godwit(["status"], socket: daemon.path)
    #expect(text.status == 0 && text.complaint == "")
    #expect(text.output.hasPrefix("db-a: godwitd 0.1.0\n\nVIRTUAL ROUTER  STATE "))
    #expect(!text.output.contains("\u{1B}"))
    let json = try godwit(["status", "orders-db", "--json"], socket: daemon.path)
    #expect(json.output == String(decoding: example().line(), as: UTF8.self))
    #expect(daemon.received.last == #"{"command":"status","name":"orders-db"}"# + "\n")
  }

  @Test("The socket is named before the command, after it, or in the environment")
  func socketOption() throws {
    let daemon = try TestDaemon(status())
    let elsewhere = "/tmp/godwit-test-nowhere/control.sock"
    #expect(
      try godwit(["--socket", daemon.path, "status"], socket: elsewhere).status == 0)
    #expect(
      try godwit(["status", "--socket", daemon.path], socket: elsewhere).status == 0)
    #expect(
      try godwit(["status"], socket: elsewhere)
        == Ending(
          status: 69, output: "",
          complaint: "godwit: godwitd does not answer on \(elsewhere): is it running? "
            + "`systemctl status godwitd`\n"))
  }

  static let endings: [(FailoverOutcome.Result, Int32)] = [
    (.done, 0), (.refused, 1), (.running, 3), (.rolledBack, 4), (.incomplete, 5),
  ]

  @Test("failover prints each phase and exits with what became of it", arguments: endings)
  func failoverCommand(result: FailoverOutcome.Result, status: Int32) throws {
    let daemon = try failover(result)
    let ending = try godwit(["failover", "--reason", "kernel"], socket: daemon.path)
    #expect(ending.status == status)
    #expect(ending.output.hasPrefix("  0.003 s  demote\n"))
    #expect(ending.output.contains("(operation op-4, 0.005 s)"))
    #expect(
      daemon.received.last
        == #"{"command":"failover","dry_run":false,"force":false,"name":"orders-db","reason":"kernel","wait_ms":120000}"#
        + "\n")
  }

  @Test("Every option of failover reaches the daemon")
  func failoverOptions() throws {
    let daemon = try failover(.running)
    let ending = try godwit(
      ["failover", "orders-db", "--to", "db-b", "--force", "--no-wait", "--json"],
      socket: daemon.path)
    #expect(ending.status == 3)
    #expect(
      ending.output
        == #"{"connections_left":null,"connections_reset":null,"connections_told":null,"#
        + #""duration_ms":5,"gap_ms":null,"message":"m","new_active":null,"old_active":null,"#
        + #""operation_id":"op-4","phases":[],"plan":null,"result":"running"}"#
        + "\n")
    #expect(
      daemon.received.last
        == #"{"command":"failover","dry_run":false,"force":true,"name":"orders-db","to":"db-b","wait_ms":0}"#
        + "\n")
    #expect(
      try godwit(["failover", "--dry-run", "--wait", "5s"], socket: daemon.path).status == 3)
    #expect(
      daemon.received.last
        == #"{"command":"failover","dry_run":true,"force":false,"name":"orders-db","wait_ms":5000}"#
        + "\n")
  }

  static let unwaited: [(FailoverOutcome.Result, String)] = [
    (.running, ""), (.done, ""), (.refused, "godwit: refused: m (operation op-4, 0.005 s)\n"),
    (.rolledBack, "godwit: rolled back: m (operation op-4, 0.005 s)\n"),
  ]

  @Test("--no-wait prints the operation's identifier alone", arguments: unwaited)
  func noWait(result: FailoverOutcome.Result, complaint: String) throws {
    let daemon = try failover(result)
    #expect(
      try godwit(["failover", "--no-wait"], socket: daemon.path)
        == Ending(status: result.exitStatus, output: "op-4\n", complaint: complaint))
  }

  @Test("maintenance says on or off of one virtual router or of all")
  func maintenance() throws {
    let outcome = MaintenanceOutcome(routers: [
      .init(
        name: "orders-db", isOn: true, untold: ["db-b"], keepsAddress: false, leaseMilliseconds: 0)
    ])
    let daemon = try TestDaemon(TestDaemon.Answer([.result(.maintenance(outcome))]))
    let text = try godwit(["maintenance", "on"], socket: daemon.path)
    #expect(text.status == 0 && text.complaint == "")
    #expect(text.output.hasPrefix("orders-db: MAINTENANCE is on\n"))
    #expect(daemon.received.last == #"{"command":"maintenance","on":true}"# + "\n")
    let json = try godwit(["maintenance", "off", "orders-db", "--json"], socket: daemon.path)
    #expect(json.output == String(decoding: outcome.line(), as: UTF8.self))
    #expect(
      daemon.received.last == #"{"command":"maintenance","name":"orders-db","on":false}"# + "\n")
  }

  @Test("A daemon that refuses maintenance has changed nothing")
  func refusedMaintenance() throws {
    let daemon = try TestDaemon(
      TestDaemon.Answer([.error(.peerChannelOff("there is no key"))]))
    let ending = try godwit(["maintenance", "on"], socket: daemon.path)
    #expect(ending.status == 1 && ending.output == "")
    #expect(ending.complaint.hasPrefix("godwit: the nodes cannot talk to each other: "))
  }

  @Test("failover without a name is wrong usage where there are several, and changes nothing")
  func ambiguous() throws {
    let daemon = try failover(.done, of: 2)
    let ending = try godwit(["failover"], socket: daemon.path)
    #expect(ending.status == 64)
    #expect(
      ending.complaint == "godwit: which one? Name one of the virtual routers of this node: "
        + "orders-db, other-1\n")
    #expect(daemon.received == [#"{"command":"status"}"# + "\n"])
  }

  static let answers: [(String, Int32)] = [("n\n", 1), ("\n", 1), ("yet\n", 1), ("Y\n", 0)]

  @Test(
    "On a terminal failover asks first, and anything but yes changes nothing",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")),
    arguments: answers)
  func question(answer: String, status: Int32) throws {
    let daemon = try failover(.done)
    let command = "\(try program) --socket \(daemon.path) failover"
    // script(1) gives the command a terminal.
    let ending = try run(
      ["/usr/bin/script", "-qec", command, "/dev/null"], input: answer)
    #expect(ending.status == status)
    #expect(ending.output.contains("Move orders-db away from db-a? [y/N] "))
    #expect(daemon.received.count { $0.contains("failover") } == (status == 0 ? 1 : 0))
  }

  @Test("history --operation shows what belongs to one operation")
  func operation() throws {
    let report = HistoryReport(
      entries: ["op-3", "op-4"].map {
        HistoryEntry(
          time: noon, virtualRouter: "orders-db", event: "failover", reason: "manual", term: 3,
          operationIdentifier: $0)
      })
    let daemon = try TestDaemon(TestDaemon.Answer([.result(.history(report))]))
    let found = try godwit(["history", "--operation", "op-4"], socket: daemon.path)
    #expect(found.status == 0)
    #expect(found.output.contains("op-4") && !found.output.contains("op-3"))
    #expect(daemon.received.last == #"{"command":"history","limit":1000}"# + "\n")
    #expect(
      try godwit(["history", "--operation", "op-5"], socket: daemon.path)
        == Ending(
          status: 1, output: "",
          complaint: "godwit: no operation op-5 is among the last 1000 entries of this node: "
            + "`godwit status` shows it while it runs\n"))
  }

  @Test(
    "During maintenance --force asks whether the other host is off",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
  func maintenanceForce() throws {
    var report = example()
    report.virtualRouters[0].state = .backup
    report.virtualRouters[0].maintenance = true
    let answer = TestDaemon.Answer([.result(.status(report))])
    let daemon = try TestDaemon(answer)
    let command = "\(try program) --socket \(daemon.path) failover --force"
    let ending = try run(["/usr/bin/script", "-qec", command, "/dev/null"], input: "y\n\n")
    #expect(ending.status == 1)
    #expect(ending.output.contains("although maintenance is on"))
    #expect(ending.output.contains("Is that host off, and may commits be lost? [y/N] "))
    #expect(daemon.received == [#"{"command":"status"}"# + "\n"])
  }

  static let forced: [(String, [String], Int32)] = [
    ("y\nn\n", [], 1), ("y\ny\n", [], 0), ("n\ny\n", [], 1), ("", ["--yes"], 0),
    ("", ["--dry-run"], 0),
  ]

  @Test(
    "On a terminal --force is asked about on its own, and --yes skips both questions",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")),
    arguments: forced)
  func forceQuestion(answers: String, options: [String], status: Int32) throws {
    let daemon = try failover(.done)
    let words = [try program, "--socket", daemon.path, "failover", "--force"] + options
    let ending = try run(
      ["/usr/bin/script", "-qec", words.joined(separator: " "), "/dev/null"], input: answers)
    #expect(ending.status == status)
    #expect(
      ending.output.contains("Go on against the check? [y/N] ")
        == (options.isEmpty && answers.hasPrefix("y")))
    #expect(daemon.received.count { $0.contains("failover") } == (status == 0 ? 1 : 0))
  }

  @Test("A refusal goes to standard error with its remedy")
  func refusal() throws {
    let daemon = try TestDaemon(
      TestDaemon.Answer([
        .error(Refusal(.refused, "the file has an error", remedy: "`godwit check`"))
      ]))
    #expect(
      try godwit(["reload"], socket: daemon.path)
        == Ending(
          status: 1, output: "",
          complaint: "godwit: the file has an error\n`godwit check`\n"))
  }

  @Test("An answer to another question is not taken for one")
  func otherAnswer() throws {
    let daemon = try TestDaemon(status())
    #expect(try godwit(["announce"], socket: daemon.path).status == 69)
    #expect(try godwit(["history", "-n", "5"], socket: daemon.path).status == 69)
    #expect(daemon.received.last == #"{"command":"history","limit":5}"# + "\n")
  }

  @Test(
    "Wrong usage exits with 64 and says what would be right",
    arguments: [
      ["statsu"], ["status", "--jsn"], ["history", "-n", "0"], ["history", "-n", "x"],
      ["failover", "--wait", "5"], ["failover", "--wait", "2h"], ["keygen"], ["status", "a", "b"],
      ["failover", "--dry-run", "--no-wait"], ["maintenance"], ["maintenance", "of"],
      ["maintenance", "on", "a", "b"],
      ["failover", "--reason", String(repeating: "x", count: 501)], ["--socket", "", "status"],
    ])
  func usage(arguments: [String]) throws {
    let ending = try godwit(arguments)
    #expect(ending.status == 64)
    #expect(ending.output == "")
    #expect(ending.complaint.hasPrefix("godwit: "))
  }

  @Test(
    "Every command has help with an example",
    arguments: [
      "status", "failover", "maintenance", "history", "announce", "reload", "check", "keygen",
    ])
  func help(command: String) throws {
    let ending = try godwit([command, "--help"])
    #expect(ending.status == 0)
    #expect(ending.output.contains("Example"))
    let examples = ending.output.split(separator: "\n").filter { $0.hasPrefix("  godwit ") }
    #expect(examples.contains { $0.contains("godwit \(command)") })
  }

  @Test("The version is printed")
  func version() throws {
    #expect(
      try godwit(["--version"]) == Ending(status: 0, output: "godwit 0.1.0\n", complaint: ""))
  }

  @Test("A user outside the group is told which group it is", .enabled(if: geteuid() == 0))
  func permission() throws {
    let daemon = try TestDaemon(status())
    // Group 1 is `daemon` on every Debian.
    #expect(chown(daemon.directory, 0, 1) == 0)
    // As nobody, who may not reach a program below a private directory: so a copy elsewhere.
    let place = try makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: place) }
    #expect(chmod(place, 0o755) == 0)
    try FileManager.default.copyItem(atPath: try program, toPath: place + "/godwit")
    let ending = try run([
      "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", place + "/godwit",
      "--socket", daemon.path, "status",
    ])
    #expect(ending.status == 77)
    #expect(
      ending.complaint
        == "godwit: not allowed to talk to godwitd on \(daemon.path): only root and members of the "
        + "group daemon may; run the command as root, or join the group\n")
  }

  @Test("check names the file, its count of virtual routers, or its errors")
  func check() throws {
    let directory = try makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let good = directory + "/good.yaml"
    try """
    node: db-a
    virtual_routers:
      orders-db:
        vrid: 51
        interface: eth0
        addresses: [192.0.2.100/24]

    """.write(toFile: good, atomically: false, encoding: .utf8)
    #expect(
      try godwit(["check", good])
        == Ending(status: 0, output: "\(good): ok, 1 virtual router\n", complaint: ""))
    #expect(
      try godwit(["check", "--json", good]).output
        == #"{"errors":[],"file":"\#(good)","virtual_routers":1}"# + "\n")

    let bad = directory + "/bad.yaml"
    try "node: 7\n".write(toFile: bad, atomically: false, encoding: .utf8)
    let ending = try godwit(["check", bad])
    #expect(ending.status == 78 && ending.output == "")
    #expect(ending.complaint.hasPrefix("\(bad):"))
    #expect(ending.complaint.hasSuffix("the daemon would not start with it\n"))
    let json = try godwit(["check", "--json", bad])
    #expect(json.status == 78 && json.output.contains(#""virtual_routers":null"#))
  }
}

struct KeyFileTests {
  @Test("A key is 32 random bytes in hexadecimal, in a file that its owner alone may read")
  func form() throws {
    let directory = try makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let paths = [directory + "/1", directory + "/2"]
    for path in paths { try KeyFile.create(path: path) }
    let texts = try paths.map { try String(contentsOfFile: $0, encoding: .utf8) }
    for text in texts {
      #expect(text.wholeMatch(of: /hex:[0-9a-f]{64}\n/) != nil)
    }
    #expect(texts[0] != texts[1])
    var facts = stat()
    #expect(stat(paths[0], &facts) == 0 && facts.st_mode == S_IFREG | 0o600)
  }

  @Test("A file or a link that exists is left as it is")
  func exists() throws {
    let directory = try makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/1"
    try "old".write(toFile: path, atomically: false, encoding: .utf8)
    #expect(throws: KeyFile.Failure.exists(path)) { try KeyFile.create(path: path) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    let link = directory + "/2"
    #expect(symlink(directory + "/nowhere", link) == 0)
    #expect(throws: KeyFile.Failure.exists(link)) { try KeyFile.create(path: link) }
    #expect(!FileManager.default.fileExists(atPath: directory + "/nowhere"))
  }

  @Test("Where no file can be made, the path and the reason are named")
  func impossible() throws {
    let directory = try makeDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let path = directory + "/none/1"
    #expect(throws: KeyFile.Failure.system(call: "open", errno: ENOENT, path: path)) {
      try KeyFile.create(path: path)
    }
    #expect(KeyFile.Failure.system(call: "open", errno: EACCES, path: path).exitStatus == 77)
  }
}
