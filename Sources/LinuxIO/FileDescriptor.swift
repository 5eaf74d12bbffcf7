import Glibc

/// One owner of a descriptor; closes it with itself.
public struct FileDescriptor: ~Copyable {
  /// The open descriptor, valid as long as this value lives.
  public let number: Int32

  /// Takes over `number`, which nobody else may close.
  public init(owning number: Int32) { self.number = number }

  deinit { close(number) }
}
