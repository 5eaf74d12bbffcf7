/// A TCP segment that makes an idle client notice that its server has moved.
///
/// It claims to come from the moving address, with numbers that lie outside of the client's window.
/// The client answers with an ACK that has the true ones (RFC 9293 section 3.10.7.4), this host knows
/// no such connection and resets it (section 3.5.2). One byte of data is on board because an answer to
/// a pure ACK is sent to each socket no more than twice a second (tcp_invalid_ratelimit, ip-sysctl of
/// Linux): a second try would not be heard.
public struct TickleSegment: Hashable, Sendable {
  /// The connection to end, as the host that has the local address now would see it.
  public var connection: TCPConnection

  /// nil when the two addresses are not of one family.
  public init?(_ connection: TCPConnection) {
    guard connection.local.family == connection.remote.family else { return nil }
    self.connection = connection
  }

  /// Bytes of the packet with its IP header: 41 over IPv4, 61 over IPv6.
  public static func packetLength(_ family: AddressFamily) -> Int {
    family.headerLength + segmentLength
  }

  /// Appends the packet to a buffer: the IP header, the TCP header and one byte.
  public func append(to buffer: inout [UInt8]) {
    switch connection.local {
    case .v4(let source): appendIPv4Header(from: source, to: &buffer)
    case .v6: appendIPv6Header(to: &buffer)
    }
    let start = buffer.count
    buffer.append(word: connection.localPort)
    buffer.append(word: connection.remotePort)
    // Sequence and acknowledgement number.
    buffer.append(number: 0, count: 8)
    buffer.append(word: Self.offsetAndFlags)
    buffer.append(word: Self.window)
    // Checksum and urgent pointer.
    buffer.append(number: 0, count: 4)
    buffer.append(0)
    var checksum = InternetChecksum()
    checksum.addPseudoHeader(
      from: connection.local, to: connection.remote, protocolNumber: Self.protocolNumber,
      length: Self.segmentLength)
    checksum.add(buffer.span.extracting(start...))
    buffer.replaceWord(at: start + 16, with: checksum.field)
  }

  private func appendIPv4Header(from source: IPv4Address, to buffer: inout [UInt8]) {
    let start = buffer.count
    // Version 4, five words, no service.
    buffer.append(word: 0x4500)
    buffer.append(word: UInt16(Self.packetLength(.ipv4)))
    // Never a fragment, so its identification means nothing (RFC 6864 section 4).
    buffer.append(number: 0x0000_4000, count: 4)
    buffer.append(255)
    buffer.append(Self.protocolNumber)
    buffer.append(word: 0)
    buffer.append(.v4(source))
    buffer.append(connection.remote)
    var checksum = InternetChecksum()
    checksum.add(buffer.span.extracting(start...))
    buffer.replaceWord(at: start + 10, with: checksum.field)
  }

  private func appendIPv6Header(to buffer: inout [UInt8]) {
    buffer.append(number: 0x6000_0000, count: 4)
    buffer.append(word: UInt16(Self.segmentLength))
    buffer.append(Self.protocolNumber)
    buffer.append(64)
    buffer.append(connection.local)
    buffer.append(connection.remote)
  }

  private static let protocolNumber: UInt8 = 6
  /// The TCP header without options, and one byte of data.
  private static let segmentLength = 21
  /// Five words, ACK.
  private static let offsetAndFlags: UInt16 = 0x5010
  /// Easy to spot in a capture.
  private static let window: UInt16 = 1234
}

extension AddressFamily {
  /// Bytes of the IP header without options.
  fileprivate var headerLength: Int { self == .ipv4 ? 20 : 40 }
}
