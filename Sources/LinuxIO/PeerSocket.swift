import CLinux
// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc
import VRRP

/// The UDP socket (udp(7)) of one family that the nodes speak to each other by, on one port and every
/// address of this host.
///
/// ICMP errors that come back for what was sent show as an error of the next call: they say that a
/// peer does not run, and are passed over here.
public struct PeerSocket: ~Copyable {
  /// Network Control (RFC 4594 section 3.1, CS6).
  private static let trafficClass: Int32 = 0xc0
  /// Bytes of one datagram that are read; more is too long for anybody.
  private static let capacity = 2048
  /// Datagrams that one call moves at most.
  public static let batch = Int(clinux_batch)
  /// What waits at most, as socket(7) counts it: a thousand virtual routers over two paths.
  private static let receiveBuffer: Int32 = 1 << 20

  private let socket: FileDescriptor
  private let family: AddressFamily
  private var buffer = [UInt8](repeating: 0, count: capacity * batch)
  private var messages = [clinux_message](repeating: clinux_message(), count: batch)
  /// What the kernel could not queue since the socket was opened.
  public private(set) var drops: UInt32 = 0

  /// Where a datagram came from, or goes to.
  public struct Route: Hashable, Sendable {
    /// The other end.
    public var peer: IPAddress
    /// The other end's port.
    public var port: UInt16
    /// This host's address, never a group's or a broadcast one; nil leaves the choice to the kernel,
    /// and is what a datagram to a group of IPv6 has.
    public var local: IPAddress?
    /// This host's interface, which a link-local address needs; 0 leaves the choice to the kernel.
    public var interfaceIndex: Int32

    public init(to peer: IPAddress, port: UInt16, from local: IPAddress? = nil, by index: Int32 = 0)
    {
      self.peer = peer
      self.port = port
      self.local = local
      interfaceIndex = index
    }
  }

  /// The descriptor, readable when a datagram waits.
  public var descriptor: Int32 { socket.number }

  private init(_ socket: consuming FileDescriptor, _ family: AddressFamily) {
    self.socket = socket
    self.family = family
  }

  /// A socket bound to a port; port 0 lets the kernel choose one. Throws EADDRINUSE when somebody has
  /// it, and EAFNOSUPPORT on a host without that family.
  public static func open(
    family: AddressFamily, port: UInt16
  ) throws(SystemError) -> PeerSocket {
    let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(family.socketFamily, type, 0)
    guard number >= 0 else { throw SystemError("socket") }
    let socket = PeerSocket(FileDescriptor(owning: number), family)
    try socket.configure()
    try socket.bind(port)
    return socket
  }

  /// Reads up to `limit` datagrams, at most `batch`, and returns how many there were. One that was
  /// longer than any may be comes cut.
  public mutating func receive(
    limit: Int = batch, _ body: (Span<UInt8>, Route) -> Void
  ) throws(SystemError) -> Int {
    let count = buffer.withUnsafeMutableBytes { bytes in
      messages.withUnsafeMutableBufferPointer {
        clinux_messages_receive(
          socket.number, bytes.baseAddress, Self.capacity, $0.baseAddress, min(limit, Self.batch),
          &drops)
      }
    }
    guard count >= 0 else {
      let code = Int32(-count)
      // The second is an answer to something sent, and takes one call to pass.
      if code == EAGAIN || Self.isAnswer(code) { return 0 }
      throw SystemError("recvmmsg", code)
    }
    for message in messages[..<count] {
      let place = Int(message.offset)..<Int(message.offset) + Int(message.length)
      let hasLocal = message.local.high != 0 || message.local.low != 0
      body(
        buffer.span.extracting(place),
        Route(
          to: IPAddress(message.peer, family), port: message.port,
          from: hasLocal ? IPAddress(message.local, family) : nil,
          by: Int32(message.interface_index)))
    }
    return count
  }

  /// Sends datagrams, and returns how many of them the kernel took; those that it refused are passed
  /// over, and the error of the last such is what `failed` gets. Stops where a queue is full.
  public func send(
    _ datagrams: [(bytes: [UInt8], route: Route)], failed: (Route, SystemError) -> Void
  ) -> Int {
    var taken = 0
    var first = 0
    while first < datagrams.count {
      let part = datagrams[first..<min(first + Self.batch, datagrams.count)]
      let count = send(part)
      if count < 0 {
        let code = Int32(-count)
        failed(datagrams[first].route, SystemError("sendmmsg", code))
        if code == EAGAIN || code == ENOBUFS { break }
        first += 1
      } else {
        taken += count
        first += max(1, count)
      }
    }
    return taken
  }

  private func send(_ part: ArraySlice<(bytes: [UInt8], route: Route)>) -> Int {
    var bytes: [UInt8] = []
    var messages: [clinux_message] = []
    for (content, route) in part {
      messages.append(
        clinux_message(
          peer: route.peer.numbers, local: route.local?.numbers ?? clinux_address(high: 0, low: 0),
          offset: UInt32(bytes.count), length: UInt32(content.count),
          interface_index: UInt32(bitPattern: route.interfaceIndex), port: route.port, is_cut: 0))
      bytes += content
    }
    // An ICMP error for something earlier is told once and is none of these.
    for _ in 0..<2 {
      let count = bytes.withUnsafeBytes {
        clinux_messages_send(
          socket.number, family.socketFamily, $0.baseAddress, messages, messages.count)
      }
      if count >= 0 || !Self.isAnswer(Int32(-count)) { return count }
    }
    return 0
  }

  /// Whether it is what a host or a router says about something sent before (icmp(7)).
  private static func isAnswer(_ code: Int32) -> Bool {
    code == ECONNREFUSED || code == EPROTO
  }
}

extension PeerSocket {
  private func configure() throws(SystemError) {
    let options = SocketOptions(of: socket.number)
    options.enlargeReceiveBuffer(Self.receiveBuffer)
    options.enlargeSendBuffer(Self.receiveBuffer)
    // TC_PRIO_CONTROL: ahead of everything else in the queue of the interface.
    try options.set(SOL_SOCKET, SO_PRIORITY, Int32(7), name: "SO_PRIORITY")
    try options.set(SOL_SOCKET, SO_RXQ_OVFL, Int32(1), name: "SO_RXQ_OVFL")
    switch family {
    case .ipv4:
      try options.set(Int32(IPPROTO_IP), IP_TOS, Self.trafficClass, name: "IP_TOS")
      try options.set(Int32(IPPROTO_IP), IP_PKTINFO, Int32(1), name: "IP_PKTINFO")
    case .ipv6:
      let level = Int32(IPPROTO_IPV6)
      try options.set(level, IPV6_V6ONLY, Int32(1), name: "IPV6_V6ONLY")
      try options.set(level, IPV6_TCLASS, Self.trafficClass, name: "IPV6_TCLASS")
      try options.set(level, IPV6_RECVPKTINFO, Int32(1), name: "IPV6_RECVPKTINFO")
    }
  }

  private func bind(_ port: UInt16) throws(SystemError) {
    let result: Int32
    switch family {
    case .ipv4:
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      result = Self.bind(socket.number, &name, MemoryLayout<sockaddr_in>.size)
    case .ipv6:
      var name = sockaddr_in6()
      name.sin6_family = sa_family_t(AF_INET6)
      name.sin6_port = port.bigEndian
      result = Self.bind(socket.number, &name, MemoryLayout<sockaddr_in6>.size)
    }
    guard result == 0 else { throw SystemError("bind") }
  }

  private static func bind(
    _ number: Int32, _ name: UnsafeRawPointer, _ length: Int
  ) -> Int32 {
    Glibc.bind(number, name.assumingMemoryBound(to: sockaddr.self), socklen_t(length))
  }
}
