import Glibc

/// A system call that failed: its name and errno (errno(3)).
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name of the call, as its manual page has it.
  public let call: String
  /// A positive errno.
  public let code: Int32

  public init(_ call: String, _ code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  /// The call and strerror(3): `bind: Address already in use`.
  public var description: String { "\(call): \(String(cString: strerror(code)))" }
}
