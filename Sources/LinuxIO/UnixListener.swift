import CLinux
import Glibc

/// A listening Unix stream socket at a path (unix(7)): the daemon's control socket.
///
/// The path belongs to one daemon at a time: a socket that somebody answers on is never replaced, and
/// only the socket that this value made is ever removed.
public struct UnixListener: ~Copyable {
  private static let backlog: Int32 = 64

  private let socket: FileDescriptor
  private let path: String
  private let identity: FileIdentity

  private init(socket: consuming FileDescriptor, path: String, identity: FileIdentity) {
    self.socket = socket
    self.path = path
    self.identity = identity
  }

  /// Listens at `path` with that mode and group (nil: the daemon's own); makes its directory when it
  /// is missing. Throws EADDRINUSE when another process answers there or is just being started,
  /// EEXIST when there is something that is no socket.
  public static func open(path: String, mode: UInt16, group: UInt32?) throws(SystemError)
    -> UnixListener
  {
    let address = try UnixAddress(path: path)
    let directory = try lockDirectory(of: path)
    defer { flock(directory.number, LOCK_UN) }
    try removeStaleSocket(at: path, address)
    let socket = try UnixAddress.socket()
    guard address.use({ bind(socket.number, $0, $1) }) == 0 else { throw SystemError("bind") }
    guard let identity = FileIdentity(path: path) else { throw SystemError("lstat") }
    let listener = UnixListener(socket: socket, path: path, identity: identity)
    // Nobody can connect before listen(2), so the mode may come after the name.
    if let group {
      guard lchown(path, uid_t.max, group) == 0 else { throw listener.failure("chown") }
    }
    guard chmod(path, mode_t(mode)) == 0 else { throw listener.failure("chmod") }
    guard listen(listener.descriptor, backlog) == 0 else { throw listener.failure("listen") }
    return listener
  }

  /// Readable when somebody connects.
  public var descriptor: Int32 { socket.number }

  /// The next connection; nil when nobody waits. Throws EMFILE or ENFILE when no descriptor is left:
  /// the listener then stays readable, and should not be watched until one is free.
  public func accept() throws(SystemError) -> UnixConnection? {
    while true {
      let number = godwit_accept(socket.number)
      if number >= 0 { return UnixConnection(FileDescriptor(owning: number)) }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EAGAIN: return nil
      default: throw SystemError("accept4")
      }
    }
  }

  /// Stops listening and removes the path, unless it has become another's.
  public consuming func close() { removePath() }

  private func removePath() {
    if FileIdentity(path: path) == identity { unlink(path) }
  }

  private func failure(_ call: String) -> SystemError {
    let error = SystemError(call)
    removePath()
    return error
  }

  // Of two daemons that start at once only one may look for a stale socket.
  private static func lockDirectory(of path: String) throws(SystemError) -> FileDescriptor {
    let parent = path.lastIndex(of: "/").map { path[..<$0] } ?? "."
    let directory = parent.isEmpty ? "/" : String(parent)
    guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw SystemError("mkdir") }
    let number = Glibc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw SystemError("open") }
    let descriptor = FileDescriptor(owning: number)
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      throw errno == EWOULDBLOCK ? SystemError("bind", EADDRINUSE) : SystemError("flock")
    }
    return descriptor
  }

  private static func removeStaleSocket(at path: String, _ address: UnixAddress)
    throws(SystemError)
  {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw SystemError("lstat")
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else { throw SystemError("bind", EEXIST) }
    let probe = try UnixAddress.socket()
    let answered = address.use { connect(probe.number, $0, $1) } == 0
    // Only ECONNREFUSED says that nobody listens: EAGAIN is a daemon whose queue is full.
    guard !answered, errno == ECONNREFUSED else { throw SystemError("bind", EADDRINUSE) }
    guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("unlink") }
  }
}
