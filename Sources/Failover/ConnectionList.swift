import VRRP

/// The connections of one virtual router that one holder has shared.
struct ConnectionList: Sendable {
  /// Entries count through this list.
  let addresses: [IPAddress]
  let family: AddressFamily
  private(set) var entries: Set<ConnectionEntry> = []
  /// The sum of the digests of all entries.
  private(set) var digest: UInt64 = 0

  init(addresses: [IPAddress], family: AddressFamily) {
    self.addresses = addresses
    self.family = family
  }

  /// Takes in a piece; whether all of it was about addresses of the list.
  mutating func apply(
    _ piece: ConnectionParcel.Piece, _ beyondLimit: inout Int
  ) -> Bool {
    for entry in piece.removed where entries.remove(entry) != nil { digest &-= entry.digest }
    for entry in piece.added {
      guard Int(entry.place) < addresses.count else { return false }
      guard entries.count < ConnectionLedger.most else {
        beyondLimit += 1
        continue
      }
      if entries.insert(entry).inserted { digest &+= entry.digest }
    }
    return true
  }

  /// Those of some addresses.
  func connections(of wanted: Set<IPAddress>) -> Set<TCPConnection> {
    var found: Set<TCPConnection> = []
    for entry in entries {
      let local = addresses[Int(entry.place)]
      guard wanted.contains(local) else { continue }
      found.insert(
        TCPConnection(
          local: local, localPort: entry.localPort, remote: entry.client(family),
          remotePort: entry.clientPort))
    }
    return found
  }
}
