import Control
import Failover
import Glibc
import LinuxIO
import VRRP

// Programs: hooks and checks are started, watched, judged and cleared away here.
extension Daemon {
  // MARK: Hooks

  func startHook(_ run: HookRun, _ router: LocalRouter) {
    log.write(
      run.order.isRoutine ? .debug : .info,
      "\(router.name): \(run.order.event.rawValue)[\(run.identifier.number)] starts:"
        + " \(run.hook.command.joined(separator: " "))"
        + (run.attempt > 1 ? " (try \(run.attempt))" : ""))
    let facts = HookFacts(run, router, configuration, operation: operations.text)
    let credentials: Account.Credentials?
    switch account(run.hook.user) {
    case .success(let found): credentials = found
    case .failure(let problem):
      feed(router, .hookEnded(run.identifier, .notStarted(problem.text)))
      return
    }
    let request = ChildProcess.Request(
      arguments: run.hook.command + [run.order.event.rawValue],
      environment: facts.environment(credentials), credentials: credentials,
      input: facts.document, outputLimit: 65536)
    do throws(SystemError) {
      _ = try children.start(request, .hook(router, run), loop: loop, at: Clock.now())
      router.counters.hooksRun += 1
    } catch {
      let why = "\(run.hook.command.first ?? ""): \(error)"
      feed(router, .hookEnded(run.identifier, .notStarted(why)))
    }
  }

  /// A program was judged: the log and the history hear of it.
  func tell(_ run: HookRun, _ result: HookResult, _ router: LocalRouter) {
    let now = Clock.now()
    let child = children.hook(router, run.identifier)
    if !result.passes { router.counters.hooksFailed += 1 }
    if run.order.event == .demote, result.passes, let operation = run.order.operation,
      let child, !child.process.output.isEmpty
    {
      router.demoteResult = (operation, Array(child.process.output))
    }
    let isNews =
      !run.order.isRoutine || router.precheckNews.isNews(result, of: run.hook, at: now)
    let why = run.order.isRoutine ? child?.lastLine ?? "" : ""
    log.write(
      !isNews ? .debug : result == .warning ? .warning : result.passes ? .info : .error,
      "\(router.name): \(run.order.event.rawValue)[\(run.identifier.number)] \(result)"
        + (why.isEmpty ? "" : ": \(why)"))
    guard isNews else { return }
    store.keep(
      HistoryEntry(
        run, result, of: router, output: child.flatMap { HookRecord.kept($0.process.output) },
        took: child.map { now - $0.started },
        operation: run.order.operation.map(operations.text)),
      loop: loop)
  }

  // MARK: Checks

  func startCheck(_ index: Int, _ router: LocalRouter) {
    let settings = router.participant.checks[index].settings
    let credentials: Account.Credentials?
    switch account(settings.user) {
    case .success(let found): credentials = found
    case .failure(let problem):
      feed(router, .checkEnded(index, failure: problem.text))
      return
    }
    let request = ChildProcess.Request(
      arguments: settings.arguments, environment: HookFacts.basicEnvironment(credentials),
      credentials: credentials, input: [], outputLimit: 4096)
    do throws(SystemError) {
      _ = try children.start(request, .check(router, settings), loop: loop, at: Clock.now())
    } catch {
      feed(
        router,
        .checkEnded(
          index, failure: "could not be started: \(settings.arguments.first ?? ""): \(error)"))
    }
  }

  func killCheck(_ index: Int, _ router: LocalRouter) {
    children.check(router, router.participant.checks[index].settings)?.process.killGroup()
  }

  // MARK: What programs do

  func childWants(_ number: UInt64) {
    guard let child = children[number], let descriptor = child.process.inputDescriptor else {
      return
    }
    child.process.writeInput()
    // Closed by itself once everything is written, and with that forgotten by the kernel.
    if child.process.inputDescriptor == nil { _ = descriptor }
  }

  func childSays(_ number: UInt64) {
    guard let child = children[number] else { return }
    _ = child.process.readOutput()
  }

  func childComplains(_ number: UInt64) {
    guard let child = children[number] else { return }
    let now = Clock.now()
    if now - child.linesSince >= .seconds(1) {
      child.linesSince = now
      child.linesLeft = Child.linesPerSecond
    }
    _ = child.process.readErrorLines { line in
      child.lastLine = line
      guard case .hook(let router, let run) = child.purpose else { return }
      child.linesLeft -= 1
      let name = "\(router.name): \(run.order.event.rawValue)[\(run.identifier.number)]"
      if child.linesLeft > 0 {
        // What a routine precheck complains of is told with its verdict, when that is news.
        log.write(run.order.isRoutine ? .debug : .info, "\(name): \(line)")
      } else if child.linesLeft == 0 {
        log.write(.warning, "\(name): more than \(Child.linesPerSecond) lines in a second: cut")
      }
    }
  }

  func childEnded(_ number: UInt64) {
    guard let child = children[number] else { return }
    // This ends what it left running in its group, so that nothing holds the pipes open.
    guard let status = child.process.reap() else { return }
    loop.forget(child.process.exitDescriptor)
    // What it wrote before it ended is still in them.
    _ = child.process.readOutput()
    childComplains(number)
    switch child.purpose {
    case .hook(let router, let run):
      feed(router, .hookEnded(run.identifier, ProgramEnd(status)))
    case .check(let router, let settings):
      let index = router.participant.checks.firstIndex { $0.settings == settings }
      if let index {
        feed(router, .checkEnded(index, failure: child.failure(status)))
      }
    }
    children.forget(number)
  }

  // MARK: Users

  private func account(
    _ user: String?
  ) -> Result<Account.Credentials?, AccountProblem> {
    guard let user else { return .success(nil) }
    guard let found = accounts[user] else {
      return .failure(AccountProblem(text: "there is no user \(user)"))
    }
    return .success(found)
  }
}

struct AccountProblem: Error {
  let text: String
}

extension Child {
  /// Why a check failed; nil when it passed.
  func failure(_ status: ChildProcess.ExitStatus) -> String? {
    let told = lastLine.isEmpty ? "" : ": \(lastLine)"
    switch status {
    case .exited(0): return nil
    case .exited(let number): return "exit status \(number)\(told)"
    case .signalled(let number): return "ended by signal \(number)\(told)"
    }
  }
}

extension ProgramEnd {
  init(_ status: ChildProcess.ExitStatus) {
    switch status {
    case .exited(let number): self = .exited(number)
    case .signalled(let number): self = .signalled(number)
    }
  }
}

extension HookOrder {
  /// A precheck that nobody asked for: it runs every few seconds.
  fileprivate var isRoutine: Bool { event == .precheck && operation == nil }
}

extension CheckSettings {
  /// The command line: the operator's own, or one of `godwit-check`.
  var arguments: [String] {
    let limit = ["--timeout-ms", String(max(1, timeout.wholeMilliseconds))]
    switch probe {
    case .command(let command): return command
    case .tcp(let address): return [Self.program] + limit + ["tcp", address]
    case .http(let address): return [Self.program] + limit + ["http", address]
    case .process(let name): return [Self.program] + limit + ["process", name]
    case .file(let path): return [Self.program] + limit + ["file", path]
    }
  }

  /// Beside the daemon in a build, in the libexec directory once installed.
  private static let program: String = {
    let own = selfPath()
    let directory = own.split(separator: "/").dropLast().joined(separator: "/")
    let beside = "/\(directory)/godwit-check"
    return access(beside, X_OK) == 0 ? beside : "/usr/libexec/godwit/godwit-check"
  }()
}

/// The path of this program (proc(5), /proc/self/exe).
func selfPath() -> String {
  var buffer = [UInt8](repeating: 0, count: 4096)
  let length = readlink("/proc/self/exe", &buffer, buffer.count)
  return length > 0 ? String(decoding: buffer[..<length], as: UTF8.self) : ""
}

extension Children {
  /// How long the daemon's end waits for programs that it told to end.
  private static let endLimit = Duration.seconds(1)

  /// At the daemon's end: what still runs only tells something, and ends with the daemon.
  func endAll(log: Log) {
    for child in running.values {
      if case .hook(let router, let run) = child.purpose {
        log.write(
          .warning,
          "\(router.name): \(run.order.event.rawValue)[\(run.identifier.number)] still runs and is"
            + " ended")
      }
      child.process.signalGroup(Signal.terminate)
    }
    let limit = Clock.now() + Self.endLimit
    for (number, child) in running {
      var poll = pollfd(fd: child.process.exitDescriptor, events: Int16(POLLIN), revents: 0)
      let left = max(0, (limit - Clock.now()).wholeMilliseconds)
      if Glibc.poll(&poll, 1, Int32(clamping: left)) <= 0 { child.process.killGroup() }
      _ = child.process.reap()
      forget(number)
    }
  }
}
