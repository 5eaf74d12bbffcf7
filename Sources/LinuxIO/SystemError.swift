import Glibc

/// A system call that failed: its name and errno (errno(3)).
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The call's name, such as `bind`.
  public let call: String
  /// The value of errno.
  public let code: Int32

  public init(_ call: String, _ code: Int32 = errno) {
    self.call = call
    self.code = code
  }

  /// Such as `bind: Address already in use`.
  public var description: String { "\(call): \(String(cString: strerror(code)))" }
}
