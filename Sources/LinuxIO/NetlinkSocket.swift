import CLinux
import CNetlink
import Glibc
import VRRP

/// A netlink(7) socket for requests or for events.
struct NetlinkSocket: ~Copyable {
  /// How often a dump is tried that changes of the table interrupt.
  private static let attempts = 5
  private static let socketLevel: Int32 = 270

  private let handle: OpaquePointer
  /// How long a request may take.
  var patience = Duration.seconds(2)
  private var nextSequence: UInt32 = 1
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  private init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { nl_socket_free(handle) }

  var descriptor: Int32 { nl_socket_get_fd(handle) }

  /// A nonblocking socket of a protocol (NETLINK_*); `receiveBuffer` in bytes, beyond the system's
  /// limit where allowed.
  static func open(
    _ protocolNumber: Int32 = NETLINK_ROUTE, receiveBuffer: Int32
  ) throws(SystemError) -> NetlinkSocket {
    guard let handle = nl_socket_alloc() else { throw SystemError("nl_socket_alloc", ENOMEM) }
    let socket = NetlinkSocket(handle)
    errno = 0
    guard nl_connect(handle, protocolNumber) == 0, nl_socket_set_nonblocking(handle) == 0 else {
      throw SystemError("nl_connect", errno == 0 ? EPROTO : errno)
    }
    let options = SocketOptions(of: socket.descriptor)
    options.enlargeReceiveBuffer(receiveBuffer)
    options.enlargeSendBuffer(1 << 20)
    // Error messages without a copy of the request; dumps filtered by the kernel (Linux 4.20).
    try? options.set(socketLevel, NETLINK_CAP_ACK, Int32(1), name: "NETLINK_CAP_ACK")
    try? options.set(socketLevel, NETLINK_GET_STRICT_CHK, Int32(1), name: "NETLINK_GET_STRICT_CHK")
    return socket
  }

  /// Hears the events of one group (RTNLGRP_*).
  func join(_ group: rtnetlink_groups) throws(SystemError) {
    errno = 0
    guard nl_socket_add_membership(handle, Int32(group.rawValue)) == 0 else {
      throw SystemError("nl_socket_add_membership", errno == 0 ? EPROTO : errno)
    }
  }

  /// Visits the messages of one waiting datagram; false when none waits, ENOBUFS when the kernel
  /// had to drop some.
  mutating func receive(
    _ visit: (NetlinkMessage, Span<UInt8>) -> Void
  ) throws(SystemError) -> Bool {
    let length = buffer.withUnsafeMutableBytes {
      clinux_netlink_receive(nl_socket_get_fd(handle), $0.baseAddress, $0.count)
    }
    if length == -Int(EAGAIN) { return false }
    guard length >= 0 else { throw SystemError("recvmsg", Int32(-length)) }
    NetlinkMessage.forEach(in: buffer.span.extracting(0..<length), visit)
    return true
  }

  func makeBatch() -> NetlinkBatch { NetlinkBatch(firstSequence: nextSequence) }

  /// What came back for a batch beside the messages themselves.
  struct Answer {
    /// The requests that failed, by their place in the batch, with a positive errno.
    var errors: [Int: Int32] = [:]
    /// Whether a table changed while it was dumped, so that the messages may contradict each other.
    var isInterrupted = false
  }

  /// Sends a batch whose last request asks for an acknowledgement or a dump, and waits for its end.
  mutating func exchange(
    _ batch: NetlinkBatch, _ visit: (NetlinkMessage, Span<UInt8>) -> Void = { _, _ in }
  ) throws(SystemError) -> Answer {
    nextSequence = batch.firstSequence &+ batch.count
    discardWaiting()
    try send(batch.bytes)
    let deadline = Clock.now() + patience
    var answer = Answer()
    var isOver = false
    while !isOver {
      let received = try receive { message, body in
        let place = message.sequence &- batch.firstSequence
        // An answer to an earlier request that was given up.
        guard place < batch.count else { return }
        if message.flags & NLM_F_DUMP_INTR != 0 { answer.isInterrupted = true }
        switch message.type {
        case Int(NLMSG_ERROR), Int(NLMSG_DONE):
          // Both begin with zero or a negative errno.
          let code: Int32 = body.hostInteger(at: 0) ?? 0
          if code != 0 { answer.errors[Int(place)] = code == .min ? EPROTO : abs(code) }
          if place == batch.count - 1 { isOver = true }
        default: visit(message, body)
        }
      }
      if !received { try wait(until: deadline) }
    }
    return answer
  }

  /// Sends a batch and does not wait: what comes back is for `receive`.
  mutating func post(_ batch: NetlinkBatch) throws(SystemError) {
    nextSequence = batch.firstSequence &+ batch.count
    try send(batch.bytes)
  }

  /// The elements of a table, read again when it changed meanwhile; EAGAIN when it never stood
  /// still.
  mutating func dump<Element>(
    _ request: borrowing NetlinkRequest, _ element: (NetlinkMessage, Span<UInt8>) -> Element?
  ) throws(SystemError) -> [Element] {
    for _ in 0..<Self.attempts {
      var elements: [Element] = []
      var batch = makeBatch()
      batch.append(request)
      let answer = try exchange(batch) { message, body in
        if let element = element(message, body) { elements.append(element) }
      }
      if let code = answer.errors[0] { throw SystemError("netlink dump", code) }
      if !answer.isInterrupted { return elements }
    }
    throw SystemError("netlink dump", EAGAIN)
  }

  /// Makes room by forgetting the answers to an exchange that was given up.
  mutating func discardWaiting() {
    for _ in 0..<4096 {
      do {
        guard try receive({ _, _ in }) else { return }
      } catch {
        // ENOBUFS is told once; what waits behind it has to go as well.
        guard error.code == ENOBUFS || error.code == EMSGSIZE else { return }
      }
    }
  }

  func send(_ bytes: [UInt8]) throws(SystemError) {
    errno = 0
    let result = bytes.withUnsafeBytes {
      nl_sendto(handle, UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
    }
    guard result >= 0 else { throw SystemError("nl_sendto", errno == 0 ? EPROTO : errno) }
  }

  /// Waits for something to read; ETIMEDOUT when the deadline passes.
  func wait(until deadline: Instant) throws(SystemError) {
    let left = deadline - Clock.now()
    guard left > .zero else { throw SystemError("netlink", ETIMEDOUT) }
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    let milliseconds = (left / .milliseconds(1)).rounded(.up)
    guard poll(&entry, 1, Int32(milliseconds)) >= 0 || errno == EINTR else {
      throw SystemError("poll")
    }
  }
}
