// The parts of a virtual router's status.

/// How long the kernel lets this node answer for the addresses without the daemon.
public struct LeaseStatus: Codable, Equatable, Sendable {
  public var mechanism: Mechanism
  /// 0 when there is no lease.
  public var durationMilliseconds: Int
  /// The least time that any Backup waits before it claims, by the shortest interval that is known.
  public var peerWaitsMilliseconds: Int
  /// Whether the lease ends before that.
  public var isSafe: Bool

  public enum Mechanism: String, Codable, Sendable, CaseIterable {
    case bpf, nftables, off
    case addressLifetime = "address-lifetime"
  }

  public init(
    mechanism: Mechanism, durationMilliseconds: Int, peerWaitsMilliseconds: Int, isSafe: Bool
  ) {
    self.mechanism = mechanism
    self.durationMilliseconds = durationMilliseconds
    self.peerWaitsMilliseconds = peerWaitsMilliseconds
    self.isSafe = isSafe
  }

  private enum CodingKeys: String, CodingKey {
    case mechanism
    case durationMilliseconds = "duration_ms"
    case peerWaitsMilliseconds = "peer_waits_ms"
    case isSafe = "safe"
  }

  /// An older daemon does not tell whether it is safe.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    mechanism = try container.decode(Mechanism.self, forKey: .mechanism)
    durationMilliseconds = try container.decode(Int.self, forKey: .durationMilliseconds)
    peerWaitsMilliseconds = try container.decode(Int.self, forKey: .peerWaitsMilliseconds)
    isSafe =
      try container.decodeIfPresent(Bool.self, forKey: .isSafe)
      ?? (durationMilliseconds < peerWaitsMilliseconds)
  }
}

/// Another host that claims an address of the virtual router, or did.
public struct ConflictStatus: Codable, Equatable, Sendable {
  public var address: String
  /// The claimant's, by which a switch finds its port.
  public var hardwareAddress: String
  /// The primary address of the claimant when it is a node of ours.
  @OrNull public var node: String?
  /// Whether it keeps this node out of the election.
  public var keepsOut: Bool
  public var firstSeen: Timestamp
  public var lastSeen: Timestamp
  /// Claims since then.
  public var count: Int

  public init(
    address: String, hardwareAddress: String, node: String?, keepsOut: Bool, firstSeen: Timestamp,
    lastSeen: Timestamp, count: Int
  ) {
    self.address = address
    self.hardwareAddress = hardwareAddress
    self.node = node
    self.keepsOut = keepsOut
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.count = count
  }

  private enum CodingKeys: String, CodingKey {
    case address, node, count
    case hardwareAddress = "hardware_address"
    case keepsOut = "keeps_out"
    case firstSeen = "first_seen"
    case lastSeen = "last_seen"
  }
}

/// One health check.
public struct CheckStatus: Codable, Equatable, Sendable {
  public var name: String
  public var passing: Bool
  /// When it began to pass or to fail.
  public var since: Timestamp
  /// What it said last; may be empty.
  public var detail: String

  public init(name: String, passing: Bool, since: Timestamp, detail: String = "") {
    self.name = name
    self.passing = passing
    self.since = since
    self.detail = detail
  }
}

/// A hook program that runs.
public struct HookStatus: Codable, Equatable, Sendable {
  /// `promote`, `demote`, …
  public var event: String
  /// The program and its arguments, without the event.
  public var command: [String]
  public var since: Timestamp
  public var eventIdentifier: String

  public init(event: String, command: [String], since: Timestamp, eventIdentifier: String) {
    self.event = event
    self.command = command
    self.since = since
    self.eventIdentifier = eventIdentifier
  }

  private enum CodingKeys: String, CodingKey {
    case event, command, since
    case eventIdentifier = "event_id"
  }
}

/// What has happened to one virtual router since the daemon started.
public struct RouterCounters: Codable, Equatable, Sendable {
  public var advertisementsSent = 0
  public var advertisementsReceived = 0
  public var priorityZeroSent = 0
  public var priorityZeroReceived = 0
  /// How often this node was elected.
  public var elections = 0
  /// Gratuitous ARP and unsolicited neighbour advertisements.
  public var announcementsSent = 0
  /// Addresses that somebody else removed and the daemon put back.
  public var addressesRestored = 0
  /// Advertisements that could not be sent, and leases that could not be extended after one.
  public var beatsFailed = 0
  /// How often this node found that its lease had ended.
  public var leasesLapsed = 0
  /// Frames in which another host claimed an address that was held here.
  public var conflictsSeen = 0
  /// Announcements sent to defend one.
  public var conflictsDefended = 0
  /// TCP connections of the addresses that were reset before the role left.
  public var connectionsReset = 0
  /// Those that were found and could not be.
  public var connectionsLeft = 0
  /// Clients of another holder that were told that the role is here.
  public var connectionsTold = 0
  /// Segments sent to tell them.
  public var ticklesSent = 0
  public var hooksRun = 0
  public var hooksFailed = 0
  public var checksumForms = ChecksumForms()
  /// How often this node could have claimed and a peer's report kept it from doing so.
  public var claimsRefrained = 0

  /// Which form of checksum received advertisements of version 3 over IPv4 had.
  public struct ChecksumForms: Codable, Equatable, Sendable {
    /// Over the message alone (RFC 9568).
    public var message = 0
    /// Over a pseudo-header too (RFC 5798).
    public var pseudoHeader = 0

    public init(message: Int = 0, pseudoHeader: Int = 0) {
      self.message = message
      self.pseudoHeader = pseudoHeader
    }

    private enum CodingKeys: String, CodingKey {
      case message
      case pseudoHeader = "pseudo_header"
    }
  }

  public init() {}

  fileprivate enum CodingKeys: String, CodingKey {
    case elections
    case advertisementsSent = "advertisements_sent"
    case advertisementsReceived = "advertisements_received"
    case priorityZeroSent = "priority_zero_sent"
    case priorityZeroReceived = "priority_zero_received"
    case announcementsSent = "announcements_sent"
    case addressesRestored = "addresses_restored"
    case beatsFailed = "beats_failed"
    case leasesLapsed = "leases_lapsed"
    case conflictsSeen = "conflicts_seen"
    case conflictsDefended = "conflicts_defended"
    case connectionsReset = "connections_reset"
    case connectionsLeft = "connections_left"
    case connectionsTold = "connections_told"
    case ticklesSent = "tickles_sent"
    case hooksRun = "hooks_run"
    case hooksFailed = "hooks_failed"
    case checksumForms = "checksum_forms"
    case claimsRefrained = "claims_refrained"
  }
}

extension KeyedDecodingContainer where Key == RouterCounters.CodingKeys {
  // Synthesized decoding calls this: a counter that an older daemon does not have reads as 0.
  fileprivate func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
    try decodeIfPresent(type, forKey: key) ?? 0
  }
}
