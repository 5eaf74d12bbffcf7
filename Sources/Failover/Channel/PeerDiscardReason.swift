/// Why a datagram of the peer channel was discarded; the raw value is the name of its counter.
///
/// The first fault found names the reason, in the order of the cases: what costs most is looked at
/// last. A discarded datagram changes nothing but that counter.
public enum PeerDiscardReason: String, Error, CaseIterable, Sendable, Hashable {
  /// Shorter than its header, its names and its code.
  case tooShort = "too_short"
  /// Longer than `PeerHeader.longestDatagram`.
  case tooLong = "too_long"
  /// It does not begin with `GWPC`.
  case magic
  /// Only a newer version than ours can read it.
  case version
  /// A name that is empty, too long or no UTF-8, or a session or counter of 0.
  case malformedHeader = "malformed_header"
  /// Its receiver is another node.
  case notForUs = "not_for_us"
  /// Its sender is not listed under `peers`.
  case unknownSender = "unknown_sender"
  /// Signed with a key that is not here.
  case unknownKey = "unknown_key"
  /// The code does not fit the bytes.
  case invalidCode = "invalid_code"
  /// A section is cut off, or says what no node would.
  case malformedSection = "malformed_section"
  /// Its counter is not above what was heard on its path.
  case replayed
  /// It does not answer our session: from before a start of either node, or the first of a
  /// conversation. It is answered and nothing in it counts.
  case staleSession = "stale_session"

  /// The reason in plain words, to follow "discarded:" in a log line.
  public var explanation: String {
    switch self {
    case .tooShort: "it is too short"
    case .tooLong: "it is too long"
    case .magic: "it is none of Godwit's"
    case .version: "it speaks a newer version of the protocol"
    case .malformedHeader: "its header makes no sense"
    case .notForUs: "it is meant for another node"
    case .unknownSender: "its sender is not listed under peers"
    case .unknownKey: "its key is not listed under authentication"
    case .invalidCode: "its code is wrong: the keys differ, or somebody forges"
    case .malformedSection: "a section of it makes no sense"
    case .replayed: "it was heard before"
    case .staleSession: "it belongs to an earlier run of this node or of its sender"
    }
  }
}

/// How many datagrams were discarded for each reason.
public struct PeerDiscardCounters: Equatable, Sendable {
  // Every reason has its entry from the start: counting in a flood allocates nothing.
  private var counts = Dictionary(
    uniqueKeysWithValues: PeerDiscardReason.allCases.map { ($0, UInt64(0)) })

  public init() {}

  public subscript(reason: PeerDiscardReason) -> UInt64 { counts[reason, default: 0] }

  public mutating func count(_ reason: PeerDiscardReason) { counts[reason, default: 0] &+= 1 }
}
