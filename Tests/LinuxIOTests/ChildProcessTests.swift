import CLinux
import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// What a child did until it ended.
struct Outcome {
  var status: ChildProcess.ExitStatus?
  var output = ""
  var overflowed = false
  var errors: [String] = []
}

/// Runs a program to its end with an event loop, as the daemon does.
func run(_ request: ChildProcess.Request) throws -> Outcome {
  ProcessLimits.ignoreBrokenPipes()
  var child = try ChildProcess.start(request)
  var loop = try EventLoop.make()
  var outcome = Outcome()
  try loop.watch(child.exitDescriptor, for: .readable, token: 0)
  if let input = child.inputDescriptor { try loop.watch(input, for: .writable, token: 1) }
  if let output = child.outputDescriptor { try loop.watch(output, for: .readable, token: 2) }
  if let error = child.errorDescriptor { try loop.watch(error, for: .readable, token: 3) }
  let end = Clock.now() + .seconds(60)
  try loop.arm(end)
  while outcome.status == nil && Clock.now() < end {
    for event in try loop.wait() {
      switch event.token {
      case 1: child.writeInput()
      case 2: _ = child.readOutput()
      case 3: child.readErrorLines { outcome.errors.append($0) }
      default:
        outcome.status = child.reap()
        _ = child.readOutput()
        child.readErrorLines { outcome.errors.append($0) }
      }
    }
  }
  outcome.output = String(decoding: child.output, as: UTF8.self)
  outcome.overflowed = child.outputOverflowed
  return outcome
}

func shell(_ script: String, limit: Int = 65536, input: [UInt8] = []) -> ChildProcess.Request {
  ChildProcess.Request(
    arguments: ["/bin/sh", "-c", script], environment: ["PATH=/usr/bin:/bin"], input: input,
    outputLimit: limit)
}

@Suite struct ChildProcessTests {
  @Test func `A program gets its arguments, its input and exactly the environment it was given`()
    throws
  {
    let environment = try run(
      ChildProcess.Request(
        arguments: ["/usr/bin/env"], environment: ["GODWIT_EVENT=promote", "GODWIT_REASON=a b\nc"]))
    #expect(environment.status == .exited(0))
    #expect(environment.output == "GODWIT_EVENT=promote\nGODWIT_REASON=a b\nc\n")
    let echo = try run(ChildProcess.Request(arguments: ["/bin/cat"], input: Array("{}\n".utf8)))
    #expect(echo.output == "{}\n")
    let arguments = try run(
      ChildProcess.Request(arguments: ["/usr/bin/printf", "%s|", "a b", "", "ü"]))
    #expect(arguments.output == "a b||ü|")
  }

  @Test func `A program starts in its own session, in the root directory, with mask 022`() throws {
    let script = "echo $$; ps -o sid=,pgid= -p $$ | tr -s ' ' '\\n' | grep .; pwd; umask"
    let lines = try run(shell(script)).output.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(Set(lines.prefix(3)).count == 1)
    #expect(lines.suffix(2) == ["/", "0022"])
  }

  @Test func `A program inherits no signal disposition, no mask and no descriptor`() throws {
    ProcessLimits.ignoreBrokenPipes()
    let inherited = open("/dev/null", O_RDONLY)
    defer { close(inherited) }
    let signals = try SignalSource.make([SIGTERM, SIGUSR1])
    defer { _ = signals.descriptor }
    let outcome = try run(
      shell("sed -nE '/^Sig(Blk|Ign|Cgt)/p' /proc/self/status; exec ls /proc/self/fd"))
    #expect(
      outcome.output == """
        SigBlk:\t0000000000000000
        SigIgn:\t0000000000000000
        SigCgt:\t0000000000000000
        0
        1
        2
        3

        """, "3 is the directory that ls reads")
  }

  @Test(.requiresRoot)
  func `Neither real time nor priority nor OOM score is inherited`() throws {
    let score = readFile("/proc/self/oom_score_adj")
    // Refused where CAP_SYS_RESOURCE is missing: then both keep what they had.
    writeFile("/proc/self/oom_score_adj", "-300")
    let lowered = readFile("/proc/self/oom_score_adj")
    var parameters = sched_param(sched_priority: 3)
    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -7)
    #expect(sched_setscheduler(0, SCHED_FIFO, &parameters) == 0)
    defer {
      parameters.sched_priority = 0
      sched_setscheduler(0, SCHED_OTHER, &parameters)
      setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 0)
      writeFile("/proc/self/oom_score_adj", score)
    }
    let outcome = try run(shell("cat /proc/self/oom_score_adj; ps -o cls=,ni= -p $$"))
    #expect(outcome.output.split { $0.isWhitespace } == ["0", "TS", "0"])
    #expect(readFile("/proc/self/oom_score_adj") == lowered, "the parent keeps its own")
    #expect(sched_getscheduler(0) == SCHED_FIFO)
  }

  @Test(.requiresRoot) func `A program runs as the user it was given, with that user's groups`()
    throws
  {
    let nobody = try #require(Account.credentials(user: "nobody"))
    let directory = TemporaryDirectory()
    let script =
      "id -u; id -ru; id -g; id -G; echo out > /dev/stdout; grep ^CapEff /proc/self/status"
    var request = shell(script)
    request.credentials = nobody
    let outcome = try run(request)
    let groups = nobody.groups.map { String($0) }.joined(separator: " ")
    #expect(outcome.errors == [])
    #expect(
      outcome.output
        == "65534\n65534\n65534\n\(groups)\nout\nCapEff:\t0000000000000000\n")
    let secret = directory.write("#!/bin/sh\n", to: "secret", mode: 0o700)
    request.arguments = [secret]
    #expect(throws: SystemError("execve", EACCES)) { _ = try ChildProcess.start(request) }
  }

  @Test func `A program can be run as the user that the daemon is, root or not`() throws {
    let name = try #require(Account.userName(geteuid()))
    var request = shell("id -un")
    request.credentials = Account.credentials(user: name)
    #expect(request.credentials?.user == geteuid())
    #expect(try run(request).output == "\(name)\n")
  }

  @Test func `A missing program, one that may not be run and no absolute path are told apart`()
    throws
  {
    let directory = TemporaryDirectory()
    let plain = directory.write("#!/bin/sh\n", to: "plain")
    let cases: [([String], Int32)] = [
      (["/nonexistent/program"], ENOENT), ([plain], EACCES), (["/etc"], EACCES),
      (["sh", "-c", "true"], EINVAL), ([], EINVAL), (["/bin/echo", "a\0b"], EINVAL),
    ]
    for (arguments, code) in cases {
      #expect(throws: SystemError("execve", code)) {
        _ = try ChildProcess.start(ChildProcess.Request(arguments: arguments))
      }
    }
  }

  @Test func `The exit code and the signal that ended a program are told apart`() throws {
    #expect(try run(shell("exit 75")).status == .exited(75))
    #expect(try run(shell("kill -USR1 $$")).status == .signalled(SIGUSR1))
  }

  @Test func `Output beyond the limit is dropped and remembered, and never stops the program`()
    throws
  {
    let outcome = try run(
      shell("head -c 5000000 /dev/zero | tr '\\0' a; head -c 3000000 /dev/zero >&2", limit: 100))
    #expect(outcome.status == .exited(0))
    #expect(outcome.output == String(repeating: "a", count: 100))
    #expect(outcome.overflowed)
    let exact = try run(shell("printf 12345", limit: 5))
    #expect(exact.output == "12345")
    #expect(!exact.overflowed)
  }

  @Test func `Input of megabytes goes through, and a program that does not read it can end`() throws
  {
    let input = [UInt8](repeating: 120, count: 3_000_000)
    #expect(try run(shell("wc -c", input: input)).output == "3000000\n")
    #expect(try run(shell("exec true", input: input)).status == .exited(0))
  }

  @Test func `64 KiB of input are in the pipe when start returns`() throws {
    let child = try ChildProcess.start(
      shell("sleep 100", input: [UInt8](repeating: 1, count: 65536)))
    let input = child.inputDescriptor
    #expect(input == nil)
  }

  @Test func `Standard error comes as bounded, harmless lines`() throws {
    let script = """
      printf 'one\\r\\n\\n\\033[31mtwo\\ttab\\n\\377\\n' >&2
      head -c 5000 /dev/zero | tr '\\0' b >&2; printf '\\nlast' >&2
      """
    let outcome = try run(shell(script))
    #expect(
      outcome.errors == [
        "one", "?[31mtwo tab", "\u{FFFD}", String(repeating: "b", count: 1024) + "…", "last",
      ])
  }

  @Test func `A grandchild that holds the output open does not delay the end, and ends with it`()
    throws
  {
    let start = Clock.now()
    let outcome = try run(shell("sleep 1000 & echo $!; exit 3"))
    #expect(outcome.status == .exited(3))
    #expect(Clock.now() - start < .seconds(20))
    let grandchild = try #require(Int32(outcome.output.split(separator: "\n")[0]))
    #expect(becomesTrue { hasEnded(grandchild) })
  }

  @Test func `The last line of errors comes although somebody out of reach holds the stream open`()
    throws
  {
    let outcome = try run(shell("printf unfinished >&2; setsid sleep 5 & exit 1"))
    #expect(outcome.status == .exited(1))
    #expect(outcome.errors == ["unfinished"])
  }

  @Test func `A signal to the group reaches grandchildren`() throws {
    var child = try ChildProcess.start(shell("sleep 1000 & sleep 1000 & echo $!; wait"))
    let output = child.outputDescriptor
    #expect(waitUntilReady(try #require(output)))
    _ = child.readOutput()
    let grandchild = try #require(
      Int32(String(decoding: child.output, as: UTF8.self).split(separator: "\n")[0]))
    #expect(child.reap() == nil)
    child.killGroup()
    #expect(waitUntilReady(child.exitDescriptor))
    #expect(child.reap() == .signalled(SIGKILL))
    #expect(child.reap() == nil)
    #expect(becomesTrue { hasEnded(grandchild) })
  }

  @Test func `A process whose owner is dropped is killed`() throws {
    func startAndDrop() throws -> Int32 {
      try ChildProcess.start(shell("sleep 1000")).processIdentifier
    }
    let process = try startAndDrop()
    #expect(becomesTrue { hasEnded(process) })
    waitpid(process, nil, WNOHANG)
  }

  @Test func `Starting two hundred programs leaves no descriptor and no zombie`() throws {
    let before = openPidfdsAndPipes()
    for _ in 0..<200 {
      #expect(try run(ChildProcess.Request(arguments: ["/bin/true"])).status == .exited(0))
      #expect(throws: SystemError("execve", ENOENT)) {
        _ = try ChildProcess.start(ChildProcess.Request(arguments: ["/nonexistent"]))
      }
    }
    // Other tests run beside this one: a leak would be hundreds.
    #expect(openPidfdsAndPipes() - before < 150)
  }
}

/// Whether a process is gone or a zombie.
private func hasEnded(_ process: Int32) -> Bool {
  guard let file = fopen("/proc/\(process)/stat", "re") else { return true }
  defer { fclose(file) }
  var buffer = [CChar](repeating: 0, count: 512)
  let count = fread(&buffer, 1, buffer.count, file)
  let text = buffer.prefix(count).map { UInt8(bitPattern: $0) }
  guard let end = text.lastIndex(of: UInt8(ascii: ")")), end + 2 < text.count else { return true }
  return text[end + 2] == UInt8(ascii: "Z") || text[end + 2] == UInt8(ascii: "X")
}

private func openPidfdsAndPipes() -> Int {
  (0..<1024).count { fcntl(Int32($0), F_GETFD) >= 0 }
}
