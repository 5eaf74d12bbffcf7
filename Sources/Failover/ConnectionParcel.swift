import VRRP

/// What two nodes tell each other about the connections of one virtual router.
///
/// The holder sends its list once and then what has changed; at the end of each change the other side
/// answers with what it holds now, so that a difference is found and mended by a list that begins
/// anew. Bytes are in network order: the version 1, the kind, and what the case says.
public enum ConnectionParcel: Hashable, Sendable {
  /// Holder: a piece of the list. Kind 1: flags (1 begins anew, 2 ends), family 4 or 6, number (4
  /// bytes); if it begins anew, how many addresses (1) and these; how many entries go (4), those, and
  /// those that come. An entry is the client's address, its port, the local port, the address's place.
  case piece(Piece)
  /// Other side: what it holds since the piece with this number. Kind 2: number (4), count (4),
  /// digest (8).
  case holding(Holding)
  /// Other side: a change came for a list that it does not have. Kind 3.
  case missing
  /// Who took over has told the clients of all earlier holders. Kind 4.
  case told
  /// Who has handed the role over: a piece of the list of what its kernel still had when the addresses
  /// had left it. Kind 5, else as kind 1; nothing goes.
  case late(Piece)

  public struct Piece: Hashable, Sendable {
    var number: UInt32
    var family: AddressFamily
    /// The addresses that entries count through; nil when the list goes on.
    var beginning: [IPAddress]?
    var isEnd: Bool
    var removed: [ConnectionEntry]
    var added: [ConnectionEntry]
  }

  public struct Holding: Hashable, Sendable {
    var number: UInt32
    var count: UInt32
    /// The sum of the digests of all entries.
    var digest: UInt64
  }

  /// Bytes of a parcel at most.
  public static let longest = 60_000
  static let version: UInt8 = 1

  /// How many entries fit in a piece.
  static func capacity(_ family: AddressFamily, beginning: [IPAddress]?) -> Int {
    let table = (beginning?.count ?? 0) * family.addressLength + 1
    return (longest - 11 - table) / ConnectionEntry.length(family)
  }

  public var bytes: [UInt8] {
    var bytes = [Self.version]
    switch self {
    case .piece(let piece):
      bytes.append(1)
      piece.append(to: &bytes)
    case .holding(let holding):
      bytes.append(2)
      bytes.append(big: holding.number)
      bytes.append(big: holding.count)
      bytes.append(big: holding.digest)
    case .missing: bytes.append(3)
    case .told: bytes.append(4)
    case .late(let piece):
      bytes.append(5)
      piece.append(to: &bytes)
    }
    return bytes
  }
}

extension ConnectionParcel.Piece {
  fileprivate func append(to bytes: inout [UInt8]) {
    bytes.append((beginning == nil ? 0 : 1) | (isEnd ? 2 : 0))
    bytes.append(family.rawValue)
    bytes.append(big: number)
    if let beginning {
      bytes.append(UInt8(truncatingIfNeeded: beginning.count))
      for address in beginning { bytes += address.bytes }
    }
    bytes.append(big: UInt32(truncatingIfNeeded: removed.count))
    for entry in removed { entry.append(to: &bytes, family) }
    for entry in added { entry.append(to: &bytes, family) }
  }
}
