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
    case failover(FailoverOrder)
    /// What another node says, written no earlier than `notBefore` of this node's clock.
    indirect case peerReport(PeerReport, from: String, notBefore: Instant)
    /// Nothing has been heard of that node for a while.
    case peerLost(String)
    /// What the `demote` of this operation had to tell has arrived from the other node.
    case peerInformed(OperationIdentifier)
    /// The connections of the addresses were reset, or are left on purpose.
    case connectionsReset(reset: Int, left: Int)
    /// That many clients of the former holder are being told.
    case connectionsTold(Int)
    /// People begin or end their work on the nodes.
    case maintenance(isOn: Bool)
    /// An operator wants the addresses announced again.
    case announce
    /// Advertisements may have come that nobody heard: the machine slept, or the socket's buffer
    /// overflowed. Comes right behind those that still waited, and ahead of everything else.
    case advertisementsMissed
    /// An advertisement for this virtual router was discarded for its trailer: whoever sent it may be
    /// Active, with another key or clock.
    case advertisementsUnreadable
    /// The configuration changed in values that need no new election.
    indirect case settings(ParticipantSettings)
    /// The daemon stops; the operation by which another node takes over, when one can.
    case shutdown(OperationIdentifier?)
    /// The daemon stops and is started again: the addresses stay, as maintenance allows.
    case suspend
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
    /// Destroy the connections of the addresses on this host; answer with `connectionsReset`.
    case resetConnections
    /// Tell the clients of the former holder that their connections are gone; answer with
    /// `connectionsTold`.
    case tellConnections
    /// Tell the other nodes what `report` says now; `asks` for their own at once.
    case report(asks: Bool)
    /// Send what the `demote` of this operation had to tell to that node, also when it is nothing.
    case shareResult(OperationIdentifier, to: String)
    /// This node would have claimed and does not.
    case refrained(Restraint)
    /// Keep this mark on the disk.
    case keepMaintenance(MaintenanceMark)
    /// What an operation was for the clients; comes before its `finished`.
    case passage(OperationIdentifier, Passage)
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

  /// Why a Backup that hears no Active Router does not claim.
  public enum Restraint: Hashable, Sendable {
    /// People are at work, or the long lease that the holder had for it may still run.
    case maintenance
    /// This node says over another path that it is Active: advertisements do not arrive.
    case peerIsActive(String)
    /// The node that this one handed the role to has a moment to take it.
    case handover
  }
}
