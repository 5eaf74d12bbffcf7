import VRRP

/// The keys of a virtual router on which the nodes have to agree; the raw value is what the channel
/// carries, and is never given to another key.
public enum SharedKey: UInt8, CaseIterable, Hashable, Sendable {
  case vrid = 1
  case version, family, addresses
  case advertisementInterval, lease, checksum, acceptMode, conflictDetection
  case onRelease, onTakeover, connectionPorts, maintenanceLease

  /// The key as the configuration file has it, below the virtual router.
  public var name: String {
    switch self {
    case .vrid: "vrid"
    case .version: "version"
    case .family: "family"
    case .addresses: "addresses"
    case .advertisementInterval: "advertisement_interval"
    case .lease: "lease"
    case .checksum: "checksum"
    case .acceptMode: "accept_mode"
    case .conflictDetection: "conflict_detection"
    case .onRelease: "connections.on_release"
    case .onTakeover: "connections.on_takeover"
    case .connectionPorts: "connections.ports"
    case .maintenanceLease: "maintenance_lease"
    }
  }
}

/// A hash of each key on which the nodes have to agree: enough to name a key that differs, too little
/// to say how.
public struct SharedConfiguration: Hashable, Sendable {
  /// FNV-1a of the value as text; by the number of the key, since a newer node may have more.
  public private(set) var digests: [UInt8: UInt32] = [:]

  /// Of the values of one virtual router as text.
  public init(_ values: [SharedKey: String]) {
    for (key, value) in values { digests[key.rawValue] = Self.digest(value) }
  }

  /// What differs from another node's, in the order of the keys; a key that only one of them tells
  /// does not count.
  public func disagreements(with other: SharedConfiguration) -> [SharedKey] {
    SharedKey.allCases.filter { key in
      guard let ours = digests[key.rawValue], let theirs = other.digests[key.rawValue] else {
        return false
      }
      return ours != theirs
    }
  }

  /// FNV-1a of 32 bits over the UTF-8 of a text.
  static func digest(_ text: String) -> UInt32 {
    text.utf8.reduce(0x811c_9dc5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
  }
}

extension SharedConfiguration {
  /// What the settings of a participant say; `others` are the values of keys beside them.
  public init(_ settings: ParticipantSettings, others: [SharedKey: String] = [:]) {
    let router = settings.router
    var values = others
    values[.vrid] = "\(router.identifier)"
    values[.version] = "\(router.version.rawValue)"
    values[.family] = "\(router.family.rawValue)"
    values[.addresses] = router.addresses.sorted().map(\.description).joined(separator: " ")
    values[.advertisementInterval] = "\(router.advertisementInterval.centiseconds)"
    let (seconds, attoseconds) = settings.lease.duration.components
    values[.lease] = settings.lease.isEnforced ? "\(seconds).\(attoseconds)" : "off"
    if router.version == .version3, router.family == .ipv4 {
      values[.checksum] = router.checksumForm == .message ? "rfc9568" : "pseudo-header"
    }
    values[.conflictDetection] = "\(settings.detectsConflicts)"
    self.init(values)
  }
}

extension SharedConfiguration {
  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    for _ in 0..<(try reader.byte()) {
      digests[try reader.byte()] = UInt32(try reader.number(4))
    }
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(UInt8(clamping: digests.count))
    for (key, digest) in digests.sorted(by: { $0.key < $1.key }) {
      bytes.append(key)
      bytes.append(digest, bytes: 4)
    }
  }
}
