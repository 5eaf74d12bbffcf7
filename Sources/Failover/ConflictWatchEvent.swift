import VRRP

extension ConflictWatch {
  /// How this node shows in the frames of the segment.
  public struct Identity: Hashable, Sendable {
    public var identifier: VirtualRouterIdentifier
    /// The priority that counts now.
    public var priority: Priority
    /// The primary address, source of the advertisements; nil while there is none.
    public var primary: IPAddress?
    /// Every hardware address of this host: its kernel may answer for an address on any interface
    /// (arp_ignore of ip-sysctl), and that is no conflict.
    public var hardware: Set<HardwareAddress>

    public init(
      identifier: VirtualRouterIdentifier, priority: Priority, primary: IPAddress?,
      hardware: Set<HardwareAddress>
    ) {
      self.identifier = identifier
      self.priority = priority
      self.primary = primary
      self.hardware = hardware
    }

    /// The mark for this node's own announcements; nil without a primary address.
    public var mark: ClaimMark? {
      primary.map { ClaimMark(identifier: identifier, priority: priority, primary: $0) }
    }
  }

  /// What happens to a watch.
  public enum Event: Equatable, Sendable {
    /// Find out within that time whether somebody has the addresses; answered by `.probed`. Has no
    /// meaning while they are here or this node stays out.
    case probe(within: Duration)
    /// Another router of this virtual router advertises: whatever was found is its business.
    case advertisementHeard
    /// The addresses are here.
    case held
    /// The addresses are not here any more.
    case released
    /// Out of the election for another reason than a conflict, or the end.
    case stop
    /// What a frame on the interface says about any address.
    case claim(NeighborClaim)
    /// This node shows differently from now on.
    case identity(Identity)
    /// Another list of addresses.
    case addresses([IPAddress])
    /// The time of `nextDeadline` has come.
    case timer
  }

  /// What a watch wants done.
  public enum Effect: Equatable, Sendable {
    /// Send an `AddressProbe` for each of the addresses at these places.
    case probe(Range<Int>)
    /// The end of what `.probe(within:)` began.
    case probed(ProbeResult)
    /// Announce the address at this place once, with our mark.
    case defend(Int)
    /// Announce all the addresses as after a claim: a node of ours claimed some and has yielded by
    /// now, and other hosts may still send to it.
    case announceAgain
    /// Take the addresses away and leave the election: this node has the better right to them. The
    /// watch goes on and tells by `.cleared` when it may join again.
    case yield(to: IPAddress, HardwareAddress)
    /// Nobody has the addresses any more, or the election decides about them again.
    case cleared
    /// Worth telling people: a claimant that is new, or still there after a while. At most one per
    /// second.
    case noticed(AddressConflict)
  }

  public enum ProbeResult: Equatable, Sendable {
    /// Nobody has them.
    case clear
    /// Somebody has one of them: stay out of the election until `.cleared`.
    case inUse(AddressConflict)
    /// Another router advertised meanwhile: join, and let the election decide.
    case overtaken
  }
}
