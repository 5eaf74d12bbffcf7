extension VirtualRouter {
  /// What happens to a virtual router.
  public enum Event: Equatable, Sendable {
    /// Take part in the election, sending from `source`; a Backup waits `patience` longer this once,
    /// and an owner that is held back begins as one.
    case startup(source: IPAddress, patience: Duration = .zero, isHeldBack: Bool = false)
    /// Stop taking part.
    case shutdown
    /// The time of `nextDeadline` has come.
    case timer
    /// An advertisement that `admit` let through.
    case advertisement(Advertisement, from: IPAddress)
    /// As Active: stop being it, and leave the role to the others.
    case yield
    /// As Active: stop being it without a word, since the others may not have waited.
    case lapse
    /// As Active: stop being it without a word, since another router has been told to take over.
    case handOver
    /// As Backup: be Active at once, since the Active Router at `from` has handed the role over, or
    /// an operator wants it without one.
    case takeOver(from: IPAddress?)
    /// Advertisements may have come that nobody heard: a Backup has to wait again.
    case advertisementsMissed
    /// As Backup: wait until then at least.
    case wait(until: Instant)
    /// Checks moved the effective priority, 1-255.
    case priority(Priority)
    /// The interface has another primary address.
    case source(IPAddress)
    /// The operator changed the settings; identity, version and family stay.
    case settings(VirtualRouterSettings)
  }

  /// What a virtual router wants done.
  public enum Action: Equatable, Sendable {
    /// Multicast an ADVERTISEMENT with this priority.
    case send(Priority)
    /// This router is Active now.
    case elected(Cause)
    /// This router was Active and is Backup now, since another one was heard.
    case deposed(by: IPAddress, Priority)
  }

  /// Why a router became Active.
  public enum Cause: Equatable, Sendable {
    /// It owns the addresses and needs no election.
    case ownership
    /// The Active Router fell silent, or there was none.
    case silence
    /// The Active Router said goodbye.
    case release
    /// The Active Router has a lower priority and Preempt_Mode lets us take its place.
    case preemption
    /// The Active Router handed the role over, or an operator took it.
    case handover
  }
}
