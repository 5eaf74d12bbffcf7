import VRRP

/// Another host that says it has one of the addresses.
public struct AddressConflict: Hashable, Sendable {
  /// The address it claimed last.
  public var address: IPAddress
  /// The claimant.
  public var hardware: HardwareAddress
  /// What it last told of itself when it is a node of ours; nil for any other host, and for one of
  /// ours whose kernel alone was heard so far.
  public var mark: ClaimMark?
  public var firstSeen: Instant
  public var lastSeen: Instant
  /// Claims since `firstSeen`, for whichever of the addresses.
  public var count: UInt64

  public init(
    address: IPAddress, hardware: HardwareAddress, mark: ClaimMark?, firstSeen: Instant,
    lastSeen: Instant, count: UInt64
  ) {
    self.address = address
    self.hardware = hardware
    self.mark = mark
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.count = count
  }

  init(_ claim: NeighborClaim, at now: Instant) {
    self.init(
      address: claim.address, hardware: claim.hardware, mark: claim.mark, firstSeen: now,
      lastSeen: now, count: 1)
  }

  /// This conflict after one more claim: the same one when the claimant is the same, else a new one.
  func adding(_ claim: NeighborClaim, at now: Instant) -> AddressConflict {
    guard claim.hardware == hardware else { return AddressConflict(claim, at: now) }
    var conflict = self
    conflict.address = claim.address
    conflict.mark = claim.mark ?? mark
    conflict.lastSeen = now
    conflict.count &+= 1
    return conflict
  }
}

/// What a `ConflictWatch` has counted since it began.
public struct ConflictCounters: Equatable, Sendable {
  /// Claims of other hosts while the addresses were here.
  public var foreignClaims: UInt64 = 0
  /// Probes of other hosts while the addresses were here.
  public var foreignProbes: UInt64 = 0
  /// Announcements in answer to either.
  public var defences: UInt64 = 0
  /// Times the addresses were left to a node with the better right.
  public var yields: UInt64 = 0
  /// Times the addresses were found in use before a claim.
  public var foundInUse: UInt64 = 0

  public init() {}
}
