import Glibc

/// The options of a socket that somebody else owns.
struct SocketOptions {
  let descriptor: Int32

  init(of descriptor: Int32) { self.descriptor = descriptor }

  /// Sets an option to a C value (setsockopt(2)); `name` is how an error names it.
  func set<Value>(
    _ level: Int32, _ option: Int32, _ value: Value, name: StaticString
  ) throws(SystemError) {
    var value = value
    let result = withUnsafeBytes(of: &value) { bytes in
      setsockopt(descriptor, level, option, bytes.baseAddress, socklen_t(bytes.count))
    }
    guard result == 0 else { throw SystemError("setsockopt \(name)") }
  }

  /// Asks for a receive buffer of `bytes`: beyond the system's limit where that is allowed, else up
  /// to it (socket(7)).
  func enlargeReceiveBuffer(_ bytes: Int32) {
    if (try? set(SOL_SOCKET, SO_RCVBUFFORCE, bytes, name: "SO_RCVBUFFORCE")) == nil {
      try? set(SOL_SOCKET, SO_RCVBUF, bytes, name: "SO_RCVBUF")
    }
  }

  /// The same for the send buffer.
  func enlargeSendBuffer(_ bytes: Int32) {
    if (try? set(SOL_SOCKET, SO_SNDBUFFORCE, bytes, name: "SO_SNDBUFFORCE")) == nil {
      try? set(SOL_SOCKET, SO_SNDBUF, bytes, name: "SO_SNDBUF")
    }
  }
}
