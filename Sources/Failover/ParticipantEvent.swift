import VRRP

extension Participant {
  public enum Event: Sendable {
    /// The daemon is ready: everything left over from an earlier run is gone.
    case start
    /// What another host on the segment says about an address.
    case neighbor(NeighborClaim)
    /// The hardware addresses of this host.
    case hardware(Set<HardwareAddress>)
    /// What the interface says: why it cannot serve, and the address to send from.
    case link(Set<Fault>, source: IPAddress?)
    /// An advertisement that `router.admit` let through.
    case advertisement(Advertisement, from: IPAddress)
    /// The time of `nextDeadline` has come.
    case timer
    /// The addresses were added and read back; which failed, and how.
    case installed(failure: String?)
    /// The addresses were removed and read back; which failed, and how.
    case removed(failure: String?)
    /// Somebody else removed addresses that are held.
    case addressesLost
    /// The last advertisement did not leave, or the kernel refused to extend the lease after it for a
    /// passing reason: the lease ends when it would have ended before.
    case beatFailed(String)
    /// The kernel's lease had ended when it was to be extended.
    case leaseLost
    /// The kernel did not open the lease: why.
    case leaseRefused(String)
    case hookEnded(HookRun.Identifier, ProgramEnd)
    /// The run of the check at this index ended; why it failed, nil when it passed.
    case checkEnded(Int, failure: String?)
    /// An operator wants the role elsewhere.
    case failover(OperationIdentifier)
    /// An operator wants the addresses announced again.
    case announce
    /// Advertisements may have come that nobody heard: the machine slept, or the socket's buffer
    /// overflowed. Comes right behind those that still waited, and ahead of everything else.
    case advertisementsMissed
    /// The configuration changed in values that need no new election.
    case settings(ParticipantSettings)
    case shutdown
  }

  public enum Effect: Equatable, Sendable {
    /// Multicast an advertisement with this priority; answer with `beatFailed` when it could not be
    /// sent. A goodbye (priority 0) is not sent while this node may still answer: when closing the
    /// lease and removing the addresses both failed.
    case send(Priority)
    /// Extend the kernel's lease; comes behind the `send` that it is counted from, and is passed over
    /// when that one failed. A lease that has ended is not revived but answered with `leaseLost`.
    case renewLease(until: Instant)
    /// Open the kernel's lease; answer with `leaseRefused` when it does not.
    case openLease(until: Instant)
    /// End the kernel's lease now.
    case closeLease
    /// Renew the lifetime of the addresses at these places of the list, or let them stay for ever
    /// where the settings have none.
    case refreshAddresses(Range<Int>)
    /// Destroy the connections of the addresses on this host.
    case resetConnections
    /// Add the addresses, read them back and answer with `installed`.
    case install
    /// Remove the addresses, read back and answer with `removed`.
    case remove
    /// Announce the addresses at these places of the list.
    case announce(Range<Int>)
    /// Ask whether anybody has the addresses at these places.
    case probe(Range<Int>)
    /// Another host claims an address: worth telling people.
    case conflict(AddressConflict)
    case startHook(HookRun)
    /// SIGTERM to the program's process group.
    case terminateHook(HookRun.Identifier)
    /// SIGKILL to the program's process group.
    case killHook(HookRun.Identifier)
    /// One hook program was judged.
    case hookEnded(HookRun, HookResult)
    /// Run the check at this index.
    case startCheck(Int)
    /// SIGKILL to the process group of the check at this index.
    case killCheck(Int)
    /// The check at this index passes or fails from now on.
    case checkChanged(Int, passing: Bool)
    case roleChanged(from: RoleState, to: RoleState, Reason)
    case phase(OperationIdentifier, Phase)
    case finished(OperationIdentifier, OperationResult, [Phase])
    case record(HistoryRecord)
  }
}
