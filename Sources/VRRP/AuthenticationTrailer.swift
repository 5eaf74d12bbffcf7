// The trailer behind a VRRP message that authenticates it (draft-cassen-vrrp-auth-hmac):
//
//   offset  bytes
//   0       1      scheme, 1: HMAC-SHA-256 cut to 128 bits
//   1       1      key id, 1-255
//   2       2      0
//   4       4      seconds since 1970, modulo 2^32
//   8       2      fraction of 1/65536 s
//   10      2      counter
//   12      16     the code
//
// The code covers a pseudo-header that is never sent, the message with its checksum read as 0, the
// first 12 bytes of the trailer, and 16 bytes of 0:
//
//   0       1      IP version
//   1       1      VRRP version
//   2       1      VRID
//   3       1      0
//   4       16     source address, IPv4 with 12 bytes of 0 behind it

/// The trailer of an advertisement.
public struct AuthenticationTrailer: Hashable, Sendable {
  /// Bytes of a trailer.
  public static let length = 28
  /// HMAC-SHA-256, cut to 128 bits.
  static let scheme: UInt8 = 1
  /// Bytes in front of the code, and of the code.
  static let headerLength = 12
  static let codeLength = 16
  /// Bytes of the pseudo-header.
  static let pseudoHeaderLength = 20

  /// 0 names no key.
  public let key: UInt8
  public let sequence: SequenceNumber
  /// 128 bits.
  public let code: AuthenticationCode

  public init(key: UInt8, sequence: SequenceNumber, code: AuthenticationCode) {
    self.key = key
    self.sequence = sequence
    self.code = code
  }

  /// The last bytes of a message that has a trailer.
  public init(decoding message: Span<UInt8>) throws(DiscardReason) {
    let start = message.count - Self.length
    guard start >= 0 else { throw .missingTrailer }
    guard message[start] == Self.scheme, message.word(at: start + 2) == 0 else {
      throw .malformedTrailer
    }
    key = message[start + 1]
    sequence = SequenceNumber(message.number(at: start + 4, count: 8))
    code = AuthenticationCode(
      high: message.number(at: start + 12, count: 8), low: message.number(at: start + 20, count: 8))
  }

  /// Puts what the code covers into `input`, which loses what it had.
  ///
  /// - Parameters:
  ///   - message: without a trailer.
  ///   - header: the first 12 bytes of the trailer.
  static func gather(
    _ message: Span<UInt8>, key: UInt8, _ sequence: SequenceNumber, source: IPAddress,
    _ identifier: VirtualRouterIdentifier, _ version: ProtocolVersion, into input: inout [UInt8]
  ) {
    input.removeAll(keepingCapacity: true)
    input.append(source.family.rawValue)
    input.append(version.rawValue)
    input.append(identifier.number)
    input.append(0)
    input.append(source)
    input.append(number: 0, count: pseudoHeaderLength - input.count)
    for index in 0..<message.count { input.append(index == 6 || index == 7 ? 0 : message[index]) }
    appendHeader(key: key, sequence, to: &input)
    input.append(number: 0, count: codeLength)
  }

  /// The first 12 bytes.
  static func appendHeader(key: UInt8, _ sequence: SequenceNumber, to buffer: inout [UInt8]) {
    buffer.append(scheme)
    buffer.append(key)
    buffer.append(word: 0)
    buffer.append(number: sequence.number, count: 8)
  }

  /// Behind the message; the checksum over IPv6 covers the trailer, and counts its length.
  func append(to message: inout [UInt8], family: AddressFamily) {
    let start = message.count
    Self.appendHeader(key: key, sequence, to: &message)
    message.append(number: code.high, count: 8)
    message.append(number: code.low, count: 8)
    guard family == .ipv6 else { return }
    var sum = InternetChecksum()
    sum.add(~message.span.word(at: 6))
    sum.add(UInt16(Self.length))
    sum.add(message.span.extracting(start...))
    message.replaceWord(at: 6, with: sum.field)
  }
}

/// The first 16 bytes of HMAC-SHA-256.
public struct AuthenticationCode: Hashable, Sendable {
  let high: UInt64
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// nil when there are less than 16 bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count >= AuthenticationTrailer.codeLength else { return nil }
    high = bytes.span.number(at: 0, count: 8)
    low = bytes.span.number(at: 8, count: 8)
  }

  /// Whether all bits are the same, in a time that tells nothing about where they differ.
  func isSame(as other: AuthenticationCode) -> Bool {
    (high ^ other.high) | (low ^ other.low) == 0
  }
}
