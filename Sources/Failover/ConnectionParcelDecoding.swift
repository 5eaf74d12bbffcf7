import VRRP

extension ConnectionParcel {
  /// Any bytes: a parcel, or why they are none.
  public init(decoding bytes: [UInt8]) throws(ConnectionParcelError) {
    guard bytes.count <= Self.longest else { throw .tooLong }
    var reader = Reader(bytes)
    guard try reader.number(UInt8.self) == Self.version else { throw .version }
    switch try reader.number(UInt8.self) {
    case 1: self = .piece(try Piece(&reader))
    case 2:
      self = .holding(
        Holding(
          number: try reader.number(), count: try reader.number(), digest: try reader.number()))
    case 3: self = .missing
    case 4: self = .told
    case 5: self = .late(try Piece(&reader))
    default: throw .kind
    }
    guard reader.left == 0 else { throw .length }
  }

  /// Bytes and how far they are read.
  struct Reader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var left: Int { bytes.count - offset }

    mutating func number<Number: FixedWidthInteger>(
      _ type: Number.Type = Number.self
    ) throws(ConnectionParcelError) -> Number {
      let end = offset + Number.bitWidth / 8
      guard end <= bytes.count else { throw .length }
      defer { offset = end }
      return bytes[offset..<end].reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func address(_ family: AddressFamily) throws(ConnectionParcelError) -> IPAddress {
      let end = offset + family.addressLength
      guard end <= bytes.count, let address = IPAddress(bytes: bytes[offset..<end]) else {
        throw .length
      }
      offset = end
      guard address.canBeAnEnd else { throw .impossibleAddress }
      return address
    }

    mutating func entries(
      _ count: Int, _ family: AddressFamily
    ) throws(ConnectionParcelError) -> [ConnectionEntry] {
      let length = ConnectionEntry.length(family)
      guard count <= left / length else { throw .length }
      var entries: [ConnectionEntry] = []
      entries.reserveCapacity(count)
      for _ in 0..<count {
        let entry = ConnectionEntry(bytes.span, at: offset, family)
        guard entry.clientPort != 0, entry.localPort != 0, entry.client(family).canBeAnEnd else {
          throw .impossibleAddress
        }
        entries.append(entry)
        offset += length
      }
      return entries
    }
  }
}

extension ConnectionParcel.Piece {
  fileprivate init(_ reader: inout ConnectionParcel.Reader) throws(ConnectionParcelError) {
    let flags: UInt8 = try reader.number()
    guard flags <= 3 else { throw .flags }
    guard let family = AddressFamily(rawValue: try reader.number()) else { throw .family }
    number = try reader.number()
    self.family = family
    isEnd = flags & 2 != 0
    if flags & 1 != 0 {
      let count: UInt8 = try reader.number()
      var addresses: [IPAddress] = []
      for _ in 0..<count { addresses.append(try reader.address(family)) }
      beginning = addresses
    }
    let goingCount: UInt32 = try reader.number()
    removed = try reader.entries(Int(goingCount), family)
    let length = ConnectionEntry.length(family)
    guard reader.left.isMultiple(of: length) else { throw .length }
    added = try reader.entries(reader.left / length, family)
    if let beginning {
      guard added.allSatisfy({ Int($0.place) < beginning.count }) else { throw .place }
    }
  }
}

extension IPAddress {
  /// Whether a TCP connection can end there (RFC 9293 section 3.9.2.3).
  var canBeAnEnd: Bool { !isMulticast && !isUnspecified }
}
