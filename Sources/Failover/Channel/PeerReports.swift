import VRRP

/// What a peer has last said of each virtual router.
///
/// A round of reports takes several datagrams and several paths, which need not keep their order:
/// each virtual router has a mark of its own, and what is older than it does not count.
public struct PeerReports: Sendable {
  public struct Entry: Sendable {
    public var report: PeerReport
    public var configuration: SharedConfiguration
    /// The counter of the datagram that it came in.
    public var counter: UInt64
    public var heard: Instant
  }

  private var entries: [String: Entry] = [:]

  public init() {}

  public subscript(router: String) -> Entry? { entries[router] }

  /// Takes a report in; false when a newer one has been heard. The caller takes in only virtual
  /// routers that it has itself, which bounds their number.
  public mutating func take(_ said: PeerRouterReport, counter: UInt64, at now: Instant) -> Bool {
    if let known = entries[said.name], known.counter >= counter { return false }
    entries[said.name] = Entry(
      report: said.report, configuration: said.configuration, counter: counter, heard: now)
    return true
  }

  /// The peer counts from the beginning again.
  public mutating func restart() {
    for name in entries.keys { entries[name]?.counter = 0 }
  }

  /// Forgets what is not among these.
  public mutating func keep(only names: Set<String>) {
    entries = entries.filter { names.contains($0.key) }
  }

  public mutating func forgetAll() { entries = [:] }
}
