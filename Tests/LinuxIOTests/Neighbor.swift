import CLinux
import Glibc
import VRRP

@testable import LinuxIO

/// What another host of the link can ask an address.
enum Question: CaseIterable, Sendable {
  /// Who has it (RFC 826, RFC 4861)?
  case arp
  case solicitation
  /// Is it there (ICMP)?
  case echo4
  case echo6

  var family: AddressFamily { self == .arp || self == .echo4 ? .ipv4 : .ipv6 }
}

/// The host on the right of a pair, which asks addresses of the left one and hears the answers.
struct Neighbor: ~Copyable {
  private let announcer: Announcer
  private let listener: FileDescriptor
  private let interfaceIndex: Int32
  private let own: HardwareAddress
  private let other: HardwareAddress
  private var count: UInt16 = 0

  init(_ pair: NamespacePair) throws {
    let announcer = try pair.right.run { try Announcer.open() }
    let listener = try pair.right.listen(etherType: 0x0003)
    let interfaceIndex = try pair.right.index()
    let own = try Self.hardwareAddress(in: pair.right)
    let other = try Self.hardwareAddress(in: pair.left)
    self.interfaceIndex = interfaceIndex
    self.own = own
    self.other = other
    self.announcer = announcer
    self.listener = listener
  }

  private static func hardwareAddress(in namespace: Namespace) throws -> HardwareAddress {
    var links = try namespace.run { try LinkTable.open() }
    guard let address = try links.link(index: namespace.index())?.hardwareAddress else {
      throw SystemError("no hardware address", ENODEV)
    }
    return address
  }

  /// How long the answer to a question may come behind that to the one asked after it, in
  /// milliseconds: processors have queues of their own.
  static let patience: Int32 = 200

  /// Whether the address answers, not much later than one that always does.
  mutating func isAnswered(_ question: Question, _ address: IPAddress) throws -> Bool {
    let control: IPAddress =
      question.family == .ipv4
      ? .v4(IPv4Address(10, 0, 0, 1)) : .v6(IPv6Address(high: 0xfd00_0000_0000_0000, low: 1))
    while try receive(milliseconds: 0) != nil {}
    count += 1
    try ask(question, address)
    try ask(question, control)
    var isAnswered = false
    var isReached = false
    while let (frame, _) = try receive(milliseconds: isReached ? Self.patience : 5000) {
      if isAnswer(frame, to: question, from: address) { isAnswered = true }
      if isAnswer(frame, to: question, from: control) { isReached = true }
      if isAnswered, isReached { return true }
    }
    guard isReached else { throw SystemError("no answer from \(control)", ETIMEDOUT) }
    return isAnswered
  }

  /// Asks each millisecond until that instant, and says when the answers came in, by the kernel.
  mutating func answers(
    _ question: Question, _ address: IPAddress, until end: Instant
  ) throws -> [Instant] {
    var times: [Instant] = []
    while Clock.now() < end {
      count += 1
      try ask(question, address)
      var wait: Int32 = 1
      while let (frame, time) = try receive(milliseconds: wait) {
        wait = 0
        let answered = (0..<64).contains { age in
          isAnswer(frame, to: question, from: address, number: count &- age)
        }
        if answered { times.append(time) }
      }
    }
    return times
  }

  /// Sends a frame to the left host.
  func send(_ frame: [UInt8]) throws {
    _ = try announcer.send(frame, frameLength: frame.count, interfaceIndex: interfaceIndex)
  }

  func ask(_ question: Question, _ address: IPAddress) throws {
    try send(frame(question, address))
  }

  /// The next frame and when it came in, on CLOCK_BOOTTIME.
  private func receive(milliseconds: Int32) throws -> ([UInt8], Instant)? {
    guard becomesReadable(listener.number, milliseconds: milliseconds) else { return nil }
    var buffer = [UInt8](repeating: 0, count: 2048)
    let length = recv(listener.number, &buffer, buffer.count, 0)
    guard length >= 0 else { throw SystemError("recv") }
    // SIOCGSTAMPNS of linux/sockios.h, on CLOCK_REALTIME.
    var stamp = timespec()
    guard ioctl(listener.number, 0x8907, &stamp) == 0 else { throw SystemError("SIOCGSTAMPNS") }
    // The moment first: a pause between the two makes a frame older than it is, never younger.
    let now = Clock.now()
    let wall = Clock.wallClock()
    let age =
      Duration.seconds(wall.seconds - Int64(stamp.tv_sec))
      + .nanoseconds(Int64(wall.nanoseconds) - Int64(stamp.tv_nsec))
    return (Array(buffer[..<length]), Instant(sinceBoot: now.sinceBoot - age))
  }
}

extension Neighbor {
  func frame(_ question: Question, _ address: IPAddress) -> [UInt8] {
    let bytes = address.bytes
    let sender4: [UInt8] = [10, 0, 0, 2]
    let sender6: [UInt8] = [0xfd] + [UInt8](repeating: 0, count: 14) + [2]
    let number = [UInt8(count >> 8), UInt8(count & 0xff)]
    switch question {
    case .arp:
      return HardwareAddress.broadcast.bytes + own.bytes + [8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
        + own.bytes + sender4 + [0, 0, 0, 0, 0, 0] + bytes
    case .echo4:
      var header: [UInt8] = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0] + sender4 + bytes
      header.replaceSubrange(10..<12, with: checksum(header))
      var message: [UInt8] = [8, 0, 0, 0] + [0x67, 0x67] + number
      message.replaceSubrange(2..<4, with: checksum(message))
      return other.bytes + own.bytes + [8, 0] + header + message
    case .solicitation:
      let last = Array(bytes.suffix(3))
      let group: [UInt8] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff] + last
      return [0x33, 0x33, 0xff] + last + own.bytes
        + ipv6(sender6, group, [135, 0, 0, 0, 0, 0, 0, 0] + bytes + [1, 1] + own.bytes)
    case .echo6:
      return other.bytes + own.bytes
        + ipv6(sender6, bytes, [128, 0, 0, 0] + [0x67, 0x67] + number)
    }
  }

  private func ipv6(
    _ source: [UInt8], _ destination: [UInt8], _ message: [UInt8]
  ) -> [UInt8] {
    var message = message
    let pseudo = source + destination + [0, 0, 0, UInt8(message.count), 0, 0, 0, 58]
    message.replaceSubrange(2..<4, with: checksum(pseudo + message))
    return [0x86, 0xdd, 0x60, 0, 0, 0, 0, UInt8(message.count), 58, 255] + source + destination
      + message
  }

  /// RFC 1071, for an even number of bytes.
  private func checksum(_ bytes: [UInt8]) -> [UInt8] {
    var sum = stride(from: 0, to: bytes.count, by: 2).reduce(UInt32(0)) {
      $0 + UInt32(bytes[$1]) << 8 + UInt32(bytes[$1 + 1])
    }
    while sum > 0xffff { sum = sum >> 16 + sum & 0xffff }
    return [UInt8(~sum >> 8 & 0xff), UInt8(~sum & 0xff)]
  }

  /// Whether a frame is the address's answer to the question of that number, the last one by default;
  /// ARP and ND do not number theirs.
  private func isAnswer(
    _ frame: [UInt8], to question: Question, from address: IPAddress, number: UInt16? = nil
  ) -> Bool {
    let number = number ?? count
    let bytes = address.bytes
    func has(_ expected: [UInt8], at offset: Int) -> Bool {
      frame.count >= offset + expected.count
        && Array(frame[offset...].prefix(expected.count)) == expected
    }
    let echo: [UInt8] = [0x67, 0x67, UInt8(number >> 8), UInt8(number & 0xff)]
    switch question {
    case .arp: return has([8, 6], at: 12) && has([0, 2], at: 20) && has(bytes, at: 28)
    case .echo4:
      return has([8, 0], at: 12) && has(bytes, at: 26) && has([0, 0], at: 34) && has(echo, at: 38)
    case .solicitation:
      return has([0x86, 0xdd], at: 12) && has([136, 0], at: 54) && has(bytes, at: 62)
    case .echo6:
      return has([0x86, 0xdd], at: 12) && has(bytes, at: 22) && has([129, 0], at: 54)
        && has(echo, at: 58)
    }
  }
}
