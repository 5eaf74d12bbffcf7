import Glibc

/// What went wrong in the lab, in a sentence, with the logs that may explain it.
public struct LabError: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }

  /// A failed system call: its name and errno(3).
  static func system(_ call: String, _ number: Int32 = errno) -> LabError {
    LabError("\(call): \(String(cString: strerror(number)))")
  }
}
