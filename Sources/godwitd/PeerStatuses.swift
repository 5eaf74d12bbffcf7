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
    status.version = node.isTooNew ? "speaks a newer version of the channel" : node.version
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

  /// Datagrams that were refused, by reason.
  func countPeerDiscards(_ discarded: inout [String: Int]) {
    for reason in PeerDiscardReason.allCases where peers.discards[reason] > 0 {
      discarded["peer_\(reason.rawValue)"] = Int(clamping: peers.discards[reason])
    }
    if peers.drops > 0 { discarded["peer_dropped"] = Int(peers.drops) }
  }
}
