import VRRP

extension Tenure {
  /// What happens to a tenure.
  public enum Event: Equatable, Sendable {
    /// The daemon is ready: join the election when nothing speaks against it.
    case start
    /// The election made this router Active; the addresses may come from `notBefore` on, nil for at
    /// once.
    case elected(Reason, notBefore: Instant? = nil)
    /// The election made this router Active because another node handed the role over in this
    /// operation.
    case handedOver(Reason, OperationIdentifier)
    /// The daemon was started anew, and the addresses have been here all the time.
    case resumed
    /// Another node has become Active meanwhile, or the daemon stops and the addresses may not stay.
    case notResumed(Reason)
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
    /// An operator wants the role elsewhere; `isHandover` when another node waits for it.
    case failover(OperationIdentifier, isHandover: Bool = false)
    /// The successor has what it needs: the addresses may leave.
    case letGo
    /// The connections were reset, or were to be left.
    case connectionsReset(reset: Int, left: Int)
    /// The successor is here; what the failover was for the clients.
    case succeeded(IPAddress, Passage)
    /// The successor has the role, or will not have it: this node need not stay for it.
    case relieved
    /// It had taken over and nothing is heard of it any more.
    case successorLost(String)
    /// Something made the planned release impossible while the addresses are still here.
    case handoverFailed(String)
    /// No release by this operation was possible.
    case refused(OperationIdentifier, String)
    case shutdown(isHandover: Bool = false)
    /// The daemon stops, and the addresses stay.
    case suspended
    /// The addresses may not stay after all.
    case notSuspended
    case timer
  }

  /// What a tenure wants done.
  public enum Effect: Equatable, Sendable {
    case joinElection
    /// Leave the election: priority 0 if Active.
    case leaveElection
    /// Stay in the election, give the role up with priority 0.
    case yieldElection
    /// Stay in the election, give the role up to the node that waits for it.
    case handOverElection
    /// Queue this hook event; the number comes back in `hooksCompleted`.
    case runHooks(HookEvent, Reason, isPlanned: Bool, OperationIdentifier?)
    /// End a `promote` that runs.
    case overtakePromote
    /// The `demote` that runs has to succeed now: the addresses leave whatever it says.
    case demoteMustSucceed
    /// Add the addresses and answer with `installed`.
    case install
    /// Remove the addresses and answer with `removed`.
    case remove
    /// Let the kernel answer for the addresses.
    case openLease
    /// Let it answer no longer.
    case closeLease
    /// Destroy the addresses' connections on this host; answer with `connectionsReset`.
    case resetConnections
    /// Tell the clients of the former holder.
    case tellConnections
    case startAnnouncing
    case stopAnnouncing
    /// `demote` has passed, the addresses are still here: answer with `letGo` or `handoverFailed`.
    case demoted
    case phase(OperationIdentifier, Phase)
    case finished(OperationIdentifier, OperationResult, [Phase])
    case record(HistoryRecord)
  }
}
