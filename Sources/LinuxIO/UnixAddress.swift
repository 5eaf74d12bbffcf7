import CLinux
// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc

/// The address of a Unix socket: a path, or a name in the abstract space (unix(7)).
struct UnixAddress {
  private var storage = sockaddr_un()
  private var length: socklen_t

  /// Throws ENAMETOOLONG for more than 107 bytes, EINVAL for none or with NUL in it.
  init(path: String) throws(SystemError) { try self.init(Array(path.utf8)) }

  /// The same; a name in the abstract space is written with `@` before it.
  init(notation: String) throws(SystemError) {
    var bytes = Array(notation.utf8)
    guard bytes.first == UInt8(ascii: "@") else {
      try self.init(bytes)
      return
    }
    bytes.removeFirst()
    try self.init(bytes, isAbstract: true)
  }

  private init(_ bytes: [UInt8], isAbstract: Bool = false) throws(SystemError) {
    let capacity = MemoryLayout.size(ofValue: storage.sun_path)
    guard !bytes.isEmpty, !bytes.contains(0) else { throw SystemError("bind", EINVAL) }
    guard bytes.count < capacity else { throw SystemError("bind", ENAMETOOLONG) }
    storage.sun_family = sa_family_t(AF_UNIX)
    let start = isAbstract ? 1 : 0
    withUnsafeMutableBytes(of: &storage.sun_path) { path in
      for (index, byte) in bytes.enumerated() { path[start + index] = byte }
    }
    // A path ends with NUL, an abstract name with its length.
    length = socklen_t(MemoryLayout<sockaddr_un>.size - capacity + bytes.count + 1)
  }

  /// Hands the address to a system call.
  func use(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, length) }
    }
  }

  /// A socket that never blocks: a stream, or datagrams.
  static func socket(_ type: __socket_type = SOCK_STREAM) throws(SystemError) -> FileDescriptor {
    let flags = SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let number = Glibc.socket(AF_UNIX, Int32(type.rawValue | flags), 0)
    guard number >= 0 else { throw SystemError("socket") }
    return FileDescriptor(owning: number)
  }
}
