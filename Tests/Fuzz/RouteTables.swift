import CNetlink
import Glibc

/// What this machine's kernel says of its interfaces and addresses, datagram by datagram, as it
/// arrives at a route socket (rtnetlink(7)).
enum RouteTables {
  static func datagrams() throws -> [[UInt8]] {
    try dump(RTM_GETLINK) + dump(RTM_GETADDR)
  }

  private static func dump(_ type: Int) throws -> [[UInt8]] {
    let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), NETLINK_ROUTE)
    guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
    defer { close(descriptor) }
    // struct nlmsghdr and struct rtgenmsg of AF_UNSPEC, padded.
    var request = nlmsghdr()
    request.nlmsg_len = 20
    request.nlmsg_type = UInt16(type)
    request.nlmsg_flags = UInt16(NLM_F_REQUEST | NLM_F_DUMP)
    let bytes = withUnsafeBytes(of: request) { Array($0) } + [0, 0, 0, 0]
    guard send(descriptor, bytes, bytes.count, 0) == bytes.count else {
      throw Failure(call: "send", code: errno)
    }
    var datagrams: [[UInt8]] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count >= 16 else { throw Failure(call: "recv", code: errno) }
      datagrams.append(Array(buffer[..<count]))
      if buffer[4] == UInt8(NLMSG_DONE) || buffer[4] == UInt8(NLMSG_ERROR) { return datagrams }
    }
  }

  private struct Failure: Error {
    var call: String
    var code: Int32
  }
}
