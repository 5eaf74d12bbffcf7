import Glibc

/// One owner of a descriptor; closes it with itself.
public struct FileDescriptor: ~Copyable {
  /// The number the kernel knows it by.
  public let number: Int32

  public init(owning number: Int32) { self.number = number }

  deinit { close(number) }
}
