import CNetlink
import Glibc
import VRRP

/// A socket to nf_tables (NETLINK_NETFILTER). Tables that it owns can be changed by it alone.
struct NetfilterSocket: ~Copyable {
  /// How long an answer is waited for. Whoever changes rules shares a lock, and holds it longer at
  /// times; the wait is part of the daemon's loop.
  static let patience = Duration.milliseconds(100)

  private var socket: NetlinkSocket
  private var sequence: UInt32 = 1

  private init(_ socket: consuming NetlinkSocket) { self.socket = socket }

  static func open() throws(SystemError) -> NetfilterSocket {
    NetfilterSocket(try NetlinkSocket.open(NETLINK_NETFILTER, receiveBuffer: 1 << 18))
  }

  /// Carries out messages together or none of them; throws the first error, ETIMEDOUT when no answer
  /// came, after which it may have happened or not.
  mutating func commit(_ messages: [NetfilterMessage]) throws(SystemError) {
    socket.discardWaiting()
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
    try socket.send(bytes)
    try awaitAnswer(from: first, to: last)
  }

  /// The messages that answer a dump.
  mutating func dump(
    _ message: NetfilterMessage, _ visit: (Span<UInt8>) -> Void
  ) throws(SystemError) {
    socket.discardWaiting()
    sequence &+= 1
    let own = sequence
    sequence &+= 1
    try socket.send(message.finished(sequence: own))
    let limit = Clock.now() + Self.patience
    var failure: SystemError?
    var isOver = false
    while !isOver {
      let received = try socket.receive { message, body in
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
      if !received, !isOver { try socket.wait(until: limit) }
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
      let received = try socket.receive { message, body in
        let place = message.sequence &- first
        guard place <= last &- first, message.type == Int(NLMSG_ERROR) else { return }
        let code: Int32 = body.hostInteger(at: 0) ?? 0
        if code != 0, failure == nil { failure = SystemError("nf_tables", abs(code)) }
        // An error ends the batch, the answer to the last message as well.
        if code != 0 || message.sequence == last { isOver = true }
      }
      if !received, !isOver { try socket.wait(until: limit) }
    }
    if let failure { throw failure }
  }
}
