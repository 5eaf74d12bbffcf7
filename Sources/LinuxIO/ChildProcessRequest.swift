import CLinux
import Glibc

extension ChildProcess {
  /// What is to run.
  public struct Request: Sendable {
    /// The program's absolute path, then its arguments.
    public var arguments: [String]
    /// Its whole environment, each `NAME=VALUE`.
    public var environment: [String]
    /// The user to run as; nil for the daemon's own.
    public var credentials: Account.Credentials?
    /// Its standard input.
    public var input: [UInt8]
    /// Bytes of its standard output that are kept.
    public var outputLimit: Int
    /// Whether standard input stays open after `input`, for `writeMore`.
    public var keepsInputOpen = false

    public init(
      arguments: [String], environment: [String] = [], credentials: Account.Credentials? = nil,
      input: [UInt8] = [], outputLimit: Int = 65536
    ) {
      self.arguments = arguments
      self.environment = environment
      self.credentials = credentials
      self.input = input
      self.outputLimit = outputLimit
    }
  }
}

extension ChildProcess.Request {
  /// Whether execve(2) can get it: an absolute path, and no NUL within a string.
  var isWellFormed: Bool {
    guard let path = arguments.first, path.utf8.first == UInt8(ascii: "/") else { return false }
    return (arguments + environment).allSatisfy { !$0.utf8.contains(0) }
  }

  /// Starts the program with the streams that `wanted` names, and returns its pid and its pidfd.
  func spawn(_ wanted: inout godwit_spawn_request, _ pidfd: inout Int32) throws(SystemError)
    -> Int32
  {
    let groups = credentials?.groups ?? []
    if let user = credentials {
      wanted.switches_user = 1
      wanted.user = user.user
      wanted.group = user.group
      wanted.group_count = groups.count
    }
    var call: UnsafePointer<CChar>?
    var failure: Int32 = 0
    let process = withStrings(arguments) { arguments in
      withStrings(environment) { environment in
        groups.withUnsafeBufferPointer { groups in
          wanted.path = UnsafePointer(arguments[0])
          wanted.arguments = UnsafePointer(arguments)
          wanted.environment = UnsafePointer(environment)
          wanted.groups = groups.baseAddress
          let process = godwit_spawn(&wanted, &pidfd, &call)
          failure = errno
          return process
        }
      }
    }
    guard process >= 0 else {
      throw SystemError(call.map { String(cString: $0) } ?? "vfork", failure)
    }
    return process
  }

  // An array of C strings that ends with NULL, as execve(2) wants it.
  private func withStrings<Value>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
  ) -> Value {
    var pointers = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
  }
}
