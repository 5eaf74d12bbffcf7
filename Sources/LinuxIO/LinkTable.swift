import CNetlink
import Glibc

/// Asks the kernel for interfaces (RTM_GETLINK of rtnetlink(7)).
public struct LinkTable: ~Copyable {
  private var socket: NetlinkSocket

  private init(_ socket: consuming NetlinkSocket) { self.socket = socket }

  public static func open() throws(SystemError) -> LinkTable {
    LinkTable(try NetlinkSocket.open(receiveBuffer: 1 << 20))
  }

  /// All interfaces of the namespace.
  public mutating func links() throws(SystemError) -> [Link] {
    let request = try Self.request(index: 0, flags: NLM_F_ROOT | NLM_F_MATCH)
    return try socket.dump(request) { message, body in
      message.type == Int(RTM_NEWLINK) ? Link(body) : nil
    }
  }

  /// One interface; nil when there is none. The answer is of this moment, also when the events
  /// about its carrier are still held back by the kernel.
  public mutating func link(index: Int32) throws(SystemError) -> Link? {
    var batch = socket.makeBatch()
    batch.append(try Self.request(index: index, flags: 0))
    batch.acknowledgeLast()
    var link: Link?
    let answer = try socket.exchange(batch) { message, body in
      if message.type == Int(RTM_NEWLINK) { link = Link(body) ?? link }
    }
    switch answer.errors[0] {
    case nil: return link
    case ENODEV: return nil
    case let code?: throw SystemError("RTM_GETLINK", code)
    }
  }

  private static func request(
    index: Int32, flags: Int32
  ) throws(SystemError) -> NetlinkRequest {
    var header = ifinfomsg()
    header.ifi_index = index
    let request = try NetlinkRequest.make(Int(RTM_GETLINK), flags: flags, header: header)
    try request.append(Int(IFLA_EXT_MASK), UInt32(RTEXT_FILTER_SKIP_STATS))
    return request
  }
}
