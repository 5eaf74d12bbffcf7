import Configuration
import Control
import Failover
import LinuxIO
import VRRP

// What `godwit status` shows of the peer channel.
extension Daemon {
  var peerChannelStatus: PeerChannelStatus {
    PeerChannelStatus(state: peers.isOpen ? .on : .off, reason: peers.obstacle)
  }

  /// Adds what the channel knows of a peer.
  func describe(_ status: inout PeerStatus, _ router: LocalRouter, at now: Instant) {
    guard let node = peers.nodes[status.name] else { return }
    status.paths = node.addresses.enumerated().map { place, address in
      PeerPathStatus(
        address: address.description,
        lastSeenMilliseconds: node.lastHeard[place].map { (now - $0).wholeMilliseconds },
        heard: node.isHeard(place, at: now),
        echoed: node.echoedPaths.contains(UInt8(clamping: place)))
    }
    status.version = node.version
    status.clockOffsetMilliseconds = node.clock.estimate?.offset.wholeMilliseconds
    guard let since = node.heardSince else { return }
    if let last = node.session.lastProved {
      let heard = (now - last).wholeMilliseconds
      status.lastSeenMilliseconds = min(status.lastSeenMilliseconds ?? heard, heard)
    }
    if let entry = node.reports[router.name], now - entry.heard < PeerSession.patience {
      status.disagreements = router.digests.disagreements(with: entry.configuration).map(\.name)
      status.configurationAgrees = status.disagreements.isEmpty
    } else if now - since >= PeerSession.patience {
      // It reports, and not of this one.
      status.disagreements = ["virtual_routers"]
      status.configurationAgrees = false
    }
  }

  /// What of the channel to a peer does not work although something of it is heard, and what to look at.
  func brokenChannel(
    _ peer: PeerConfiguration, _ router: LocalRouter, at now: Instant
  ) -> [String] {
    guard peers.isOpen, let node = peers.nodes[peer.name] else { return [] }
    let port = Int(configuration.peerPort)
    guard let since = node.heardSince else {
      if let heard = node.tooNewHeard, now - heard < PeerSession.patience {
        return [BrokenPath.tooNew(peer.name)]
      }
      // Reports would have come with this advertisement; at a stop neither comes any more.
      let expected = (node.session.lastProved ?? node.began) + PeerSession.patience
      guard let heard = router.lastHeard, heard.at >= expected, heard.priority != .release,
        peer.addresses.contains(heard.source)
      else { return [] }
      return [BrokenPath.noReports(from: peer.name, port: port)]
    }
    // The other paths and the answers may yet come.
    guard now - since >= PeerSession.patience else { return [] }
    guard !node.echoedPaths.isEmpty else { return [BrokenPath.oneWay(peer.name, port: port)] }
    return node.addresses.enumerated().compactMap { place, address in
      // A family that this host does not have is told elsewhere.
      guard !node.isHeard(place, at: now), peers.isOpen(address) else { return nil }
      return BrokenPath.silent(peer.name, address: address.description, port: port)
    }
  }

  /// Datagrams that were refused, by reason.
  func countPeerDiscards(_ discarded: inout [String: Int]) {
    for reason in PeerDiscardReason.allCases where peers.discards[reason] > 0 {
      discarded["peer_\(reason.rawValue)"] = Int(clamping: peers.discards[reason])
    }
    if peers.drops > 0 { discarded["peer_dropped"] = Int(peers.drops) }
  }
}
