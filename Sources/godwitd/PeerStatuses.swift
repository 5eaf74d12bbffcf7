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
      let last = node.lastHeard[place]
      return PeerPathStatus(
        address: address.description,
        lastSeenMilliseconds: last.map { (now - $0).wholeMilliseconds },
        heard: last.map { now - $0 < PeerSession.patience } ?? false,
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
    if node.isTooNew { return [BrokenPath.tooNew(peer.name)] }
    let port = Int(configuration.peerPort)
    let silent = node.addresses.indices.filter { place in
      node.lastHeard[place].map { now - $0 >= PeerSession.patience } ?? true
    }
    guard silent.count < node.addresses.count else {
      let silence = router.participant.peerWaits
      guard let heard = router.lastHeard, now - heard.at < silence,
        peer.addresses.contains(heard.source)
      else { return [] }
      return [BrokenPath.noReports(from: peer.name, port: port)]
    }
    // The other paths and the answers may yet come.
    if let since = node.heardSince, now - since < PeerSession.patience { return [] }
    guard !node.echoedPaths.isEmpty else { return [BrokenPath.oneWay(peer.name, port: port)] }
    return silent.map {
      BrokenPath.silent(peer.name, address: node.addresses[$0].description, port: port)
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
