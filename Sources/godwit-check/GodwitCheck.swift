import CLinux
import Glibc

/// `godwit-check`: asks one question about this host and answers with its exit status, 0 yes, 1 no with
/// one line of reason on standard error, 64 for a wrong command line. The daemon runs it for the checks
/// that are not an operator's own program, so that nothing they wait for can hold up the daemon.
@main
struct GodwitCheck {
  static let usage = """
    usage: godwit-check [--timeout-ms N] tcp ADDRESS:PORT
           godwit-check [--timeout-ms N] http http://HOST[:PORT]/PATH
           godwit-check [--timeout-ms N] process NAME
           godwit-check [--timeout-ms N] file PATH
    """

  static func main() {
    let command: CommandLineArguments
    do {
      command = try CommandLineArguments(CommandLine.arguments.dropFirst())
    } catch {
      say("godwit-check: \(error.text)\n\(usage)")
      exit(64)
    }
    let subject = "\(command.kind) \(command.subject)"
    let milliseconds = command.timeoutMilliseconds
    guard godwit_exit_after(milliseconds, "\(subject): no answer within \(milliseconds) ms\n") == 0
    else {
      say("\(subject): no timer")
      exit(1)
    }
    do {
      try answer(command)
    } catch {
      say("\(subject): \(error.text)")
      exit(1)
    }
  }

  private static func answer(_ command: CommandLineArguments) throws(Failure) {
    let deadline = Deadline(milliseconds: command.timeoutMilliseconds)
    switch command.question {
    case .tcp(let endpoint): _ = try Connection.open(to: endpoint, until: deadline)
    case .http(let location): try HTTPCheck.run(location, until: deadline)
    case .process(let name): try ProcessCheck.run(name)
    case .file(let path):
      var status = stat()
      guard stat(path, &status) == 0 else { throw Failure(systemCall: "stat") }
    }
  }

  private static func say(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = write(2, bytes, bytes.count)
  }
}

/// Why the answer is no, as one line for people.
struct Failure: Error {
  let text: String

  init(_ text: String) { self.text = text }

  init(systemCall: String, _ code: Int32 = errno) {
    text = "\(systemCall): \(String(cString: strerror(code)))"
  }
}
