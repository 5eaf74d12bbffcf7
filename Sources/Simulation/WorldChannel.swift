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
    connectionTick(index)
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

  /// The result of a `demote`.
  mutating func share(_ operation: OperationIdentifier, with name: String, _ index: Int) {
    guard let other = nodes.indices.first(where: { Self.name($0) == name }) else { return }
    send(.informed(operation), from: index, to: other)
  }

  /// Parcels arrive once and in their order, as long as both processes run.
  mutating func send(_ content: Parcel.Content, from index: Int, to other: Int) {
    let delay = networkRandom.time(scenario.minimumDelay...scenario.maximumDelay)
    let due = max(now + delay, nodes[index].process.parcelsUntil[other] ?? 0)
    nodes[index].process.parcelsUntil[other] = due
    agenda.add(
      .parcel(
        Parcel(
          content: content, from: index, fromLife: nodes[index].life, toLife: nodes[other].life)),
      to: other, at: due)
  }

  mutating func receive(_ parcel: Parcel, at index: Int) {
    guard nodes[parcel.from].life == parcel.fromLife, nodes[index].life == parcel.toLife,
      nodes[index].isRunning
    else { return }
    // What is lost is sent again, and everything behind it waits.
    let isLost =
      !reaches(index, from: parcel.from) || !isQuiet && networkRandom.chance(scenario.channelLoss)
    if isLost {
      let later = now + 30 * .millisecond
      agenda.postpone(.parcel(parcel), to: index, from: parcel.from, until: later)
      nodes[parcel.from].process.parcelsUntil[index] = max(
        later, nodes[parcel.from].process.parcelsUntil[index] ?? 0)
      return
    }
    switch parcel.content {
    case .informed(let operation):
      nodes[index].process.others.append(.event(.peerInformed(operation)))
      work(index)
    case .connections(let connections): hear(connections, from: parcel.from, at: index)
    }
  }
}

/// Something that travels beside the reports.
struct Parcel {
  enum Content {
    /// The result of a `demote`.
    case informed(OperationIdentifier)
    case connections(ConnectionParcel)
  }

  var content: Content
  var from: Int
  var fromLife: Int
  var toLife: Int
}
