import CNetlink
import Glibc

/// One message of nfnetlink (linux/netfilter/nfnetlink.h) while it is built: attributes in network
/// byte order, nested by closures.
struct NetfilterMessage {
  /// NFT_MSG_* of linux/netfilter/nf_tables.h.
  enum Kind: UInt16 {
    case newTable = 0
    case getTable, deleteTable
    case newChain
    case newRule = 6
    case getRule
    case newSet = 9
    case getSet
    case newElement = 12
    case getElement, deleteElement
  }

  /// NLMSG_MIN_TYPE + 0 and 1: what is between them happens together or not at all.
  static let batchBegin: UInt16 = 16
  static let batchEnd: UInt16 = 17
  static let subsystem: UInt16 = 10
  /// NFPROTO_NETDEV.
  static let netdev: UInt8 = 5

  private(set) var bytes: [UInt8]

  init(_ kind: Kind, flags: Int32) {
    self.init(type: Self.subsystem << 8 | kind.rawValue, flags: flags, family: Self.netdev)
  }

  init(type: UInt16, flags: Int32, family: UInt8, resource: UInt16 = 0) {
    bytes = []
    append(host: UInt32(0))
    append(host: type)
    append(host: UInt16(truncatingIfNeeded: flags | NLM_F_REQUEST))
    append(host: UInt32(0))
    append(host: UInt32(0))
    bytes += [family, 0]
    append(host: resource.bigEndian)
  }

  // MARK: Attributes

  mutating func text(_ attribute: Int, _ text: String) {
    value(attribute, Array(text.utf8) + [0])
  }

  mutating func number(_ attribute: Int, _ number: UInt32) {
    value(attribute, withUnsafeBytes(of: number.bigEndian, Array.init))
  }

  mutating func wide(_ attribute: Int, _ number: UInt64) {
    value(attribute, withUnsafeBytes(of: number.bigEndian, Array.init))
  }

  mutating func value(_ attribute: Int, _ value: [UInt8]) {
    append(host: UInt16(4 + value.count))
    append(host: UInt16(attribute))
    bytes += value
    bytes += [UInt8](repeating: 0, count: -value.count & 3)
  }

  mutating func nested(_ attribute: Int, _ content: (inout NetfilterMessage) -> Void) {
    let start = bytes.count
    append(host: UInt16(0))
    append(host: UInt16(attribute) | UInt16(NLA_F_NESTED))
    content(&self)
    replace(at: start, with: UInt16(bytes.count - start))
  }

  /// The message as it goes over the socket.
  func finished(sequence: UInt32) -> [UInt8] {
    var message = self
    let length = UInt32(message.bytes.count)
    withUnsafeBytes(of: length) { message.bytes.replaceSubrange(0..<4, with: $0) }
    withUnsafeBytes(of: sequence) { message.bytes.replaceSubrange(8..<12, with: $0) }
    return message.bytes
  }

  private mutating func append<Number: FixedWidthInteger>(host number: Number) {
    withUnsafeBytes(of: number) { bytes += $0 }
  }

  private mutating func replace(at place: Int, with number: UInt16) {
    withUnsafeBytes(of: number) { bytes.replaceSubrange(place..<place + 2, with: $0) }
  }
}
