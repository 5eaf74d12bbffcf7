import Failover
import VRRP

// ARP: who has the addresses, for the nodes and for a client.
extension World {
  static func hardware(_ index: Int) -> HardwareAddress {
    HardwareAddress(2, 0, 0, 0, 0, UInt8(truncatingIfNeeded: index + 1))
  }

  private mutating func delay() -> Nanoseconds {
    networkRandom.time(scenario.minimumDelay...scenario.maximumDelay)
  }

  /// Sends gratuitous ARP; what a node has to say is seen by the first of the addresses already.
  mutating func announce(_ places: Range<Int>, _ index: Int) {
    // The fence stops the announcements of whoever may not answer.
    guard nodes[index].hasCarrier, !nodes[index].answers(at: now).isEmpty else { return }
    agenda.add(.heardByClient, to: index, at: now + delay())
    guard scenario.detectsConflicts, let address = address(places, index) else { return }
    let claim = NeighborClaim(
      address: address, hardware: Self.hardware(index), kind: .claims,
      mark: nodes[index].process.participant.conflicts.identity.mark)
    for other in nodes.indices where other != index { tell(claim, to: other, from: index) }
  }

  /// Asks who has the addresses; the kernel of whoever has them answers.
  mutating func probe(_ places: Range<Int>, _ index: Int) {
    guard nodes[index].hasCarrier, let address = address(places, index) else { return }
    let probe = NeighborClaim(address: address, hardware: Self.hardware(index), kind: .probes)
    for other in nodes.indices where other != index {
      tell(probe, to: other, from: index)
      guard nodes[other].hasCarrier, !lan.separates(index, other),
        !nodes[other].answers(at: now).isDisjoint(with: nodes[index].addresses)
      else { continue }
      let answer = NeighborClaim(address: address, hardware: Self.hardware(other), kind: .claims)
      tell(answer, to: index, from: other)
    }
  }

  private func address(_ places: Range<Int>, _ index: Int) -> IPAddress? {
    let addresses = nodes[index].process.participant.settings.router.addresses
    return addresses.indices.contains(places.lowerBound) ? addresses[places.lowerBound] : nil
  }

  private mutating func tell(_ claim: NeighborClaim, to other: Int, from index: Int) {
    guard nodes[other].isRunning, nodes[other].hasCarrier, nodes[other].asleepUntil == 0,
      !lan.separates(index, other)
    else { return }
    agenda.add(.neighbor(claim, life: nodes[other].life), to: other, at: now + delay())
  }

  // MARK: Client

  mutating func heardByClient(_ index: Int) {
    guard nodes[index].hasCarrier, lan.reachesClient(index) else { return }
    lan.clientEntry = index
  }

  /// Neighbour unreachability detection: an entry that does not answer is replaced by one that does.
  mutating func clientAsks() {
    agenda.add(.clientAsks, to: 0, at: now + networkRandom.time(15 * .second...45 * .second))
    if let entry = lan.clientEntry, isReachedByClient(entry) { return }
    lan.clientEntry = nodes.indices.first { isReachedByClient($0) }
  }

  func isReachedByClient(_ index: Int) -> Bool {
    nodes[index].hasCarrier && lan.reachesClient(index) && !nodes[index].answers(at: now).isEmpty
  }
}
