import Control
import Failover
import VRRP

/// Clients that have switched maintenance and wait until every peer knows it, or long enough.
struct MaintenanceRequests {
  private struct Entry {
    var client: UInt64
    /// Names of virtual routers.
    var routers: [String]
    var deadline: Instant
  }

  /// At most one of each client.
  private var entries: [Entry] = []

  /// How long peers may take: several reports, and less than a client's own patience.
  static let patience = Duration.seconds(3)

  var nextDeadline: Instant? {
    entries.reduce(nil) { earliest($0, $1.deadline) }
  }

  mutating func begin(_ client: UInt64, _ routers: [String], at now: Instant) {
    entries.append(Entry(client: client, routers: routers, deadline: now + Self.patience))
  }

  /// A client is gone; what it switched stays switched.
  mutating func forget(client: UInt64) {
    entries.removeAll { $0.client == client }
  }

  /// Answers every client whose peers all know, or whose time is over.
  ///
  /// `state` is what is to be said of a virtual router now; nil if there is none of that name.
  mutating func settle(
    at now: Instant, _ state: (String) -> MaintenanceOutcome.Router?,
    _ answer: (MaintenanceOutcome, UInt64) -> Void
  ) {
    entries.removeAll { entry in
      let routers = entry.routers.compactMap(state)
      guard entry.deadline <= now || routers.allSatisfy(\.untold.isEmpty) else { return false }
      answer(MaintenanceOutcome(routers: routers), entry.client)
      return true
    }
  }
}
