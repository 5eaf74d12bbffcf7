import CLinux
import Glibc
import VRRP

/// Hears on one interface who claims or asks for some addresses: ARP, or Neighbor Solicitations and
/// Advertisements (packet(7)).
///
/// A filter in the kernel lets through what concerns the addresses, so that the other traffic of the
/// segment does not wake the daemon; of more than 64 addresses it lets every claim and probe
/// through. What this host sends is not heard, nor what is for others: unicast that a promiscuous
/// interface receives, and frames of a VLAN, which belong to its own interface and a socket there.
///
/// The socket outlives `ip link set down`. An interface that vanished and came back has another index
/// and gets another socket.
public struct NeighborSocket: ~Copyable {
  /// More than the longest frame that says who has an address.
  private static let capacity = 2048

  private let socket: FileDescriptor
  private let family: AddressFamily
  private var buffer = [UInt8](repeating: 0, count: capacity)

  /// The descriptor, readable when a frame waits.
  public var descriptor: Int32 { socket.number }

  private init(_ socket: consuming FileDescriptor, _ family: AddressFamily) {
    self.socket = socket
    self.family = family
  }

  /// A socket for the addresses of one family on an interface; those of the other family are left
  /// out.
  ///
  /// Needs CAP_NET_RAW; throws ENODEV when there is no such interface.
  public static func open(
    family: AddressFamily, interfaceIndex: Int32, addresses: [IPAddress]
  ) throws(SystemError) -> NeighborSocket {
    let number = clinux_neighbor_open()
    guard number >= 0 else { throw SystemError("socket", -number) }
    let socket = NeighborSocket(FileDescriptor(owning: number), family)
    SocketOptions(of: number).enlargeReceiveBuffer(256 << 10)
    try socket.watch(addresses)
    let result = clinux_neighbor_bind(number, family.socketFamily, interfaceIndex)
    guard result == 0 else { throw SystemError("bind", -result) }
    return socket
  }

  /// Replaces the addresses; frames about the old ones may still wait.
  public func watch(_ addresses: [IPAddress]) throws(SystemError) {
    let numbers = addresses.filter { $0.family == family }.map(\.numbers)
    let result = clinux_neighbor_filter(
      socket.number, family.socketFamily, numbers, numbers.count)
    guard result == 0 else { throw SystemError("setsockopt SO_ATTACH_FILTER", -result) }
  }

  /// Reads up to `limit` frames and returns how many there were; the body gets each from its
  /// Ethernet header on.
  public mutating func receive(
    limit: Int, _ body: (Span<UInt8>) -> Void
  ) throws(SystemError) -> Int {
    var count = 0
    while count < limit {
      let length = buffer.withUnsafeMutableBytes {
        clinux_frame_receive(socket.number, $0.baseAddress, $0.count)
      }
      if length == -Int(EAGAIN) { break }
      guard length >= 0 else { throw SystemError("recv", Int32(-length)) }
      count += 1
      body(buffer.span.extracting(0..<length))
    }
    return count
  }
}
