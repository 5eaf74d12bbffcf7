import CNetlink
import Glibc
import VRRP

/// The hardware addresses that the kernel knows, or asks for (arp(7), RTM_GETNEIGH of rtnetlink(7)).
public struct NeighborTable: ~Copyable {
  /// How many are forgotten in one go.
  private static let most = NetlinkBatch.limit

  private var socket: NetlinkSocket

  private init(_ socket: consuming NetlinkSocket) { self.socket = socket }

  public static func open() throws(SystemError) -> NeighborTable {
    var table = NeighborTable(try NetlinkSocket.open(receiveBuffer: 1 << 18))
    // The kernel answers before the call returns.
    table.socket.patience = .milliseconds(50)
    return table
  }

  /// Forgets those that were asked for and have not answered, and returns how many: the next packet to
  /// them asks at once, where the kernel itself would ask again after a second.
  ///
  /// Needs CAP_NET_ADMIN.
  public mutating func forgetUnanswered(
    _ family: AddressFamily, interfaceIndex: Int32
  ) throws(SystemError) -> Int {
    var header = ndmsg()
    header.ndm_family = UInt8(family.socketFamily)
    let request = try NetlinkRequest.make(
      Int(RTM_GETNEIGH), flags: NLM_F_ROOT | NLM_F_MATCH, header: header)
    try request.append(Int(NDA_IFINDEX), UInt32(bitPattern: interfaceIndex))
    let unanswered = try socket.dump(request) { message, body -> [UInt8]? in
      guard message.type == Int(RTM_NEWNEIGH), let index: Int32 = body.hostInteger(at: 4),
        let state: UInt16 = body.hostInteger(at: 8), index == interfaceIndex,
        Int32(state) & NUD_INCOMPLETE != 0
      else { return nil }
      return Self.destination(in: body, family)
    }
    guard !unanswered.isEmpty else { return 0 }
    header.ndm_ifindex = interfaceIndex
    var batch = socket.makeBatch()
    for destination in unanswered.prefix(Self.most) {
      let request = try NetlinkRequest.make(Int(RTM_DELNEIGH), flags: 0, header: header)
      try request.append(Int(NDA_DST), bytes: destination)
      batch.append(request)
    }
    batch.acknowledgeLast()
    let answer = try socket.exchange(batch)
    // One that has answered meanwhile, or went by itself, is no error.
    return Int(batch.count) - answer.errors.count
  }

  private static func destination(in body: Span<UInt8>, _ family: AddressFamily) -> [UInt8]? {
    var found: [UInt8]?
    NetlinkMessage.forEachAttribute(in: body, skipping: MemoryLayout<ndmsg>.size) { type, value in
      if type == Int(NDA_DST), value.count == family.addressLength { found = value.array }
    }
    return found
  }
}
