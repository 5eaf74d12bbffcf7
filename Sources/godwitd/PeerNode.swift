import Configuration
import Failover
import LinuxIO
import VRRP

/// Another node, as the peer channel knows it.
final class PeerNode {
  let name: String
  /// One path each.
  var addresses: [IPAddress]
  var session: PeerSession
  var parcels = PeerParcels()
  var reports = PeerReports()
  var clock = ClockOffset()
  /// The senders that it says its clock is that of, by virtual router.
  var clockSources: [String: IPAddress] = [:]
  /// When the conversation under way began; nil while nothing is heard.
  var heardSince: Instant?
  /// Of the product; nil before it said so.
  var version: String?
  /// When it, or somebody at its address, last spoke a version of the protocol that is too new for this
  /// node.
  var tooNewHeard: Instant?
  /// Since when this node listens to it.
  let began: Instant

  /// When it was last heard on each path, by the place of its address.
  var lastHeard: [Int: Instant] = [:]
  /// When it was last heard, by the number that it gives its own paths.
  var heardPaths: [UInt8: Instant] = [:]
  /// The paths on which it hears this node.
  var echoedPaths: Set<UInt8> = []

  /// Virtual routers whose reports it is to get, in that order.
  var unsent: [String] = []
  /// The same as a set, so that none is there twice.
  private var waiting: Set<String> = []
  /// Whether what this node says of itself goes with them.
  var owesNodeReport = false
  /// Whether the next datagram asks for an answer.
  var asks = false
  /// When it was last asked, so that the difference of the clocks is known.
  var asked: Instant?
  /// The path that parcels take.
  var parcelPath = 0

  var sent: UInt64 = 0
  var received: UInt64 = 0

  init(_ configuration: PeerConfiguration, at now: Instant) {
    began = now
    name = configuration.name
    addresses = configuration.addresses
    session = PeerSession(session: Self.random())
  }

  /// 64 bits from the kernel (getrandom(2)).
  static func random() -> UInt64 { UInt64.random(in: 1 ... .max) }

  /// Whether it is heard on the path to its address at that place.
  func isHeard(_ place: Int, at now: Instant) -> Bool {
    lastHeard[place].map { now - $0 < PeerSession.patience } ?? false
  }

  /// Whether it is told of the virtual routers: not before it has answered, and no longer than a
  /// while after its last word, since it may still hear this node.
  func isTold(at now: Instant) -> Bool {
    session.lastProved.map { now - $0 < Self.memory } ?? false
  }

  private static let memory = Duration.seconds(60)

  /// The report of this virtual router waits to be sent.
  func owe(_ router: String) {
    if waiting.insert(router).inserted { unsent.append(router) }
  }

  /// Takes the next ones out, at most `limit`.
  func takeUnsent(_ limit: Int) -> [String] {
    let taken = Array(unsent.prefix(limit))
    unsent.removeFirst(taken.count)
    waiting.subtract(taken)
    return taken
  }

  /// Whether there is something to send now.
  func isBusy(at now: Instant) -> Bool {
    if !unsent.isEmpty || owesNodeReport { return true }
    if let due = session.nextDeadline, due <= now { return true }
    guard session.isConnected, heardSince != nil else { return false }
    return parcels.owesAcknowledgement || parcels.nextDeadline(at: now).map { $0 <= now } ?? false
  }

  /// When it has something to say or is given up.
  func nextDeadline(at now: Instant) -> Instant? {
    if isBusy(at: now) { return now }
    guard heardSince != nil else { return session.nextDeadline }
    let lost = session.lastProved.map { $0 + PeerSession.patience }
    return earliest(earliest(session.nextDeadline, lost), parcels.nextDeadline(at: now))
  }

  /// The paths that it is heard on, as it numbers them.
  func pathsHeard(at now: Instant) -> [UInt8] {
    heardPaths.filter { now - $0.value < PeerSession.patience }.keys.sorted()
  }
}
