import CLinux
import CNetlink
import Glibc
import VRRP

/// Sends `TickleSegment`s; one socket for each family, which never receives (raw(7), IPPROTO_RAW).
///
/// The kernel finds route and neighbour. Nothing may be sent for a connection that this host has: who
/// calls has asked a `ConnectionSurvey`.
public struct TickleSender: ~Copyable {
  /// What became of the segments of one call.
  public struct Result: Equatable, Sendable {
    public var sent = 0
    /// The kernel refused them: no route, or a filter.
    public var failed = 0
    /// Why the last one was refused.
    public var failure: SystemError?

    public init(sent: Int = 0, failed: Int = 0, failure: SystemError? = nil) {
      self.sent = sent
      self.failed = failed
      self.failure = failure
    }
  }

  /// Segments in one call, well below a millisecond.
  public static let batch = 64

  private let ipv4: FileDescriptor
  private let ipv6: FileDescriptor?

  private init(_ ipv4: consuming FileDescriptor, _ ipv6: consuming FileDescriptor?) {
    self.ipv4 = ipv4
    self.ipv6 = ipv6
  }

  /// Needs CAP_NET_RAW. A host without IPv6 can do without.
  public static func open() throws(SystemError) -> TickleSender {
    let ipv4 = socket(.ipv4)
    guard ipv4 >= 0 else { throw SystemError("socket") }
    let first = FileDescriptor(owning: ipv4)
    let ipv6 = socket(.ipv6)
    let failure = errno
    guard ipv6 >= 0 || failure == EAFNOSUPPORT else { throw SystemError("socket", failure) }
    for number in [ipv4, ipv6] where number >= 0 {
      SocketOptions(of: number).enlargeSendBuffer(1 << 20)
    }
    return TickleSender(first, ipv6 >= 0 ? FileDescriptor(owning: ipv6) : nil)
  }

  private static func socket(_ family: AddressFamily) -> Int32 {
    let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    // A socket of IPPROTO_RAW takes the IP header from who sends, over either family.
    return Glibc.socket(family.socketFamily, type, Int32(IPPROTO_RAW))
  }

  /// Sends the segments for connections of one family, the first `batch` of them; `interfaceIndex` is
  /// where link-local clients are. What was neither sent nor failed met a full queue.
  public func send(
    _ connections: ArraySlice<TCPConnection>, _ family: AddressFamily, interfaceIndex: Int32
  ) -> Result {
    var packets: [UInt8] = []
    let length = TickleSegment.packetLength(family)
    packets.reserveCapacity(length * Self.batch)
    for connection in connections.prefix(Self.batch) where connection.local.family == family {
      TickleSegment(connection)?.append(to: &packets)
    }
    let count = packets.count / length
    let number = family == .ipv4 ? ipv4.number : descriptor6
    guard number >= 0 else {
      return Result(failed: count, failure: SystemError("socket", EAFNOSUPPORT))
    }
    let result = packets.withUnsafeBytes {
      clinux_packets_send(
        number, family.socketFamily, $0.baseAddress, length, count, interfaceIndex)
    }
    return Result(
      sent: Int(result.sent), failed: Int(result.failed),
      failure: result.failure == 0 ? nil : SystemError("sendmmsg", result.failure))
  }

  private var descriptor6: Int32 {
    switch ipv6 {
    case .some(let descriptor): descriptor.number
    case .none: -1
    }
  }
}
