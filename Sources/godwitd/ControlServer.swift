import Control
import Failover
import Glibc
import LinuxIO
import VRRP

/// The control socket: who is connected, what they may do, and the lines to and from them.
///
/// Who may not even read gets one line and no place. Every other client is bounded: in number, all
/// together and of each user, in the length of a line, in the bytes that wait for it and in the time it
/// may take to say something.
final class ControlServer {
  final class Client {
    var connection: UnixConnection
    /// nil when the kernel does not tell.
    let user: UInt32?
    /// Whether its request has come: nothing that it sends counts any more.
    var hasAsked = false
    /// Whether its last line is on its way.
    var isFinished = false
    /// Whether the loop tells when it can be written to.
    var isWaitingToWrite = false
    /// When a client that says or reads nothing is cut off.
    var patience: Instant?

    /// What the loop tells of it; that it is gone comes in any case.
    var interest: EventLoop.Readiness {
      var interest: EventLoop.Readiness = hasAsked ? [] : .readable
      if isWaitingToWrite { interest.insert(.writable) }
      return interest
    }

    init(_ connection: consuming UnixConnection, patience: Instant) {
      user = connection.credentials?.user
      self.connection = connection
      self.patience = patience
    }
  }

  static let mostClients = 64
  /// Of one user who is not root.
  static let mostClientsOfUser = 16
  static let patience = Duration.seconds(10)

  private var listener: UnixListener?
  private var clients: [UInt64: Client] = [:]
  private var last: UInt64 = 0
  var readers: UInt32?
  var administrators: UInt32?
  /// The name of the readers' group, for people.
  private let readersName: String

  let descriptor: Int32

  init(
    _ listener: consuming UnixListener, readers: UInt32?, named readersName: String,
    administrators: UInt32?
  ) {
    self.readersName = readersName
    descriptor = listener.descriptor
    self.listener = consume listener
    self.readers = readers
    self.administrators = administrators
  }

  /// When the listener is looked at again after it had failed, for want of descriptors perhaps.
  private var resumption: Instant?

  var nextDeadline: Instant? {
    clients.values.reduce(resumption) { earliest($0, $1.patience) }
  }

  /// Stops listening and removes the socket's path.
  func close() { listener.take()?.close() }

  subscript(number: UInt64) -> Client? { clients[number] }

  func accept(loop: borrowing EventLoop, log: Log) {
    do throws(SystemError) {
      for _ in 0..<16 {
        guard let connection = try listener?.accept() else { return }
        let client = Client(connection, patience: Clock.now() + Self.patience)
        guard mayRead(client) else {
          refuse(client)
          continue
        }
        guard hasRoom(for: client, loop: loop) else { continue }
        last += 1
        try loop.watch(
          client.connection.descriptor, for: .readable, token: Token.client.with(last))
        clients[last] = client
      }
    } catch {
      let now = Clock.now()
      log.writeLimited(.warning, about: "accept", at: now, "control socket: \(error)")
      // Still readable, it would keep the loop awake.
      loop.forget(descriptor)
      resumption = now + .seconds(1)
    }
  }

  /// One line, of which nothing waits for a client that does not read it.
  private func refuse(_ client: Client) {
    let refusal = Refusal(
      .notAllowed, "you may not do that on this node",
      remedy: "become root or a member of \(readersName)")
    guard client.connection.queue(Reply.error(refusal).line()) else { return }
    _ = client.connection.flush()
  }

  /// Whether there is a place, if need be that of an idle client: of the same user when that has too
  /// many, so that nobody takes all places.
  private func hasRoom(for client: Client, loop: borrowing EventLoop) -> Bool {
    let own = clients.filter { $0.value.user == client.user }
    if client.user != 0, own.count >= Self.mostClientsOfUser {
      return closeIdle(of: own, loop: loop)
    }
    return clients.count < Self.mostClients || closeIdle(of: clients, loop: loop)
  }

  /// Cuts off whoever has said or read nothing for longest, so that idle clients cannot keep the
  /// others out; whether there was one. Clients that wait for an operation stay.
  private func closeIdle(of clients: [UInt64: Client], loop: borrowing EventLoop) -> Bool {
    // A client that has just come has the latest patience; of equals the first one goes.
    let idle = clients.compactMap { number, client in client.patience.map { (number, $0) } }
    guard let longest = idle.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }) else { return false }
    close(longest.0, loop: loop)
    return true
  }

  func passTime(at now: Instant, loop: borrowing EventLoop) {
    if let due = resumption, due <= now {
      resumption = nil
      try? loop.watch(descriptor, for: .readable, token: Token.listener.with(0))
    }
    for (number, client) in clients {
      if let patience = client.patience, patience <= now { close(number, loop: loop) }
    }
  }

  /// Whether this client may change something, or only read.
  func mayChange(_ client: Client) -> Bool {
    guard let peer = client.connection.credentials else { return false }
    return peer.user == 0 || isMember(client, of: administrators)
  }

  /// Whether this client may read.
  func mayRead(_ client: Client) -> Bool {
    mayChange(client) || isMember(client, of: readers)
  }

  private func isMember(_ client: Client, of group: UInt32?) -> Bool {
    guard let group else { return false }
    return client.connection.credentials?.group == group
      || client.connection.groups.contains(group)
  }

  // MARK: Lines

  /// Its request is here. The end of what it sends is nothing to be woken for again and again.
  func stopReading(_ number: UInt64, loop: borrowing EventLoop) {
    guard let client = clients[number], !client.hasAsked else { return }
    client.hasAsked = true
    client.patience = nil
    watch(client, number, loop)
  }

  /// A line before the last; whoever does not read it in time gets none at all.
  func send(_ reply: Reply, to number: UInt64, loop: borrowing EventLoop) {
    guard let client = clients[number] else { return }
    guard client.connection.queue(reply.line()) else { return close(number, loop: loop) }
    flush(number, loop: loop)
  }

  /// The last line; the connection closes once it has left.
  func finish(_ reply: Reply, to number: UInt64, loop: borrowing EventLoop) {
    finish(reply.line(), to: number, loop: loop)
  }

  /// The same with a line that is ready.
  func finish(_ line: [UInt8], to number: UInt64, loop: borrowing EventLoop) {
    guard let client = clients[number] else { return }
    client.isFinished = true
    client.patience = Clock.now() + Self.patience
    guard client.connection.queue(line) || client.connection.queue(Self.tooLong.line()) else {
      return close(number, loop: loop)
    }
    flush(number, loop: loop)
  }

  private static let tooLong = Reply.error(
    Refusal(
      .refused, "the answer is longer than \(UnixConnection.outputBound >> 20) MiB",
      remedy: "ask for one virtual router by its name"))

  func flush(_ number: UInt64, loop: borrowing EventLoop) {
    guard let client = clients[number] else { return }
    switch client.connection.flush() {
    case .done:
      if client.isFinished { return close(number, loop: loop) }
      wait(false, client, number, loop)
    case .pending: wait(true, client, number, loop)
    case .closed: close(number, loop: loop)
    }
  }

  private func wait(
    _ toWrite: Bool, _ client: Client, _ number: UInt64, _ loop: borrowing EventLoop
  ) {
    guard toWrite != client.isWaitingToWrite else { return }
    client.isWaitingToWrite = toWrite
    watch(client, number, loop)
  }

  private func watch(_ client: Client, _ number: UInt64, _ loop: borrowing EventLoop) {
    try? loop.change(
      client.connection.descriptor, for: client.interest, token: Token.client.with(number))
  }

  func close(_ number: UInt64, loop: borrowing EventLoop) {
    guard let client = clients[number] else { return }
    loop.forget(client.connection.descriptor)
    clients[number] = nil
  }
}
