import Failover
import VRRP

/// One world before it begins: who takes part, how the network and the programs behave, and the plan
/// of what goes wrong. A seed gives one scenario.
///
/// The assumptions under which two nodes never answer at once, kept by the scenario and the LAN:
/// - drift: a clock runs at most 200 ppm wrong, so that a lease and a wait of three intervals are
///   never wrong by more than the skew;
/// - delay: `maximumDelay` is below the difference of any two skews, below half of what the lease leaves
///   of three intervals, and below half of the time in which claims settle (in pairs it may be longer,
///   and two claims at the same moment are then let pass: `World.haveRaced`);
/// - loss: an advertisement may be lost only for a Backup that would claim after the end of the
///   lease which is counted from it (`World.mayLose`);
/// - division: advertisements pass between all nodes or, in a group, between none of two sides: with
///   three or more nodes nothing is promised while only advertisements are filtered;
/// - `lateness`: a kernel whose lease is a timeout begins it at most that late.
public struct Scenario: Sendable {
  struct Member: Sendable {
    var priority: Priority
    var preemption: Preemption
    var drift: Int64
    var offset: Nanoseconds
    var hookCount: Int
    var hasChecks: Bool
  }

  public let seed: UInt64
  public let breach: Breach?
  var members: [Member] = []
  var version = ProtocolVersion.version3
  var interval = AdvertisementInterval.standard
  /// What a reload changes to.
  var otherInterval = AdvertisementInterval.standard
  /// The lease in tenths of the interval.
  var leaseTenths = 25
  var mechanism = LeaseMechanism.deadline
  var addresses = AddressSet(first: 1)
  var minimumDelay: Nanoseconds = 0
  var maximumDelay: Nanoseconds = 0
  /// Whether two claims at the same moment hear of each other before the addresses come.
  var isFast = true
  var lossPercent = 0
  var duplicatePercent = 0
  /// The most that a call takes where calls are slow.
  var lateness: Nanoseconds = 0
  /// Whether processes crash and stand still.
  var hasStalls = true
  var hooksMisbehave = false
  /// Whether the nodes look for others that have the addresses.
  var detectsConflicts = false
  /// Whether they report to each other, and over a network of its own.
  var hasChannel = false
  var hasSecondPath = false
  /// Percent of the reports that are lost, and that come up to 5 s late.
  var channelLoss = 0
  var lateReports = 0
  /// Whether nothing keeps a holder from sharing its connections in time.
  var promisesTelling = false
  /// Whether people put the nodes into maintenance.
  var hasMaintenance = false
  var troubleEnds: Nanoseconds = 0
  public var injections: [Injection] = []

  /// The longest interval of the settings before and after a reload.
  var longestInterval: Nanoseconds {
    max(Nanoseconds(interval.duration), Nanoseconds(otherInterval.duration))
  }
  /// The longest lease.
  var longestLease: Nanoseconds { longestInterval / 10 * Nanoseconds(leaseTenths) }

  public init(seed: UInt64, breach: Breach? = nil) {
    self.seed = seed
    self.breach = breach
    var random = SplitMix64(seed: seed)
    chooseTimes(&random)
    chooseMembers(&random)
    chooseNetwork(&random)
    if members.count > 2 { otherInterval = interval }
    if otherInterval != interval { keepEveryoneIn() }
    if let breach { apply(breach, &random) }
    let length = random.time(60 * .second...240 * .second)
    troubleEnds = 5 * .second + (longestInterval < .second ? length / 4 : length)
    plan(&random)
  }

  private mutating func chooseTimes(_ random: inout SplitMix64) {
    leaseTenths = random.pick([14, 19, 25, 25, 25, 25, 25, 29])
    if random.chance(10) {
      version = .version2
      interval = AdvertisementInterval(seconds: UInt8(1 + random.below(2))) ?? .standard
      otherInterval = interval
    } else {
      let choices: [UInt16] = [100, 100, 100, 100, 10, 25, 50, 200]
      interval = AdvertisementInterval(centiseconds: random.pick(choices)) ?? .standard
      let other = random.chance(20) ? random.pick(choices) : interval.centiseconds
      otherInterval = AdvertisementInterval(centiseconds: other) ?? .standard
    }
    addresses = AddressSet(first: random.pick([1, 1, 2, 8]))
  }

  private mutating func chooseMembers(_ random: inout SplitMix64) {
    let count = random.pick([2, 2, 2, 2, 2, 3, 3, 4, 5, 8])
    var slots = Array(0..<8)
    slots.shuffle(using: &random)
    let isFarApart = count == 2 && random.chance(50)
    let hasHooks = random.chance(70)
    for index in 0..<count {
      // 24 apart, so that a failed check, which takes 12, makes no two of them alike.
      let number = isFarApart ? 60 + 130 * index : 30 + 24 * slots[index]
      members.append(
        Member(
          priority: index == 0 && random.chance(8) ? .owner : Priority(UInt8(number)),
          preemption: random.pick([.never, .never, .always, .after(.seconds(5))]),
          drift: Int64(random.below(401)) - 200, offset: random.time(0...1000 * .second),
          hookCount: hasHooks ? 1 + random.below(2) : 0, hasChecks: random.chance(40)))
    }
  }

  private mutating func chooseNetwork(_ random: inout SplitMix64) {
    let shortest = min(Nanoseconds(interval.duration), Nanoseconds(otherInterval.duration))
    let gap: Nanoseconds = members[0].priority == Priority(60) ? 100 : 12
    let skew = (version == .version2 ? .second : shortest) * gap / 256
    let room = (30 - Nanoseconds(leaseTenths)) * shortest / 10
    // What two claims at the same moment are given to hear of each other, there and back.
    let settling = min(shortest / 8, 10 * .millisecond) * 9 / 20
    isFast = gap < 100 || random.chance(50)
    let limit = min(skew * 6 / 10, room * 4 / 10, isFast ? settling : .second)
    maximumDelay = random.chance(50) ? limit : max(limit / 20, 50 * .microsecond)
    minimumDelay = maximumDelay / 20
    lossPercent = random.pick([0, 0, 10, 40])
    duplicatePercent = random.pick([0, 0, 5])
    lateness = min(room * 3 / 10, 500 * .millisecond)
    hasStalls = random.chance(75)
    hooksMisbehave = random.chance(60)
    detectsConflicts = random.chance(60)
    mechanism = random.chance(70) ? .deadline : .timeout
    hasChannel = random.chance(70)
    hasSecondPath = random.chance(40)
    channelLoss = random.pick([0, 0, 5, 30])
    lateReports = random.pick([0, 0, 2])
    hasMaintenance = hasChannel && random.chance(25)
  }

  /// While a reload goes round, nodes have different intervals. A Backup that has heard the Active
  /// Router goes by that one's; one that joins has only its own, which may be shorter than a lease of
  /// the longer; and a third that hears two of them would take the shorter wait for the longer one's
  /// lease. So intervals change in pairs, and nobody joins meanwhile.
  private mutating func keepEveryoneIn() {
    hooksMisbehave = false
    for index in members.indices { members[index].hasChecks = false }
  }

  /// Whether nodes leave and join in the trouble.
  var nodesJoin: Bool { interval == otherInterval }

  private mutating func apply(_ breach: Breach, _ random: inout SplitMix64) {
    hasStalls = true
    leaseTenths = 25
    lossPercent = 0
    switch breach {
    case .drift:
      for index in members.indices { members[index].drift = index % 2 == 0 ? -250_000 : 250_000 }
    case .loss: lossPercent = 40
    case .delay: maximumDelay = longestInterval * 2
    case .pauseWithoutLease: mechanism = .none
    case .addressLifetime: mechanism = .lifetime
    case .sleepingTimeout: mechanism = .timeout
    case .lateTimeout:
      mechanism = .timeout
      lateness = longestInterval
    case .equalPriorities:
      for index in members.indices { members[index].priority = .standard }
      minimumDelay = longestInterval / 16
      maximumDelay = longestInterval / 8
    case .oldTerm: break
    }
  }
}
