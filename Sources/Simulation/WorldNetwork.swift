import Failover
import VRRP

// Advertisements and the client.
extension World {
  /// Multicasts an advertisement.
  mutating func send(_ priority: Priority, _ index: Int) {
    // No goodbye from a node that may still answer.
    if priority == .release, nodes[index].process.closeFailed, nodes[index].process.removeFailed {
      return
    }
    // Nor one so late that the others may have stopped waiting.
    if priority == .release,
      now - nodes[index].process.answered > Nanoseconds(nodes[index].interval.duration)
    {
      return
    }
    noteSent(priority, index)
    let fails = nodes[index].fails(.send, at: now)
    nodes[index].process.lastSendFailed = fails
    if fails {
      if priority != .release { nodes[index].process.queue.append(.beatFailed("not permitted")) }
      return
    }
    if priority != .release, nodes[index].promises.claimed >= .max / 2 {
      nodes[index].promises.claimed = now
    }
    guard nodes[index].hasCarrier else { return }
    if nodes[index].losses > 0 {
      nodes[index].losses -= 1
      return note("\(index)      (lost on the way to all)")
    }
    if priority == .release { lan.lastGoodbye = now }
    let advertisement = Advertisement(
      version: scenario.version, identifier: Self.identifier, priority: priority,
      interval: nodes[index].interval, checksumForm: .message,
      addressCount: nodes[index].addresses.places.count)
    for other in nodes.indices where other != index {
      transmit(advertisement, from: index, to: other)
    }
  }

  private mutating func transmit(_ advertisement: Advertisement, from sender: Int, to other: Int) {
    guard nodes[other].hasCarrier, lan.carriesAdvertisements(from: sender, to: other) else {
      return
    }
    if scenario.lossPercent > 0, !isQuiet, networkRandom.chance(scenario.lossPercent),
      advertisement.priority == .release || mayLose(from: sender, to: other)
    {
      note("\(sender)      (lost on the way to \(other))")
      return
    }
    let copies = !isQuiet && networkRandom.chance(scenario.duplicatePercent) ? 2 : 1
    for _ in 0..<copies {
      agenda.add(
        .advertisement(advertisement, addresses: nodes[sender].addresses, from: sender), to: other,
        at: now + networkRandom.time(scenario.minimumDelay...scenario.maximumDelay))
    }
  }

  /// The assumption about loss: whoever would claim before the end of the lease that this
  /// advertisement begins hears it. (Without crashes and pauses: before the next one arrives.)
  mutating func mayLose(from sender: Int, to other: Int) -> Bool {
    if scenario.breach == .loss { return true }
    let interval = scenario.longestInterval
    let next = now + interval + interval / 100 + 2 * scenario.maximumDelay
    var needed = next
    if scenario.hasStalls, let end = nodes[sender].process.leaseEnd() {
      needed = max(next, nodes[sender].clock.time(of: end) + interval / 100 + scenario.lateness)
    }
    guard nodes[other].isRunning else { return true }
    // A goodbye that is still on its way makes the wait short.
    guard nodes[other].canAct(at: now), now > lan.lastGoodbye + 2 * scenario.maximumDelay else {
      return false
    }
    switch nodes[other].process.participant.router.state {
    case .initialize: return true
    case .backup(let backup): return nodes[other].clock.time(of: backup.activeDownTimer) > needed
    case .active:
      // It has to be heard before the addresses of whoever pushes it aside come.
      let holdsOff = Nanoseconds(nodes[sender].interval.duration) * 3
      return !scenario.hasStalls && scenario.isFast
        && next < nodes[sender].promises.elected + holdsOff
    }
  }

  mutating func receive(
    _ advertisement: Advertisement, _ addresses: AddressSet, from sender: Int, at index: Int
  ) {
    guard nodes[index].isRunning, nodes[index].hasCarrier, nodes[index].asleepUntil == 0 else {
      return
    }
    guard nodes[index].process.socket.count < NodeProcess.socketLimit else {
      nodes[index].process.hasOverflowed = true
      return
    }
    nodes[index].process.socket.append((advertisement, addresses, sender))
    work(index)
  }

}
