import Authentication
import Configuration
import Failover
import Glibc
import LinuxIO
import VRRP

/// The peer channel: the sockets, the other nodes, and the keys that prove who is who.
///
/// Reports leave once per second, at once when something changed, and when a peer asks; every one of
/// them on every path. What arrives is judged from the cheapest question to the dearest, a batch of
/// datagrams in each turn of the loop, so that a flood costs a bounded time. Without keys there is no
/// channel: nobody could tell a peer from somebody else.
final class Peers {
  /// Time between two rounds of reports.
  static let round = Duration.seconds(1)
  /// Time between two questions for the clock.
  static let clockRound = Duration.seconds(10)
  static let retryPause = Duration.seconds(5)

  final class Socket {
    fileprivate var socket: PeerSocket
    fileprivate init(_ socket: consuming PeerSocket) { self.socket = socket }
  }

  /// The sockets that a configuration needs, those included that are open already.
  struct Opening {
    fileprivate let port: UInt16
    fileprivate var sockets: [AddressFamily: Socket] = [:]
    fileprivate(set) var failures: [AddressFamily: SystemError] = [:]
  }

  private var sockets: [AddressFamily: Socket] = [:]
  private(set) var nodes: [String: PeerNode] = [:]
  private(set) var port: UInt16 = 9112
  private var keyring: Keyring?
  /// Why there is no channel, whatever the sockets; nil when there is to be one.
  private var absence: String? = "it has not been opened yet"
  /// Families whose paths are not open, and why.
  private(set) var failures: [AddressFamily: SystemError] = [:]
  var nextRound: Instant?
  /// When sockets that could not be opened are tried again.
  var retry: Instant?
  var discards = PeerDiscardCounters()
  /// Datagrams that the kernel did not take.
  var sendFailures: UInt64 = 0
  /// Reports that may still leave in this turn of the loop before everything else is looked at.
  var hurried = 0

  var isOpen: Bool { !sockets.isEmpty }
  var activeKey: UInt8 { keyring?.activeKey ?? 0 }

  /// Datagrams that the kernel could not queue.
  var drops: UInt32 { sockets.values.reduce(0) { $0 &+ $1.socket.drops } }

  /// The code of a message by that key; nil when there is no such key.
  func code(_ key: UInt8, _ message: Span<UInt8>) -> [UInt8]? {
    keyring?.code(key: key, over: message)
  }

  // MARK: Opening

  /// Opens what a configuration needs and is not open yet; nothing is changed by that.
  func open(_ configuration: NodeConfiguration, keyring: Keyring?) -> Opening {
    var opening = Opening(port: configuration.peerPort)
    guard keyring != nil else { return opening }
    for family in Set(configuration.peers.flatMap(\.addresses).map(\.family)) {
      if configuration.peerPort == port, let socket = sockets[family] {
        opening.sockets[family] = socket
        continue
      }
      do throws(SystemError) {
        opening.sockets[family] = Socket(try PeerSocket.open(family: family, port: opening.port))
      } catch {
        opening.failures[family] = error
      }
    }
    return opening
  }

  /// Why a configuration must not come into force: a path is not opened of which that is news, and
  /// which this host could have.
  func refusal(of opening: Opening) -> String? {
    let failed = opening.failures.filter { family, error in
      !error.isMissingFamily && (opening.port != port || failures[family] == nil)
    }
    return failed.isEmpty ? nil : Self.text(failed, port: opening.port)
  }

  /// Fits sockets and nodes to the configuration. What stays the same goes on undisturbed, and one family
  /// does without the other.
  func fit(
    _ configuration: NodeConfiguration, _ opening: Opening, keyring: Keyring?,
    loop: borrowing EventLoop, at now: Instant
  ) {
    self.keyring = keyring
    port = opening.port
    absence =
      configuration.peers.isEmpty
      ? "no other node is listed under peers"
      : keyring == nil ? "authentication has no keys" : nil
    failures = opening.failures
    for (family, socket) in sockets where opening.sockets[family] !== socket {
      loop.forget(socket.socket.descriptor)
      sockets[family] = nil
    }
    for (family, socket) in opening.sockets where sockets[family] == nil {
      do throws(SystemError) {
        try loop.watch(
          socket.socket.descriptor, for: .readable,
          token: Token.peers.with(UInt64(family.rawValue)))
        sockets[family] = socket
      } catch {
        failures[family] = error
      }
    }
    fitNodes(absence == nil ? configuration.peers : [])
    nextRound = isOpen ? nextRound ?? now : nil
    // A family that the host does not have will not come.
    let isWorthIt = failures.values.contains { !$0.isMissingFamily }
    retry = isWorthIt ? now + Self.retryPause : nil
  }

  /// What keeps the channel, or some of its paths, from being open.
  var obstacle: String? {
    absence ?? (failures.isEmpty ? nil : Self.text(failures, port: port))
  }

  private static func text(_ failures: [AddressFamily: SystemError], port: UInt16) -> String {
    failures.sorted { $0.key.rawValue < $1.key.rawValue }.map { family, error in
      error.isMissingFamily
        ? "this host has no \(family.name): such addresses of peers are not used"
        : "port \(port) over \(family.name) cannot be opened: \(error)"
    }.joined(separator: "; ")
  }

  /// Whether something can be sent there.
  func isOpen(_ address: IPAddress) -> Bool { sockets[address.family] != nil }

  private func fitNodes(_ peers: [PeerConfiguration]) {
    let names = Set(peers.map(\.name))
    nodes = nodes.filter { names.contains($0.key) }
    for peer in peers {
      guard let node = nodes[peer.name] else {
        nodes[peer.name] = PeerNode(peer, at: Clock.now())
        continue
      }
      guard node.addresses != peer.addresses else { continue }
      node.addresses = peer.addresses
      node.lastHeard = [:]
      node.echoedPaths = []
    }
  }

  // MARK: Datagrams

  /// Takes the datagrams that wait on the socket of a family, at most a batch.
  func receive(
    _ family: AddressFamily, _ body: (Span<UInt8>, PeerSocket.Route) -> Void
  ) -> SystemError? {
    guard let socket = sockets[family] else { return nil }
    do throws(SystemError) {
      _ = try socket.socket.receive(body)
      return nil
    } catch {
      return error
    }
  }

  func send(_ datagrams: [(bytes: [UInt8], route: PeerSocket.Route)]) {
    for (family, socket) in sockets {
      let part = datagrams.filter { $0.route.peer.family == family }
      guard !part.isEmpty else { continue }
      _ = socket.socket.send(part) { _, _ in sendFailures &+= 1 }
    }
  }

  /// Queues a parcel; false when that node is not heard or too much waits for it.
  func send(_ parcel: PeerParcel, to name: String) -> Bool {
    guard let node = nodes[name], node.heardSince != nil else { return false }
    if node.parcels.isUsedUp { node.session.renew(at: Clock.now()) }
    return node.parcels.enqueue(parcel)
  }

  // MARK: Time

  func nextDeadline(at now: Instant) -> Instant? {
    guard isOpen else { return retry }
    var next = earliest(nextRound, retry)
    for node in nodes.values { next = earliest(next, node.nextDeadline(at: now)) }
    return next
  }
}

extension SystemError {
  /// Whether this host does without that family of addresses.
  fileprivate var isMissingFamily: Bool { code == EAFNOSUPPORT }
}
