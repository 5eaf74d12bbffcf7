/// Something too long for a report, or that has to arrive: once, whole, and in order.
public struct PeerParcel: Hashable, Sendable {
  /// Bytes of a parcel's content at most: 128 KiB.
  public static let longest = 128 << 10

  /// What it is, by a number that sender and receiver agree on.
  public var kind: UInt8
  /// The virtual router that it is about; at most 64 bytes, may be empty.
  public var router: String
  public var bytes: [UInt8]

  public init(kind: UInt8, router: String, bytes: [UInt8]) {
    self.kind = kind
    self.router = router
    self.bytes = bytes
  }

  /// Kind, name and content, as its chunks carry them; nil for one that is too long.
  var content: [UInt8]? {
    guard bytes.count <= Self.longest, router.utf8.count <= PeerHeader.longestName else {
      return nil
    }
    var content = [kind]
    content.append(text: router, limit: PeerHeader.longestName)
    return content + bytes
  }

  init?(content: [UInt8]) {
    guard content.count >= 2 else { return nil }
    let end = 2 + Int(content[1])
    guard end <= content.count,
      let router = String(validating: content[2..<end], as: UTF8.self)
    else { return nil }
    self.init(kind: content[0], router: router, bytes: Array(content[end...]))
  }
}

/// A piece of a parcel.
public struct ParcelChunk: Hashable, Sendable {
  /// Bytes of a piece at most; all but the last of a parcel are that long.
  public static let longest = 1000
  /// Bytes of a parcel's pieces together at most.
  static let longestContent = PeerParcel.longest + 2 + PeerHeader.longestName

  /// Counts the sender's parcels in this connection from 1.
  public var parcel: UInt32
  /// Bytes of the whole parcel.
  public var total: UInt32
  /// Where the piece belongs: a multiple of `longest`.
  public var offset: UInt32
  public var bytes: [UInt8]

  init(parcel: UInt32, total: UInt32, offset: UInt32, bytes: [UInt8]) {
    self.parcel = parcel
    self.total = total
    self.offset = offset
    self.bytes = bytes
  }

  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    parcel = UInt32(try reader.number(4))
    total = UInt32(try reader.number(4))
    offset = UInt32(try reader.number(4))
    let length = Int(try reader.number(2))
    guard parcel > 0, parcel <= PeerParcels.lastOfAll,
      (1...Self.longestContent).contains(Int(total)), offset < total,
      Int(offset) % Self.longest == 0, length == min(Self.longest, Int(total) - Int(offset))
    else { throw .malformedSection }
    bytes = try reader.array(length)
  }

  var content: [UInt8] {
    var content: [UInt8] = []
    content.append(parcel, bytes: 4)
    content.append(total, bytes: 4)
    content.append(offset, bytes: 4)
    content.append(bytes.count, bytes: 2)
    return content + bytes
  }
}

/// What has arrived: every parcel before this one, and of this one every byte before the offset.
public struct ParcelAcknowledgement: Hashable, Comparable, Sendable {
  public var parcel: UInt32
  public var offset: UInt32

  init(parcel: UInt32, offset: UInt32) {
    self.parcel = parcel
    self.offset = offset
  }

  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    parcel = UInt32(try reader.number(4))
    offset = UInt32(try reader.number(4))
  }

  var content: [UInt8] {
    var content: [UInt8] = []
    content.append(parcel, bytes: 4)
    content.append(offset, bytes: 4)
    return content
  }

  public static func < (left: ParcelAcknowledgement, right: ParcelAcknowledgement) -> Bool {
    (left.parcel, left.offset) < (right.parcel, right.offset)
  }
}
