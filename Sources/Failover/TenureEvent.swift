import VRRP

extension Tenure {
  /// What happens to a tenure.
  public enum Event: Equatable, Sendable {
    /// The daemon is ready: join the election when nothing speaks against it.
    case start
    /// The election made this router Active; the addresses may come from `notBefore` on, nil for at
    /// once.
    case elected(Reason, notBefore: Instant? = nil)
    /// The addresses of the claim under way may come from then on, not earlier.
    case holdOff(until: Instant)
    /// The election made it Backup.
    case deposed(by: IPAddress)
    /// Another router advertises as Active while this one is Backup.
    case heardActive(IPAddress)
    /// The hooks of an order are decided.
    case hooksCompleted(HookOrder, HookResult)
    /// The addresses were added and read back: which failed, and how.
    case installed(failure: String?)
    /// The addresses were removed and read back: which failed, and how.
    case removed(failure: String?)
    /// Somebody else removed addresses that are held.
    case addressesLost
    /// The lease has ended while this router was Active: it woke too late, or `failure` kept its
    /// advertisements from leaving.
    case lapsed(failure: String?)
    /// The kernel did not open the lease.
    case leaseRefused(String)
    /// What speaks against serving; replaces what spoke before.
    case faults(Set<Fault>)
    /// An operator wants the role elsewhere.
    case failover(OperationIdentifier)
    case shutdown
    case timer
  }

  /// What a tenure wants done.
  public enum Effect: Equatable, Sendable {
    case joinElection
    /// Leave the election: priority 0 if Active.
    case leaveElection
    /// Stay in the election, give the role up with priority 0.
    case yieldElection
    /// Queue this hook event; the number comes back in `hooksCompleted`.
    case runHooks(HookEvent, Reason, isPlanned: Bool, OperationIdentifier?)
    /// End a `promote` that runs.
    case overtakePromote
    /// Add the addresses and answer with `installed`.
    case install
    /// Remove the addresses and answer with `removed`.
    case remove
    /// Let the kernel answer for the addresses.
    case openLease
    /// Let it answer no longer.
    case closeLease
    /// Destroy the addresses' connections on this host.
    case resetConnections
    case startAnnouncing
    case stopAnnouncing
    case phase(OperationIdentifier, Phase)
    case finished(OperationIdentifier, OperationResult, [Phase])
    case record(HistoryRecord)
  }
}
