import CLab
import Foundation

/// How a process came to its end.
public enum ProcessExit: Hashable, Sendable {
  case status(Int32)
  case signal(Int32)
}

/// A program that runs in a namespace of the lab, in its own process group. The lab ends it.
public final class LabProcess {
  /// How the program gets into the namespace.
  public enum Entry: Sendable {
    /// By ip-netns(8): with the /sys of the namespace, as a daemon should see it.
    case complete
    /// The network alone, which costs nothing: for tools.
    case network
  }

  public let arguments: [String]
  /// The program's own identifier: ip-netns(8) turns into the program.
  public let processIdentifier: Int32
  /// Where its standard output and standard error went; the same file for a daemon.
  public let outputPath: String
  public let errorsPath: String
  /// How it ended; nil while it runs or has not been waited for.
  public private(set) var exit: ProcessExit?
  private weak var lab: Lab?

  fileprivate init(
    _ lab: Lab, _ arguments: [String], _ processIdentifier: Int32, _ output: String,
    _ errors: String
  ) {
    self.lab = lab
    self.arguments = arguments
    self.processIdentifier = processIdentifier
    outputPath = output
    errorsPath = errors
  }

  deinit { end() }

  public var output: String { contents(outputPath) }
  public var errors: String { contents(errorsPath) }

  /// Whether it has not ended yet.
  public var isRunning: Bool { (try? poll(.zero)) == nil && exit == nil }

  /// kill(2) to this process alone; nothing when it has ended.
  public func signal(_ number: Int32) { if isRunning { kill(processIdentifier, number) } }

  /// Its children and theirs, as the kernel lists them now.
  public var descendants: [Int32] {
    var found: [Int32] = []
    var parents = [processIdentifier]
    while let parent = parents.popLast() {
      let path = "/proc/\(parent)/task/\(parent)/children"
      let children = contents(path).split(separator: " ").compactMap { Int32($0) }
      found += children
      parents += children
    }
    return found
  }

  /// Waits for its end; an error with its log when it still runs after `limit`.
  @discardableResult
  public func waitForExit(within limit: Duration = .seconds(20)) throws -> ProcessExit {
    if let exit = try poll(limit) { return exit }
    throw LabError("still runs after \(limit): \(arguments)\n\(errors.suffix(3000))")
  }

  private func poll(_ limit: Duration) throws -> ProcessExit? {
    if let exit { return exit }
    var status: Int32 = 0
    let ended = clinux_lab_wait(processIdentifier, limit.forPoll, &status)
    if ended < 0 { throw LabError.system("wait for \(arguments)") }
    if ended > 0 {
      // wait(2): the low seven bits are the signal, the second byte the status.
      exit = status & 0x7f == 0 ? .status(status >> 8 & 0xff) : .signal(status & 0x7f)
    }
    return exit
  }

  /// Ends it and its process group at once, and waits for it.
  public func end() {
    guard isRunning else { return }
    kill(-processIdentifier, SIGKILL)
    _ = try? poll(.seconds(5))
  }

  /// Ends it and removes its files: for tools whose output has been read.
  func forget() {
    end()
    unlink(outputPath)
    unlink(errorsPath)
    lab?.processes.removeAll { $0 === self }
  }
}

/// What a tool printed, and how it ended.
public struct ToolResult: Sendable {
  public var arguments: [String]
  public var exit: ProcessExit
  public var output: String
  public var errors: String

  /// Its exit status; nil when a signal ended it.
  public var status: Int32? {
    if case .status(let status) = exit { status } else { nil }
  }

  /// An error with everything it printed unless its exit status is 0.
  @discardableResult
  public func expectSuccess() throws -> ToolResult {
    if exit == .status(0) { return self }
    throw LabError("\(arguments) ended with \(exit): \(errors)\(output)")
  }
}

extension Lab {
  /// Starts a program without a shell, in a node or, for nil, outside. With a `log` both outputs go
  /// to `<log>.log` in the lab's directory.
  public func start(
    _ arguments: [String], in node: String?, environment: [String: String] = [:],
    input: String? = nil, log: String? = nil, entry: LabProcess.Entry = .complete
  ) throws -> LabProcess {
    let number = nextNumber()
    let output = "\(directory)/" + (log.map { "\($0).log" } ?? "\(number).out")
    let errors = log == nil ? "\(directory)/\(number).err" : output
    var descriptors: [Int32] = [-1, -1, -1]
    defer { for descriptor in descriptors where descriptor >= 0 { close(descriptor) } }
    if let input {
      let path = "\(directory)/\(number).in"
      try input.write(toFile: path, atomically: false, encoding: .utf8)
      descriptors[0] = open(path, O_RDONLY | O_CLOEXEC)
      unlink(path)
    }
    for (index, path) in [(1, output), (2, errors)] {
      descriptors[index] = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
      if descriptors[index] < 0 { throw LabError.system("open \(path)") }
    }
    var command = arguments
    var namespace = node.map { self.namespace(of: $0) }
    if entry == .complete, let name = namespace {
      command = ["ip", "netns", "exec", name] + arguments
      namespace = nil
    }
    command[0] = Products.find(command[0]) ?? command[0]
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let identifier = withStrings(command) { arguments in
      withStrings(variables.map { "\($0)=\($1)" }) { variables in
        clinux_lab_spawn(
          namespace, arguments, variables, descriptors[0], descriptors[1], descriptors[2])
      }
    }
    guard identifier > 0 else { throw LabError.system("start \(arguments)") }
    let process = LabProcess(self, arguments, identifier, output, errors)
    processes.append(process)
    return process
  }

  /// Runs a tool to its end.
  @discardableResult
  public func run(
    _ arguments: [String], in node: String?, environment: [String: String] = [:],
    input: String? = nil, within limit: Duration = .seconds(20)
  ) throws -> ToolResult {
    let process = try start(
      arguments, in: node, environment: environment, input: input, entry: .network)
    defer { process.forget() }
    let exit = try process.waitForExit(within: limit)
    return ToolResult(
      arguments: arguments, exit: exit, output: process.output, errors: process.errors)
  }
}

/// The strings as a NULL-terminated array of C strings, for execve(2).
private func withStrings<Result>(
  _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  var pointers = strings.map { strdup($0) } + [nil]
  defer { for pointer in pointers { free(pointer) } }
  return pointers.withUnsafeMutableBufferPointer { buffer in
    // The array has at least its terminating nil.
    body(buffer.baseAddress ?? .allocate(capacity: 1))
  }
}
