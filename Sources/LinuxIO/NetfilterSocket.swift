import CLinux
import CNetlink
import Glibc
import VRRP

/// A socket to nf_tables (NETLINK_NETFILTER). Tables that it owns can be changed by it alone.
struct NetfilterSocket: ~Copyable {
  /// How long an answer is waited for. Whoever changes rules shares a lock, and holds it longer at
  /// times; the wait is part of the daemon's loop.
  static let patience = Duration.milliseconds(100)

  private let socket: FileDescriptor
  private var sequence: UInt32 = 1
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  private init(_ socket: consuming FileDescriptor) { self.socket = socket }

  static func open() throws(SystemError) -> NetfilterSocket {
    let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(AF_NETLINK, type, NETLINK_NETFILTER)
    guard number >= 0 else { throw SystemError("socket NETLINK_NETFILTER") }
    let socket = FileDescriptor(owning: number)
    var address = sockaddr_nl()
    address.nl_family = sa_family_t(AF_NETLINK)
    let result = withUnsafeBytes(of: &address) {
      bind(
        number, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
    }
    guard result == 0 else { throw SystemError("bind NETLINK_NETFILTER") }
    return NetfilterSocket(socket)
  }

  /// Carries out messages together or none of them; throws the first error, ETIMEDOUT when no answer
  /// came, after which it may have happened or not.
  mutating func commit(_ messages: [NetfilterMessage]) throws(SystemError) {
    discardWaiting()
    let begin = NetfilterMessage(
      type: NetfilterMessage.batchBegin, flags: 0, family: 0,
      resource: NetfilterMessage.subsystem)
    let end = NetfilterMessage(
      type: NetfilterMessage.batchEnd, flags: 0, family: 0, resource: NetfilterMessage.subsystem)
    let first = sequence
    var bytes = begin.finished(sequence: first)
    for (place, message) in messages.enumerated() {
      var finished = message.finished(sequence: first &+ 1 &+ UInt32(place))
      if place == messages.count - 1 {
        let flags = UInt16(finished[6]) | UInt16(finished[7]) << 8 | UInt16(NLM_F_ACK)
        withUnsafeBytes(of: flags) { finished.replaceSubrange(6..<8, with: $0) }
      }
      bytes += finished
    }
    let last = first &+ UInt32(messages.count)
    sequence = last &+ 2
    bytes += end.finished(sequence: last &+ 1)
    try send(bytes)
    try awaitAnswer(from: first, to: last)
  }

  /// The messages that answer a dump.
  mutating func dump(
    _ message: NetfilterMessage, _ visit: (Span<UInt8>) -> Void
  ) throws(SystemError) {
    discardWaiting()
    sequence &+= 1
    let own = sequence
    sequence &+= 1
    try send(message.finished(sequence: own))
    let limit = Clock.now() + Self.patience
    var failure: SystemError?
    var isOver = false
    while !isOver {
      let received = try receive { message, body in
        guard message.sequence == own else { return }
        switch message.type {
        case Int(NLMSG_DONE): isOver = true
        case Int(NLMSG_ERROR):
          let code: Int32 = body.hostInteger(at: 0) ?? 0
          if code != 0 { failure = SystemError("nf_tables", abs(code)) }
          isOver = true
        default: visit(body)
        }
      }
      if !received, !isOver { try wait(until: limit) }
    }
    if let failure { throw failure }
  }

  private mutating func awaitAnswer(
    from first: UInt32, to last: UInt32
  ) throws(SystemError) {
    let limit = Clock.now() + Self.patience
    var failure: SystemError?
    var isOver = false
    while !isOver {
      let received = try receive { message, body in
        let place = message.sequence &- first
        guard place <= last &- first, message.type == Int(NLMSG_ERROR) else { return }
        let code: Int32 = body.hostInteger(at: 0) ?? 0
        if code != 0, failure == nil { failure = SystemError("nf_tables", abs(code)) }
        // An error ends the batch, the answer to the last message as well.
        if code != 0 || message.sequence == last { isOver = true }
      }
      if !received, !isOver { try wait(until: limit) }
    }
    if let failure { throw failure }
  }

  // MARK: The socket

  private mutating func receive(
    _ visit: (NetlinkMessage, Span<UInt8>) -> Void
  ) throws(SystemError) -> Bool {
    let length = buffer.withUnsafeMutableBytes {
      clinux_netlink_receive(socket.number, $0.baseAddress, $0.count)
    }
    if length == -Int(EAGAIN) { return false }
    guard length >= 0 else { throw SystemError("recvmsg", Int32(-length)) }
    NetlinkMessage.forEach(in: buffer.span.extracting(0..<length), visit)
    return true
  }

  private mutating func discardWaiting() {
    for _ in 0..<256 {
      guard (try? receive { _, _ in }) == true else { return }
    }
  }

  private func send(_ bytes: [UInt8]) throws(SystemError) {
    let count = bytes.withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, $0.count, 0) }
    guard count == bytes.count else { throw SystemError("send") }
  }

  private func wait(until limit: Instant) throws(SystemError) {
    let left = limit - Clock.now()
    guard left > .zero else { throw SystemError("nf_tables", ETIMEDOUT) }
    var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
    let milliseconds = Int32(clamping: left.components.attoseconds / 1_000_000_000_000_000 + 1)
    guard poll(&entry, 1, milliseconds) >= 0 || errno == EINTR else { throw SystemError("poll") }
  }
}
