import Failover
import VRRP

/// One client's connection to an address, as the client believes in it.
struct ClientConnection {
  var connection: TCPConnection
  /// The node at its other end, and that node's process.
  var node: Int
  var began: Nanoseconds
  /// When that process ended; nil while it runs.
  var ended: Nanoseconds?
}

// Clients, their connections, and who is told that one is gone.
extension World {
  /// A holder that has had that much time has shared a connection: a survey, the parcel and its answer.
  static let sharingTime = 3 * Nanoseconds.second
  private static let mostClients = 12
  /// The longest that a reset takes.
  private static let resetTime = 300 * Nanoseconds.millisecond

  /// Once a second at each node: clients come and go, the holder lists them, and tells the others.
  mutating func connectionTick(_ index: Int) {
    guard nodes[index].process.participant.role == .active else {
      nodes[index].process.ledger = nil
      return
    }
    let answers = !nodes[index].answers(at: now).isEmpty
    if answers, clients.count < Self.mostClients {
      connect(to: index)
    } else if let leaves = clients.indices.first(where: { clients[$0].node == index }) {
      clients.remove(at: leaves)
    }
    let addresses = nodes[index].process.participant.settings.router.addresses
    if nodes[index].process.ledger?.addresses != addresses {
      nodes[index].process.ledger = ConnectionLedger(addresses: addresses)
    }
    nodes[index].process.ledger?.beginSurvey()
    for client in clients where client.node == index {
      nodes[index].process.ledger?.note(client.connection)
    }
    nodes[index].process.ledger?.endSurvey()
    for other in nodes.indices where other != index && isHeard(other, by: index) {
      while let parcel = nodes[index].process.ledger?.parcel(for: Self.name(other)) {
        send(.connections(parcel), from: index, to: other)
        mishapAfterEffect(index)
        guard nodes[index].canAct(at: now) else { return }
      }
    }
  }

  private mutating func connect(to index: Int) {
    lastPort = lastPort == .max ? 1024 : lastPort + 1
    let local = Self.virtualAddresses[nodes[index].addresses.places.first ?? 0]
    clients.append(
      ClientConnection(
        connection: TCPConnection(
          local: local, localPort: 5432, remote: .v4(IPv4Address(192, 0, 2, 200)),
          remotePort: lastPort),
        node: index, began: now))
  }

  private func isHeard(_ other: Int, by index: Int) -> Bool {
    nodes[index].process.channel[other].map { !$0.isLost } ?? false
  }

  mutating func hear(_ parcel: ConnectionParcel, from other: Int, at index: Int) {
    let name = Self.name(other)
    switch parcel {
    case .holding(let holding): nodes[index].process.ledger?.answered(holding, by: name)
    case .missing: nodes[index].process.ledger?.forget(name)
    case .piece, .told:
      let instant = nodes[index].clock.instant(at: now)
      if let answer = nodes[index].process.shared.take(parcel, from: name, at: instant) {
        send(.connections(answer), from: index, to: other)
      }
    // Nobody sends it here: no client connects between a reset and the end of the addresses.
    case .late: break
    }
  }

  /// The node gives its connections up with a reset that the clients hear, unless it is silenced.
  mutating func resetConnections(_ index: Int) {
    nodes[index].process.ledger = nil
    let isHeard = !nodes[index].answers(at: now).isEmpty && nodes[index].hasCarrier
    if isHeard { clients.removeAll { $0.node == index } }
    // Many take a while, in which anything may happen.
    let length = programRandom.chance(50) ? 0 : programRandom.time(0...Self.resetTime)
    agenda.add(.connectionsReset(life: nodes[index].life), to: index, at: now + length)
  }

  /// The new holder tells everybody that the former one had.
  mutating func tellConnections(_ index: Int) {
    let addresses = nodes[index].process.participant.settings.router.addresses
    let known = nodes[index].process.shared.connections(of: addresses)
    expect(
      known.allSatisfy { $0.remotePort <= lastPort },
      "node \(index) tells clients that never were")
    if scenario.promisesTelling {
      let began = nodes[index].process.began
      for client in clients
      where client.node != index
        && (client.ended ?? now) - max(client.began, began) > Self.sharingTime
      {
        expect(
          known.contains(client.connection),
          "node \(index) does not tell the client at port \(client.connection.remotePort)")
      }
    }
    clients.removeAll { known.contains($0.connection) && $0.node != index }
    statistics.told += known.count
    nodes[index].process.shared.forgetAll()
    for other in nodes.indices where other != index && isHeard(other, by: index) {
      send(.connections(.told), from: index, to: other)
    }
    nodes[index].process.queue.append(.connectionsTold(known.count))
  }
}
