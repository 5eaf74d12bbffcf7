import CLinux
// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc
import VRRP

/// The raw socket (raw(7), protocol 112) of one interface and family, for any number of virtual
/// routers there.
///
/// The membership of the group lasts as long as the interface: it outlives the loss of carrier and
/// `ip link set down`. Over IPv6 it is lost with the interface's configuration (an MTU below 1280),
/// and a switch that snoops may have forgotten it while the link was down: `rejoin` after every
/// return of the link covers both. An interface that vanished and came back has another index and
/// gets another socket.
public struct AdvertisementSocket: ~Copyable {
  /// 112 (RFC 9568 section 5.1.1.4).
  private static let vrrp: Int32 = 112
  /// Internet Control, the class of routing protocols (RFC 2474 section 4.2.2.2).
  private static let trafficClass: Int32 = 0xc0
  /// TTL and Hop Limit of every advertisement (RFC 9568 sections 5.1.1.3 and 5.1.2.3).
  private static let hopLimit: Int32 = 255
  /// IPV6_MULTICAST_ALL of linux/in6.h, which glibc's headers lack.
  private static let multicastAllOfIPv6: Int32 = 29
  /// More than the longest message (8 bytes and 255 IPv6 addresses) with any IP header, so that
  /// what does not fit is too long for the parser as well.
  private static let capacity = 8192

  private let socket: FileDescriptor
  private let family: AddressFamily
  private let interfaceIndex: Int32
  private var buffer = [UInt8](repeating: 0, count: capacity)

  /// The descriptor, readable when a datagram waits.
  public var descriptor: Int32 { socket.number }

  private var options: SocketOptions { SocketOptions(of: socket.number) }

  private init(_ socket: consuming FileDescriptor, _ family: AddressFamily, _ index: Int32) {
    self.socket = socket
    self.family = family
    interfaceIndex = index
  }

  /// A socket that hears nothing but the given interface and is in the group of its family.
  ///
  /// Needs CAP_NET_RAW; throws ENODEV when there is no such interface.
  public static func open(
    family: AddressFamily, interfaceIndex: Int32, interfaceName: String
  ) throws(SystemError) -> AdvertisementSocket {
    let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(family.socketFamily, type, vrrp)
    guard number >= 0 else { throw SystemError("socket") }
    let descriptor = FileDescriptor(owning: number)
    try bind(descriptor, to: interfaceName)
    let options = SocketOptions(of: number)
    options.enlargeReceiveBuffer(256 << 10)
    // TC_PRIO_CONTROL: ahead of everything else in the queue of the interface.
    try options.set(SOL_SOCKET, SO_PRIORITY, Int32(7), name: "SO_PRIORITY")
    let socket = AdvertisementSocket(descriptor, family, interfaceIndex)
    switch family {
    case .ipv4: try socket.configureIPv4()
    case .ipv6: try socket.configureIPv6()
    }
    try socket.setMembership(join: true)
    socket.discardWaiting()
    return socket
  }

  /// Leaves the group and joins it again, which also makes the kernel report the membership.
  public func rejoin() throws(SystemError) {
    // Leaving fails when the interface has lost its configuration; joining is what counts.
    try? setMembership(join: false)
    try setMembership(join: true)
  }

  /// Reads up to `limit` datagrams and returns how many there were.
  ///
  /// The body gets the message without an IP header, cut to the Total Length of that header. What
  /// is too short or too long comes with the bytes there are, for the parser to discard.
  public mutating func receive(
    limit: Int, _ body: (Span<UInt8>, Envelope) -> Void
  ) throws(SystemError) -> Int {
    var count = 0
    var datagram = clinux_datagram()
    while count < limit {
      let length = buffer.withUnsafeMutableBytes {
        clinux_datagram_receive(socket.number, $0.baseAddress, $0.count, &datagram)
      }
      if length == -Int(EAGAIN) { break }
      guard length >= 0 else { throw SystemError("recvmsg", Int32(-length)) }
      count += 1
      let envelope = Envelope(
        source: IPAddress(datagram.source, family),
        destination: IPAddress(datagram.destination, family),
        hopLimit: UInt8(exactly: datagram.hop_limit))
      let bytes = buffer.span.extracting(0..<length)
      let message = family == .ipv4 ? Self.payload(ofIPv4: bytes) : 0..<length
      body(bytes.extracting(message), envelope)
    }
    return count
  }

  /// How many datagrams the kernel could not queue since the socket was opened (SO_MEMINFO of
  /// sock_diag(7), SK_MEMINFO_DROPS); 0 when it does not tell.
  public var drops: UInt32 {
    var numbers = [UInt32](repeating: 0, count: 9)
    var length = socklen_t(numbers.count * 4)
    let result = getsockopt(socket.number, SOL_SOCKET, SO_MEMINFO, &numbers, &length)
    return result == 0 && length >= 36 ? numbers[8] : 0
  }

  /// Sends one message; `source` must be an address of this host.
  ///
  /// Throws ENETUNREACH (IPv4) or EINVAL (IPv6) when the source is not there, ENETDOWN or
  /// ENETUNREACH when the interface is down, EAGAIN or ENOBUFS when a queue is full.
  public func send(
    _ message: [UInt8], from source: IPAddress, to destination: IPAddress
  ) throws(SystemError) {
    guard source.family == family, destination.family == family else {
      throw SystemError("sendmsg", EAFNOSUPPORT)
    }
    let result = message.withUnsafeBytes {
      clinux_datagram_send(
        socket.number, family.socketFamily, $0.baseAddress, $0.count, source.numbers,
        destination.numbers, interfaceIndex)
    }
    guard result == 0 else { throw SystemError("sendmsg", -result) }
  }

  /// Where the payload of an IPv4 datagram lies: behind IHL words, up to Total Length (RFC 791
  /// section 3.1). Empty when the header does not fit.
  static func payload(ofIPv4 datagram: Span<UInt8>) -> Range<Int> {
    guard datagram.count >= 20 else { return 0..<0 }
    let header = Int(datagram[0] & 0x0f) * 4
    let total = Int(datagram[2]) << 8 | Int(datagram[3])
    let end = min(total, datagram.count)
    guard header >= 20, header <= end else { return 0..<0 }
    return header..<end
  }
}

extension AdvertisementSocket {
  private static func bind(
    _ socket: borrowing FileDescriptor, to interfaceName: String
  ) throws(SystemError) {
    var name = interfaceName
    let result = name.withUTF8 {
      setsockopt(socket.number, SOL_SOCKET, SO_BINDTODEVICE, $0.baseAddress, socklen_t($0.count))
    }
    guard result == 0 else { throw SystemError("setsockopt SO_BINDTODEVICE") }
  }

  private func set(_ option: Int32, _ value: Int32, _ name: StaticString) throws(SystemError) {
    let level = Int32(family == .ipv4 ? IPPROTO_IP : IPPROTO_IPV6)
    try options.set(level, option, value, name: name)
  }

  private func configureIPv4() throws(SystemError) {
    try set(IP_TTL, Self.hopLimit, "IP_TTL")
    try set(IP_MULTICAST_TTL, Self.hopLimit, "IP_MULTICAST_TTL")
    try set(IP_TOS, Self.trafficClass, "IP_TOS")
    try set(IP_MULTICAST_LOOP, 0, "IP_MULTICAST_LOOP")
    try set(IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL")
    try set(IP_RECVTTL, 1, "IP_RECVTTL")
    try set(IP_PKTINFO, 1, "IP_PKTINFO")
    let interface = ip_mreqn(
      imr_multiaddr: in_addr(), imr_address: in_addr(), imr_ifindex: interfaceIndex)
    try options.set(
      Int32(IPPROTO_IP), IP_MULTICAST_IF, interface, name: "IP_MULTICAST_IF")
  }

  private func configureIPv6() throws(SystemError) {
    try set(IPV6_UNICAST_HOPS, Self.hopLimit, "IPV6_UNICAST_HOPS")
    try set(IPV6_MULTICAST_HOPS, Self.hopLimit, "IPV6_MULTICAST_HOPS")
    try set(IPV6_TCLASS, Self.trafficClass, "IPV6_TCLASS")
    try set(IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP")
    // Linux 4.20 and later; before that the socket hears groups that others on this host joined,
    // which the check of the destination discards.
    try? set(Self.multicastAllOfIPv6, 0, "IPV6_MULTICAST_ALL")
    try set(IPV6_RECVHOPLIMIT, 1, "IPV6_RECVHOPLIMIT")
    try set(IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO")
    try set(IPV6_MULTICAST_IF, interfaceIndex, "IPV6_MULTICAST_IF")
  }

  private func setMembership(join: Bool) throws(SystemError) {
    switch family.advertisementGroup {
    case .v4(let group):
      let request = ip_mreqn(
        imr_multiaddr: in_addr(s_addr: group.number.bigEndian), imr_address: in_addr(),
        imr_ifindex: interfaceIndex)
      try options.set(
        Int32(IPPROTO_IP), join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request,
        name: join ? "IP_ADD_MEMBERSHIP" : "IP_DROP_MEMBERSHIP")
    case .v6(let group):
      var request = ipv6_mreq()
      withUnsafeMutableBytes(of: &request.ipv6mr_multiaddr) {
        $0.storeBytes(of: group.high.bigEndian, as: UInt64.self)
        $0.storeBytes(of: group.low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      request.ipv6mr_interface = UInt32(bitPattern: interfaceIndex)
      try options.set(
        Int32(IPPROTO_IPV6), join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, request,
        name: join ? "IPV6_JOIN_GROUP" : "IPV6_LEAVE_GROUP")
    }
  }

  /// Forgets what came from other interfaces before the socket was bound to its own.
  private func discardWaiting() {
    var byte: UInt8 = 0
    var rest = 4096
    while rest > 0, recv(socket.number, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 { rest -= 1 }
  }
}
