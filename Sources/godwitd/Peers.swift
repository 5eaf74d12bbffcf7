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

  private final class Socket {
    var socket: PeerSocket
    init(_ socket: consuming PeerSocket) { self.socket = socket }
  }

  private var sockets: [AddressFamily: Socket] = [:]
  private(set) var nodes: [String: PeerNode] = [:]
  private(set) var port: UInt16 = 9112
  private var keyring: Keyring?
  /// Why there is no channel; nil when there is one.
  private(set) var obstacle: String? = "it has not been opened yet"
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

  /// Fits sockets and nodes to the configuration. What stays the same goes on undisturbed.
  func fit(
    _ configuration: NodeConfiguration, keyring: Keyring?, loop: borrowing EventLoop,
    at now: Instant
  ) -> SystemError? {
    self.keyring = keyring
    retry = nil
    if configuration.peers.isEmpty {
      close(because: "no other node is listed under peers", loop: loop)
      return nil
    }
    guard keyring != nil else {
      close(because: "authentication has no keys", loop: loop)
      return nil
    }
    if port != configuration.peerPort { closeSockets(loop: loop) }
    port = configuration.peerPort
    fitNodes(configuration.peers)
    let families = Set(configuration.peers.flatMap(\.addresses).map(\.family))
    for (family, socket) in sockets where !families.contains(family) {
      loop.forget(socket.socket.descriptor)
      sockets[family] = nil
    }
    for family in families where sockets[family] == nil {
      do throws(SystemError) {
        let socket = Socket(try PeerSocket.open(family: family, port: port))
        try loop.watch(
          socket.socket.descriptor, for: .readable,
          token: Token.peers.with(UInt64(family.rawValue)))
        sockets[family] = socket
      } catch {
        obstacle = "port \(port) cannot be opened: \(error)"
        retry = now + Self.retryPause
        return error
      }
    }
    obstacle = nil
    nextRound = nextRound ?? now
    return nil
  }

  private func fitNodes(_ peers: [PeerConfiguration]) {
    let names = Set(peers.map(\.name))
    nodes = nodes.filter { names.contains($0.key) }
    for peer in peers {
      guard let node = nodes[peer.name] else {
        nodes[peer.name] = PeerNode(peer)
        continue
      }
      guard node.addresses != peer.addresses else { continue }
      node.addresses = peer.addresses
      node.lastHeard = [:]
      node.echoedPaths = []
    }
  }

  private func close(because why: String, loop: borrowing EventLoop) {
    closeSockets(loop: loop)
    nodes = [:]
    nextRound = nil
    obstacle = why
  }

  private func closeSockets(loop: borrowing EventLoop) {
    for socket in sockets.values { loop.forget(socket.socket.descriptor) }
    sockets = [:]
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
    var next = earlier(nextRound, retry)
    for node in nodes.values { next = earlier(next, node.nextDeadline(at: now)) }
    return next
  }
}
