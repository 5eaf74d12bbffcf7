import CLinux
import Glibc

/// A pipe (pipe(7)) between the daemon, whose end never blocks, and a child.
struct Pipe: ~Copyable {
  enum Direction { case reading, writing }

  /// The daemon's end.
  private let kept: FileDescriptor
  /// The child's end; closed here once the child has it.
  let given: FileDescriptor

  private init(kept: consuming FileDescriptor, given: consuming FileDescriptor) {
    self.kept = kept
    self.given = given
  }

  static func make(keeps direction: Direction) throws(SystemError) -> Pipe {
    var ends: (reading: Int32, writing: Int32) = (-1, -1)
    let result = withUnsafeMutableBytes(of: &ends) {
      godwit_pipe($0.baseAddress?.assumingMemoryBound(to: Int32.self))
    }
    guard result == 0 else { throw SystemError("pipe2") }
    let (kept, given) =
      switch direction {
      case .reading: (ends.reading, ends.writing)
      case .writing: (ends.writing, ends.reading)
      }
    let pipe = Pipe(kept: FileDescriptor(owning: kept), given: FileDescriptor(owning: given))
    guard fcntl(kept, F_SETFL, O_NONBLOCK) == 0 else { throw SystemError("fcntl") }
    return pipe
  }

  /// Closes the child's end and hands over the daemon's.
  consuming func keep() -> FileDescriptor { kept }
}

extension Optional where Wrapped: ~Copyable {
  /// What `read` says of the value that is there.
  borrowing func reading<Value>(_ read: (borrowing Wrapped) -> Value) -> Value? {
    switch self {
    case .some(let value): read(value)
    case .none: nil
    }
  }
}
