import CLinux
import Glibc

@testable import LinuxIO

extension Namespace {
  /// A socket that hears the frames of one EtherType on all interfaces (packet(7)).
  func listen(etherType: UInt16) throws -> FileDescriptor {
    try run {
      let number = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), Int32(etherType.bigEndian))
      guard number >= 0 else { throw SystemError("socket") }
      SocketOptions(of: number).enlargeReceiveBuffer(8 << 20)
      return FileDescriptor(owning: number)
    }
  }
}

/// The next frame that fulfils the condition, which must come within two seconds of the one before.
func nextFrame(
  _ listener: borrowing FileDescriptor, where condition: ([UInt8]) -> Bool
) -> [UInt8]? {
  var buffer = [UInt8](repeating: 0, count: 2048)
  while becomesReadable(listener.number) {
    let length = recv(listener.number, &buffer, buffer.count, 0)
    guard length >= 0 else { return nil }
    let frame = Array(buffer[..<length])
    if condition(frame) { return frame }
  }
  return nil
}
