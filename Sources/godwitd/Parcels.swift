import Failover
import LinuxIO
import VRRP

/// What the nodes send each other as parcels; the raw value is what the channel carries.
enum ParcelKind: UInt8 {
  /// What a `demote` had to tell: 8 bytes of the operation, and the JSON, which may be empty.
  case result = 1
  /// Connections of the addresses.
  case connections = 2
}

// What is too long for a report.
extension Daemon {
  /// Connections are told over the channel.
  func joinConnectionsToPeers() {
    connections.reachablePeers = { [peers] in
      peers.nodes.values.filter { $0.heardSince != nil }.map(\.name).sorted()
    }
    connections.send = { [peers] bytes, router, peer in
      peers.send(
        PeerParcel(kind: ParcelKind.connections.rawValue, router: router, bytes: bytes), to: peer)
    }
  }

  /// `.shareResult`: the channel keeps trying until it has arrived.
  func shareResult(of operation: OperationIdentifier, _ router: LocalRouter, to name: String) {
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: operation.number >> (56 - 8 * $0)) }
    if let result = router.demoteResult, result.operation == operation { bytes += result.output }
    let parcel = PeerParcel(kind: ParcelKind.result.rawValue, router: router.name, bytes: bytes)
    guard !peers.send(parcel, to: name) else { return }
    log.write(.warning, "\(router.name): the result of demote could not be sent to \(name)")
  }

  /// A parcel has arrived, once and in its order.
  func take(_ parcel: PeerParcel, from name: String) {
    switch ParcelKind(rawValue: parcel.kind) {
    case .connections: hearConnections(parcel.bytes, of: parcel.router, from: name)
    case .result:
      guard let router = routersByName[parcel.router], parcel.bytes.count >= 8 else { return }
      let number = parcel.bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let operation = OperationIdentifier(number)
      router.peerResult = (operation, Array(parcel.bytes[8...]))
      feed(router, .peerInformed(operation))
    // From a newer node.
    case nil: break
    }
  }

  /// The parcels on the way to this peer may be lost: lists are sent in full again.
  func peerOpened(_ name: String) { forgetShared(with: name) }
}
