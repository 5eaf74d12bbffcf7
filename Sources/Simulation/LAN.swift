import VRRP

/// The one segment that all nodes and a client are on: who hears whom.
struct LAN {
  private var isCut = [Bool](repeating: false, count: 64)
  private var isSplit = [Bool](repeating: false, count: 64)
  private var cutEnded = [Nanoseconds](repeating: -1_000_000 * Nanoseconds.second, count: 64)
  private(set) var isPartitioned = false
  /// Until when advertisements were filtered while other frames passed.
  private(set) var lastFiltered: Nanoseconds = -1_000_000 * .second
  /// When a division last ended.
  private(set) var lastMended: Nanoseconds = -1_000_000 * .second
  /// When a priority 0 was last sent.
  var lastGoodbye: Nanoseconds = -1_000_000 * .second
  /// The node that the client's neighbour entry names; nil when it has none.
  var clientEntry: Int?
  /// The nodes whose side of a complete partition the client is on.
  private(set) var clientSide: UInt8 = 0xff

  /// Whether advertisements of `sender` reach `receiver`.
  func carriesAdvertisements(from sender: Int, to receiver: Int) -> Bool {
    !isCut[sender * 8 + receiver]
  }

  /// Whether no frame passes between the two.
  func separates(_ one: Int, _ other: Int) -> Bool { isSplit[one * 8 + other] }

  func reachesClient(_ node: Int) -> Bool { clientSide & (1 << node) != 0 }

  /// Whether the two could hear each other since that time.
  func isWhole(_ one: Int, _ other: Int, since time: Nanoseconds) -> Bool {
    let (there, back) = (one * 8 + other, other * 8 + one)
    return !isCut[there] && !isCut[back] && cutEnded[there] <= time && cutEnded[back] <= time
  }

  mutating func partition(_ side: UInt8, _ kind: PartitionKind, count: Int) {
    isPartitioned = true
    if kind != .complete { lastFiltered = .max }
    for one in 0..<count {
      for other in 0..<count where one != other {
        let isHere = side & (1 << one) != 0
        guard isHere != (side & (1 << other) != 0) else { continue }
        if kind != .oneWay || isHere { isCut[one * 8 + other] = true }
        if kind == .complete { isSplit[one * 8 + other] = true }
      }
    }
    if kind == .complete { clientSide = side & 1 != 0 ? side : ~side }
  }

  mutating func mend(at now: Nanoseconds) {
    isPartitioned = false
    lastMended = now
    if lastFiltered == .max { lastFiltered = now }
    clientSide = 0xff
    for pair in isCut.indices where isCut[pair] {
      isCut[pair] = false
      isSplit[pair] = false
      cutEnded[pair] = now
    }
  }

  /// The node was out of reach until now.
  mutating func wasApart(_ node: Int, until now: Nanoseconds) {
    lastMended = now
    for other in 0..<8 {
      cutEnded[node * 8 + other] = now
      cutEnded[other * 8 + node] = now
    }
  }
}
