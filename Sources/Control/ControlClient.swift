import Glibc

/// One conversation with the daemon: a request, any number of progress lines, one final reply.
///
/// Owns the connection, an `AF_UNIX` stream; every wait has a deadline.
public struct ControlClient: ~Copyable {
  private let descriptor: Int32
  private let path: String
  /// Received, and not yet handed out.
  private var received: [UInt8] = []
  /// How much of `received` is known to hold no newline.
  private var searched = 0

  /// Where the daemon listens unless it is told otherwise.
  public static let standardPath = "/run/godwit/control.sock"
  /// How long the daemon may take for a request that asks for facts.
  public static let patience = Duration.seconds(10)

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// The socket's path: `option`, else `GODWIT_SOCKET` in the environment, else the standard.
  public static func path(option: String?) -> String {
    if let option { return option }
    if let value = getenv("GODWIT_SOCKET"), value.pointee != 0 { return String(cString: value) }
    return standardPath
  }

  /// Connects to the daemon that listens on `path` (unix(7)).
  public static func connect(
    path: String, patience: Duration = ControlClient.patience
  ) throws(ControlClientError) -> ControlClient {
    guard var address = socketAddress(path) else { throw .unusablePath(path) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system(call: "socket", errno: errno) }
    let client = ControlClient(descriptor: descriptor, path: path)

    // A full queue of connections blocks connect(2) for as long as this option says.
    var limit = timeval(
      tv_sec: Int(patience.milliseconds / 1000), tv_usec: Int(patience.milliseconds % 1000) * 1000)
    setsockopt(
      descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let outcome = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard outcome == 0 else {
      switch errno {
      case EACCES, EPERM: throw .notAllowed(path: path, group: owningGroup(path))
      case EAGAIN, EINPROGRESS: throw .stalled(path: path, after: patience)
      default: throw .cannotReach(path: path)
      }
    }
    return client
  }

  /// Sends `request` and returns the final reply; `progress` sees the lines before it.
  ///
  /// `patience` is how long the whole answer may take.
  public mutating func ask(
    _ request: Request, patience: Duration = ControlClient.patience,
    progress: (Progress) -> Void = { _ in }
  ) throws(ControlClientError) -> Outcome {
    let start = ContinuousClock.now
    try send(request.line(), start: start, patience: patience)
    while true {
      let line = try nextLine(start: start, patience: patience)
      let reply: Reply
      do {
        reply = try Reply(line: line)
      } catch {
        throw .notUnderstood(path: path, reason: error.description)
      }
      switch reply {
      case .progress(let step): progress(step)
      case .result(let outcome): return outcome
      case .error(let refusal): throw .refused(refusal)
      }
    }
  }

  private func send(
    _ bytes: [UInt8], start: ContinuousClock.Instant, patience: Duration
  ) throws(ControlClientError) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(
          descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent,
          Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      }
      if count > 0 {
        sent += count
      } else if errno == EAGAIN {
        try wait(for: POLLOUT, start: start, patience: patience)
      } else if errno == EPIPE || errno == ECONNRESET {
        // The daemon may have said why before it closed.
        return
      } else if errno != EINTR {
        throw .system(call: "send", errno: errno)
      }
    }
  }

  private mutating func nextLine(
    start: ContinuousClock.Instant, patience: Duration
  ) throws(ControlClientError) -> [UInt8] {
    while true {
      if let end = received[searched...].firstIndex(of: 0x0A) {
        let line = Array(received[..<end])
        received.removeFirst(end + 1)
        searched = 0
        return line
      }
      searched = received.count
      guard received.count <= Reply.maximumLineLength else {
        throw .notUnderstood(path: path, reason: "a line is longer than 16 MiB")
      }
      try wait(for: POLLIN, start: start, patience: patience)
      try receive()
    }
  }

  private mutating func receive() throws(ControlClientError) {
    var count = 0
    let chunk = [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, initialized in
      count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
      initialized = max(0, count)
    }
    if count > 0 {
      received += chunk
    } else if count == 0 || errno == ECONNRESET {
      throw .closedEarly(path: path)
    } else if errno != EAGAIN && errno != EINTR {
      throw .system(call: "recv", errno: errno)
    }
  }

  /// Returns when the descriptor is ready, or may be.
  private func wait(
    for events: Int32, start: ContinuousClock.Instant, patience: Duration
  ) throws(ControlClientError) {
    let left = (start + patience - ContinuousClock.now).milliseconds
    guard left > 0 else { throw .stalled(path: path, after: patience) }
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    let ready = poll(&entry, 1, Int32(clamping: left))
    guard ready >= 0 || errno == EINTR else { throw .system(call: "poll", errno: errno) }
  }

  /// nil when `path` is empty or does not fit.
  private static func socketAddress(_ path: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard !bytes.isEmpty, !bytes.contains(0),
      bytes.count < MemoryLayout.size(ofValue: address.sun_path)
    else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }

  /// The group of the socket, or of the nearest directory above it that can be looked at.
  private static func owningGroup(_ path: String) -> String {
    var place = path[...]
    var facts = stat()
    while stat(String(place), &facts) != 0 {
      guard let slash = place.lastIndex(of: "/"), slash > place.startIndex else { return "godwit" }
      place = place[..<slash]
    }
    guard let group = getgrgid(facts.st_gid), let name = group.pointee.gr_name else {
      return "\(facts.st_gid)"
    }
    return String(cString: name)
  }
}
