import CLinux
// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc

/// Sends complete Ethernet frames (packet(7)); one socket for all interfaces, which never receives.
public struct Announcer: ~Copyable {
  private let socket: FileDescriptor

  private init(_ socket: consuming FileDescriptor) { self.socket = socket }

  /// Needs CAP_NET_RAW.
  public static func open() throws(SystemError) -> Announcer {
    let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    // Protocol 0: the kernel queues nothing for it.
    let number = Glibc.socket(AF_PACKET, type, 0)
    guard number >= 0 else { throw SystemError("socket") }
    let descriptor = FileDescriptor(owning: number)
    SocketOptions(of: number).enlargeSendBuffer(1 << 20)
    return Announcer(descriptor)
  }

  /// Sends frames of `frameLength` bytes each, which lie one behind the other in `frames`, and
  /// returns how many left: fewer when a queue was full, for the caller's schedule repeats them.
  ///
  /// Throws ENETDOWN when the interface is down, ENXIO when it is gone, EMSGSIZE when a frame is
  /// longer than its MTU, EINVAL when a frame is shorter than an Ethernet header or `frames` is
  /// not a whole number of them.
  public func send(
    _ frames: [UInt8], frameLength: Int, interfaceIndex: Int32
  ) throws(SystemError) -> Int {
    guard frameLength >= 14, frames.count.isMultiple(of: frameLength) else {
      throw SystemError("sendmmsg", EINVAL)
    }
    let sent = frames.withUnsafeBytes {
      clinux_frames_send(
        socket.number, interfaceIndex, $0.baseAddress, frameLength, $0.count / frameLength)
    }
    guard sent >= 0 else { throw SystemError("sendmmsg", Int32(-sent)) }
    return sent
  }
}
