import CNetlink

extension Span where Element == UInt8 {
  /// A number in the host's byte order, which netlink(7) uses; nil when it does not fit.
  func hostInteger<Number: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as type: Number.Type = Number.self
  ) -> Number? {
    guard offset >= 0, offset <= count - MemoryLayout<Number>.size else { return nil }
    return bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type)
  }

  /// A copy of the bytes.
  var array: [UInt8] { withUnsafeBufferPointer { Array($0) } }
}

/// The header of one netlink message (struct nlmsghdr of linux/netlink.h).
struct NetlinkMessage {
  /// The kernel aligns messages and attributes to 4 bytes.
  static let alignment = 4
  static let headerLength = 16

  /// NLMSG_* or RTM_*.
  let type: Int
  /// NLM_F_*.
  let flags: Int32
  /// Of the request that it answers; 0 for an event.
  let sequence: UInt32

  /// Visits the messages of one datagram with what follows their header; stops at the first that
  /// does not fit.
  static func forEach(
    in datagram: Span<UInt8>, _ visit: (NetlinkMessage, Span<UInt8>) -> Void
  ) {
    var start = 0
    while let length: UInt32 = datagram.hostInteger(at: start),
      let type: UInt16 = datagram.hostInteger(at: start + 4),
      let flags: UInt16 = datagram.hostInteger(at: start + 6),
      let sequence: UInt32 = datagram.hostInteger(at: start + 8),
      length >= headerLength, Int(length) <= datagram.count - start
    {
      let end = start + Int(length)
      let message = NetlinkMessage(type: Int(type), flags: Int32(flags), sequence: sequence)
      visit(message, datagram.extracting(start + headerLength..<end))
      start = (end + alignment - 1) & ~(alignment - 1)
    }
  }

  /// Visits the attributes (struct nlattr) behind a fixed header of `skipping` bytes, each with its
  /// type (IFA_*, IFLA_*) and value; stops at the first that does not fit.
  static func forEachAttribute(
    in body: Span<UInt8>, skipping: Int, _ visit: (Int, Span<UInt8>) -> Void
  ) {
    var start = skipping
    while let length: UInt16 = body.hostInteger(at: start),
      let type: UInt16 = body.hostInteger(at: start + 2),
      length >= 4, Int(length) <= body.count - start
    {
      let end = start + Int(length)
      // The two upper bits say that the value is nested or in network order.
      visit(Int(type & 0x3fff), body.extracting(start + 4..<end))
      start = (end + alignment - 1) & ~(alignment - 1)
    }
  }
}
