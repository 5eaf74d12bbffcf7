/// What every datagram of the peer channel begins with.
///
/// The channel in a paragraph: a datagram is a header, sections, and 32 bytes of HMAC-SHA-256 over
/// both. The header proves by its echo that the sender has lately heard the receiver (`PeerSession`),
/// so that nothing recorded is ever believed again. The sections carry what is to be said: the state
/// of the node and of its virtual routers, and pieces of parcels. Reports are repeated and never
/// acknowledged, parcels are acknowledged and arrive once. `Docs/PeerChannel.md` has every byte.
public struct PeerHeader: Hashable, Sendable {
  /// `GWPC`. What VRRP's HMAC is computed over begins with 4 or 6, the version of IP, so a code of
  /// the one protocol is never one of the other.
  public static let magic: UInt64 = 0x4757_5043
  /// The version that this code writes, and the newest that it reads.
  public static let version: UInt8 = 1
  /// Bytes of HMAC-SHA-256 behind everything else.
  public static let codeLength = 32
  /// No datagram is longer, so none is ever in fragments.
  public static let longestDatagram = 1400
  /// Bytes of a node's name at most.
  public static let longestName = 64
  /// Bytes in front of the names.
  static let fixedLength = 52

  /// The key that signs.
  public var key: UInt8
  /// Whether an answer is wanted at once.
  public var asks: Bool
  /// The place of the address that it is sent to in the sender's list of the receiver's addresses.
  public var path: UInt8
  public var stamp: PeerStamp
  /// When it was written, by the sender's signing clock.
  public var time: PeerTime
  public var sender: String
  public var receiver: String

  public init(
    key: UInt8, asks: Bool = false, path: UInt8, stamp: PeerStamp, time: PeerTime,
    sender: String, receiver: String
  ) {
    self.key = key
    self.asks = asks
    self.path = path
    self.stamp = stamp
    self.time = time
    self.sender = sender
    self.receiver = receiver
  }

  /// Bytes up to the first section.
  public var length: Int { Self.fixedLength + sender.utf8.count + receiver.utf8.count }

  /// Bytes that sections may take in a datagram between these two nodes.
  public static func room(from sender: String, to receiver: String) -> Int {
    longestDatagram - codeLength - fixedLength - sender.utf8.count - receiver.utf8.count
  }

  /// The datagram without its code, from sections as `PeerSection.encoded` gives them.
  public func encode(_ sections: some Sequence<[UInt8]>) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.longestDatagram)
    bytes.append(Self.magic, bytes: 4)
    bytes += [Self.version, Self.version, key, asks ? 1 : 0, path]
    bytes += [UInt8(clamping: sender.utf8.count), UInt8(clamping: receiver.utf8.count), 0]
    for number in [
      stamp.session, stamp.counter, stamp.echoSession, stamp.echoCounter, time.number,
    ] {
      bytes.append(number, bytes: 8)
    }
    bytes += sender.utf8
    bytes += receiver.utf8
    for section in sections { bytes += section }
    return bytes
  }
}

extension PeerHeader {
  /// Reads what stands in front of the sections. Nothing in it is true before the code was checked.
  public init(decoding datagram: Span<UInt8>) throws(PeerDiscardReason) {
    guard datagram.count >= Self.fixedLength + Self.codeLength else { throw .tooShort }
    guard datagram.count <= Self.longestDatagram else { throw .tooLong }
    var reader = PeerBytesReader(
      datagram.extracting(0..<min(datagram.count, Self.fixedLength + 2 * Self.longestName)))
    guard try reader.number(4) == Self.magic else { throw .magic }
    let version = try reader.byte()
    let lowest = try reader.byte()
    guard version >= 1, lowest <= Self.version else { throw .version }
    key = try reader.byte()
    asks = try reader.byte() & 1 != 0
    path = try reader.byte()
    let names = (Int(try reader.byte()), Int(try reader.byte()))
    _ = try reader.byte()
    stamp = PeerStamp(
      session: try reader.number(8), counter: try reader.number(8),
      echoSession: try reader.number(8), echoCounter: try reader.number(8))
    time = PeerTime(number: try reader.number(8))
    guard (1...Self.longestName).contains(names.0), (1...Self.longestName).contains(names.1),
      stamp.session != 0, stamp.counter != 0
    else { throw .malformedHeader }
    guard datagram.count - reader.offset >= names.0 + names.1 + Self.codeLength else {
      throw .tooShort
    }
    guard let sender = String(validating: try reader.array(names.0), as: UTF8.self),
      let receiver = String(validating: try reader.array(names.1), as: UTF8.self)
    else { throw .malformedHeader }
    self.sender = sender
    self.receiver = receiver
  }

  /// Where the code of a datagram begins, which `init(decoding:)` has let through.
  public static func codeOffset(in datagram: Span<UInt8>) -> Int { datagram.count - codeLength }
}
