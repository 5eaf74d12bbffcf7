import CLinux
// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc

/// One client of the control socket: lines in, bytes out, both bounded, and nothing blocks.
public struct UnixConnection: ~Copyable {
  /// Who connected, as the kernel knows it (SO_PEERCRED): at the time of its connect(2).
  public struct PeerCredentials: Equatable, Sendable {
    public let processIdentifier: Int32
    public let user: UInt32
    public let group: UInt32
  }

  public enum LineResult: Equatable, Sendable {
    /// One line, without its line feed.
    case line([UInt8])
    /// There is no whole line yet.
    case waiting
    /// The client sends no more, or the connection has failed; it may still read.
    case closed
    /// The line is longer than it may be: the connection is of no further use.
    case tooLong
  }

  public enum FlushResult: Equatable, Sendable {
    /// Everything is sent.
    case done
    /// The client does not read fast enough: go on when the descriptor is writable.
    case pending
    /// The client is gone.
    case closed
  }

  /// Bytes that wait for a client which does not read.
  public static let outputBound = 4 << 20

  private let socket: FileDescriptor
  private var received: [UInt8] = []
  // Bytes of it that were handed out, and where to go on looking for a line feed.
  private var taken = 0
  private var searched = 0
  private var ended = false
  private var pending: [UInt8] = []
  private var sent = 0

  /// Takes over a connected socket that never blocks.
  init(_ socket: consuming FileDescriptor) { self.socket = socket }

  public var descriptor: Int32 { socket.number }

  /// Whether `flush()` has something left to send.
  public var hasPendingOutput: Bool { sent < pending.count }

  /// nil when the kernel does not tell.
  public var credentials: PeerCredentials? {
    var process: pid_t = 0
    var user: uid_t = 0
    var group: gid_t = 0
    guard godwit_peer_credentials(socket.number, &process, &user, &group) == 0 else { return nil }
    return PeerCredentials(processIdentifier: process, user: user, group: group)
  }

  /// The client's supplementary groups (SO_PEERGROUPS); empty when the kernel does not tell.
  public var groups: [UInt32] {
    var capacity: Int32 = 64
    // 65536 is the kernel's own limit (NGROUPS_MAX).
    while capacity <= 65536 {
      var groups = [gid_t](repeating: 0, count: Int(capacity))
      let count = godwit_peer_groups(socket.number, &groups, capacity)
      if count <= capacity { return Array(groups.prefix(Int(max(0, count)))) }
      capacity = count
    }
    return []
  }

  /// Whether bytes have been read that `receiveLine()` has not handed out: the event loop no longer
  /// announces them, so a caller that stops after some lines comes back without being woken.
  public var hasReceivedInput: Bool { taken < received.count }

  /// The next line, of at most `limit` bytes without its line feed. Call it until it has none, or see
  /// `hasReceivedInput`. After the client's half-close its last whole lines still come.
  public mutating func receiveLine(limit: Int) -> LineResult {
    while true {
      if let line = takeLine() { return line.count <= limit ? .line(line) : .tooLong }
      if received.count - taken > limit { return .tooLong }
      if ended { return .closed }
      guard receive() else { return ended ? .closed : .waiting }
    }
  }

  /// Adds bytes to what `flush()` sends; false, and nothing added, beyond `outputBound`.
  public mutating func queue(_ bytes: [UInt8]) -> Bool {
    guard pending.count - sent + bytes.count <= Self.outputBound else { return false }
    // Moved seldom: otherwise many small pieces behind a large one would each move all of it.
    if sent > pending.count / 2 {
      pending.removeFirst(sent)
      sent = 0
    }
    pending.append(contentsOf: bytes)
    return true
  }

  /// Sends what the socket takes.
  public mutating func flush() -> FlushResult {
    while sent < pending.count {
      let count = pending[sent...].withUnsafeBytes {
        send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0 && errno == EINTR { continue }
      if count < 0 && errno == EAGAIN { return .pending }
      guard count > 0 else { return .closed }
      sent += count
    }
    pending.removeAll()
    sent = 0
    return .done
  }

  private mutating func takeLine() -> [UInt8]? {
    guard let end = received[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
      searched = received.count
      return nil
    }
    let line = Array(received[taken..<end])
    taken = end + 1
    searched = taken
    return line
  }

  // False when nothing came.
  private mutating func receive() -> Bool {
    received.removeFirst(taken)
    searched -= taken
    taken = 0
    return fill()
  }

  private mutating func fill() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 16384, alignment: 1) { buffer in
      var count: Int
      repeat {
        count = recv(socket.number, buffer.baseAddress, buffer.count, 0)
      } while count < 0 && errno == EINTR
      if count > 0 {
        received.append(contentsOf: buffer[..<count])
        return true
      }
      ended = count == 0 || errno != EAGAIN
      return false
    }
  }
}
