import CNetlink
import Glibc

/// One message to the kernel while it is built.
struct NetlinkRequest: ~Copyable {
  private let message: OpaquePointer

  private init(_ message: OpaquePointer) { self.message = message }

  deinit { nlmsg_free(message) }

  /// A request of an RTM_* type with NLM_F_* flags and its fixed header, such as struct ifaddrmsg.
  static func make<Header: BitwiseCopyable>(
    _ type: Int, flags: Int32, header: Header
  ) throws(SystemError) -> NetlinkRequest {
    guard let message = nlmsg_alloc_simple(Int32(type), NLM_F_REQUEST | flags) else {
      throw SystemError("nlmsg_alloc", ENOMEM)
    }
    let request = NetlinkRequest(message)
    var header = header
    guard
      nlmsg_append(message, &header, MemoryLayout<Header>.size, Int32(NetlinkMessage.alignment))
        == 0
    else { throw SystemError("nlmsg_append", ENOMEM) }
    return request
  }

  /// Adds an attribute with a C value.
  func append<Value: BitwiseCopyable>(_ attribute: Int, _ value: Value) throws(SystemError) {
    var value = value
    guard nla_put(message, Int32(attribute), Int32(MemoryLayout<Value>.size), &value) == 0 else {
      throw SystemError("nla_put", ENOMEM)
    }
  }

  /// Adds an attribute of bytes.
  func append(_ attribute: Int, bytes: [UInt8]) throws(SystemError) {
    guard nla_put(message, Int32(attribute), Int32(bytes.count), bytes) == 0 else {
      throw SystemError("nla_put", ENOMEM)
    }
  }

  /// The message as it goes over the socket, filled up to the alignment.
  func bytes(sequence: UInt32) -> [UInt8] {
    guard let header = nlmsg_hdr(message) else { return [] }
    header.pointee.nlmsg_seq = sequence
    let length = Int(header.pointee.nlmsg_len)
    let filling = -length & (NetlinkMessage.alignment - 1)
    return Array(UnsafeRawBufferPointer(start: header, count: length))
      + [UInt8](repeating: 0, count: filling)
  }
}

/// Requests that go to the kernel in one sendmsg(2).
struct NetlinkBatch {
  /// More would not leave room for an error message about each of them in the receive buffer.
  static let limit = 256

  /// The sequence number of the first one; each next has the next number.
  let firstSequence: UInt32
  private(set) var count: UInt32 = 0
  private(set) var bytes: [UInt8] = []
  private var startOfLast = 0

  init(firstSequence: UInt32) { self.firstSequence = firstSequence }

  mutating func append(_ request: borrowing NetlinkRequest) {
    startOfLast = bytes.count
    bytes += request.bytes(sequence: firstSequence &+ count)
    count += 1
  }

  /// Asks for an acknowledgement of the last request, which ends the wait for all of them: the
  /// kernel answers in order, and reports errors unasked.
  mutating func acknowledgeLast() {
    guard count > 0 else { return }
    let offset = startOfLast + 6
    bytes.withUnsafeMutableBytes {
      let flags = $0.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
      $0.storeBytes(of: flags | UInt16(NLM_F_ACK), toByteOffset: offset, as: UInt16.self)
    }
  }
}
