import Failover
import VRRP

/// A report on its way: what the sender knows of the receiver's messages goes with it, so that the
/// receiver can tell before which time of its own clock it cannot have been written.
struct ChannelMessage {
  var report: PeerReport
  var from: Int
  /// The process that sent it, and when by its own clock.
  var life: Int
  var sent: Instant
  /// The newest message of the receiver that the sender had: which process sent it, and when by that
  /// process's clock.
  var echo: (life: Int, sent: Instant)?
  var asks: Bool
}

/// What a process keeps of another node.
struct ChannelView {
  /// The process there that was last heard, and its newest message.
  var life: Int
  var newest: Instant
  /// When it was heard, by this node's clock.
  var heard: Instant
  var isLost = false
}

// The peer channel: reports that may be lost, doubled, late and out of order, but not forged.
extension World {
  static let channelInterval = Nanoseconds.second
  static let channelSilence = Duration.seconds(3)

  static func name(_ index: Int) -> String { "n\(index)" }

  mutating func report(asks: Bool, _ index: Int) {
    for other in nodes.indices where other != index { report(to: other, asks: asks, index) }
  }

  private mutating func report(to other: Int, asks: Bool, _ index: Int) {
    guard scenario.hasChannel, nodes[index].isRunning else { return }
    let view = nodes[index].process.channel[other]
    let message = ChannelMessage(
      report: nodes[index].process.participant.report, from: index, life: nodes[index].life,
      sent: nodes[index].clock.instant(at: now),
      echo: view.map { ($0.life, $0.newest) }, asks: asks)
    transmit(.channel(message), from: index, to: other)
  }

  private mutating func transmit(_ happening: Happening, from index: Int, to other: Int) {
    guard reaches(other, from: index) else { return }
    if !isQuiet, networkRandom.chance(scenario.channelLoss) { return }
    let copies = !isQuiet && networkRandom.chance(scenario.duplicatePercent) ? 2 : 1
    for _ in 0..<copies {
      // Sometimes far later than everything behind it.
      let isLate = !isQuiet && networkRandom.chance(scenario.lateReports)
      let delay = networkRandom.time(
        scenario.minimumDelay...(isLate ? 5 * .second : scenario.maximumDelay))
      agenda.add(happening, to: other, at: now + delay)
    }
  }

  private func reaches(_ other: Int, from index: Int) -> Bool {
    if scenario.hasSecondPath { return true }
    return nodes[index].hasCarrier && nodes[other].hasCarrier && !lan.separates(index, other)
  }

  mutating func receive(_ message: ChannelMessage, at index: Int) {
    guard nodes[index].isRunning, nodes[index].asleepUntil == 0 else { return }
    let known = nodes[index].process.channel[message.from]
    let isNewest = known.map { $0.life < message.life || $0.newest < message.sent } ?? true
    // What does not echo this process proves nothing; an older one than was heard says nothing.
    let isProved = message.echo?.life == nodes[index].life
    if isNewest, known.map({ $0.life <= message.life }) ?? true {
      nodes[index].process.channel[message.from] = ChannelView(
        life: message.life, newest: message.sent,
        heard: isProved
          ? nodes[index].clock.instant(at: now) : known?.heard ?? .init(sinceBoot: .zero),
        isLost: isProved ? false : known?.isLost ?? true)
    }
    if isProved, isNewest, let echo = message.echo,
      nodes[index].process.others.count < NodeProcess.socketLimit
    {
      nodes[index].process.others.append(
        .event(
          .peerReport(message.report, from: Self.name(message.from), notBefore: echo.sent)))
    }
    if message.asks || !isProved, nodes[index].canAct(at: now) {
      report(to: message.from, asks: false, index)
    }
    work(index)
  }

  /// Once a second: a report to everybody, and a look at who has fallen silent.
  mutating func channelTick(_ index: Int, life: Int) {
    guard nodes[index].life == life, nodes[index].isRunning else { return }
    agenda.add(.channelTick(life: life), to: index, at: now + Self.channelInterval)
    guard nodes[index].canAct(at: now) else { return }
    report(asks: false, index)
    let instant = nodes[index].clock.instant(at: now)
    for other in nodes.indices where other != index {
      guard let view = nodes[index].process.channel[other], !view.isLost,
        instant - view.heard > Self.channelSilence
      else { continue }
      nodes[index].process.channel[other]?.isLost = true
      nodes[index].process.others.append(.event(.peerLost(Self.name(other))))
    }
    work(index)
  }

  /// The result of a `demote` travels until it arrives, as long as both run.
  mutating func share(_ operation: OperationIdentifier, with name: String, _ index: Int) {
    guard let other = nodes.indices.first(where: { Self.name($0) == name }) else { return }
    carry(
      Parcel(
        operation: operation, from: index, fromLife: nodes[index].life, toLife: nodes[other].life),
      to: other)
  }

  mutating func carry(_ parcel: Parcel, to other: Int) {
    guard nodes[parcel.from].life == parcel.fromLife, nodes[other].life == parcel.toLife,
      nodes[other].isRunning
    else { return }
    let isLost =
      !reaches(other, from: parcel.from) || !isQuiet && networkRandom.chance(scenario.channelLoss)
    let delay = networkRandom.time(scenario.minimumDelay...scenario.maximumDelay)
    if isLost {
      agenda.add(.parcel(parcel, isHere: false), to: other, at: now + 30 * .millisecond)
    } else {
      agenda.add(.parcel(parcel, isHere: true), to: other, at: now + delay)
    }
  }

  mutating func receive(_ parcel: Parcel, isHere: Bool, at index: Int) {
    guard isHere else { return carry(parcel, to: index) }
    guard nodes[index].life == parcel.toLife, nodes[index].isRunning else { return }
    nodes[index].process.others.append(.event(.peerInformed(parcel.operation)))
    work(index)
  }
}

/// The result of a `demote` on its way.
struct Parcel {
  var operation: OperationIdentifier
  var from: Int
  var fromLife: Int
  var toLife: Int
}
