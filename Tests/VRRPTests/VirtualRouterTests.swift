import Testing

@testable import VRRP

/// RFC 9568 section 6.4 and RFC 3768 section 6.4, event by event.
///
/// Our router is 192.0.2.1 with priority 100 and an interval of one second unless a test says
/// otherwise; its Skew_Time is 609.375 ms and its Active_Down_Interval 3.609375 s.
@Suite struct VirtualRouterTests {
  static let lower = IPAddress.v4(IPv4Address(192, 0, 2, 0))
  static let ours = IPAddress.v4(IPv4Address(192, 0, 2, 1))
  static let higher = IPAddress.v4(IPv4Address(192, 0, 2, 2))

  // MARK: The matrix

  enum Begin: String, CaseIterable { case initialize, backup, active }

  struct Cell: CustomTestStringConvertible, Sendable {
    var begin: Begin
    var event: VirtualRouter.Event
    var actions: [VirtualRouter.Action]
    var end: Begin
    /// Time from the event to the next deadline; nil for none.
    var deadline: Duration?
    var name: String
    var testDescription: String { "\(begin.rawValue): \(name)" }
  }

  static let down = Duration.microseconds(3_609_375)
  static let skew = Duration.microseconds(609_375)
  static let interval = Duration.seconds(1)

  /// Every event in every state. Begin at 10 s: the Backup waits until 13.609375 s, the Active
  /// advertises at 11 s. The event comes at 10.5 s, timers at their own time.
  static let matrix: [Cell] = [
    Cell(
      begin: .initialize, event: .startup(source: ours), actions: [], end: .backup,
      deadline: down, name: "startup becomes Backup and sends nothing"),
    Cell(
      begin: .initialize, event: .shutdown, actions: [], end: .initialize,
      deadline: nil, name: "shutdown means nothing"),
    Cell(
      begin: .initialize, event: .timer, actions: [], end: .initialize,
      deadline: nil, name: "no timer runs"),
    Cell(
      begin: .initialize, event: heard(200, from: higher), actions: [], end: .initialize,
      deadline: nil, name: "an advertisement is ignored"),
    Cell(
      begin: .initialize, event: .yield, actions: [], end: .initialize,
      deadline: nil, name: "there is nothing to yield"),
    Cell(
      begin: .initialize, event: .lapse, actions: [], end: .initialize,
      deadline: nil, name: "there is nothing that could lapse"),
    Cell(
      begin: .initialize, event: .handOver, actions: [], end: .initialize,
      deadline: nil, name: "there is nothing to hand over"),
    Cell(
      begin: .initialize, event: .takeOver(from: higher), actions: [], end: .initialize,
      deadline: nil, name: "who takes no part takes nothing over"),
    Cell(
      begin: .initialize, event: .advertisementsMissed, actions: [], end: .initialize,
      deadline: nil, name: "there was nothing to hear"),
    Cell(
      begin: .initialize, event: .wait(until: at(20)), actions: [], end: .initialize,
      deadline: nil, name: "there is nothing to wait for"),
    Cell(
      begin: .initialize, event: .priority(Priority(90)), actions: [], end: .initialize,
      deadline: nil, name: "a priority is kept for later"),
    Cell(
      begin: .initialize, event: .source(higher), actions: [], end: .initialize,
      deadline: nil, name: "a source is kept for later"),
    Cell(
      begin: .initialize, event: .settings(settings()), actions: [], end: .initialize,
      deadline: nil, name: "settings are kept for later"),

    Cell(
      begin: .backup, event: .startup(source: ours), actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "startup again means nothing"),
    Cell(
      begin: .backup, event: .shutdown, actions: [], end: .initialize,
      deadline: nil, name: "shutdown sends nothing, no priority 0 either"),
    Cell(
      begin: .backup, event: .timer,
      actions: [.send(Priority(100)), .elected(.silence)],
      end: .active, deadline: interval, name: "Active_Down_Timer: advertisement, then Active"),
    Cell(
      begin: .backup, event: heard(0, from: higher), actions: [], end: .backup,
      deadline: skew, name: "priority 0 sets Active_Down_Timer to Skew_Time"),
    Cell(
      begin: .backup, event: heard(200, from: higher), actions: [], end: .backup,
      deadline: down, name: "a higher priority restarts Active_Down_Timer"),
    Cell(
      begin: .backup, event: heard(100, from: lower), actions: [], end: .backup,
      deadline: down, name: "an equal priority restarts it whatever the address"),
    Cell(
      begin: .backup, event: heard(50, from: higher), actions: [], end: .backup,
      deadline: down, name: "without Preempt_Mode a lower priority restarts it too"),
    Cell(
      begin: .backup, event: .yield, actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "there is nothing to yield"),
    Cell(
      begin: .backup, event: .lapse, actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "there is nothing that could lapse"),
    Cell(
      begin: .backup, event: .handOver, actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "there is nothing to hand over"),
    Cell(
      begin: .backup, event: .takeOver(from: higher),
      actions: [.send(.standard), .elected(.handover)], end: .active,
      deadline: interval, name: "Active at once"),
    Cell(
      begin: .backup, event: .advertisementsMissed, actions: [], end: .backup,
      deadline: down, name: "who may have missed some waits again"),
    Cell(
      begin: .backup, event: .wait(until: at(20)), actions: [], end: .backup,
      deadline: .milliseconds(9500), name: "a Backup waits as long as it is told to"),
    Cell(
      begin: .backup, event: .wait(until: at(11)), actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "and never shorter than it has to"),
    Cell(
      begin: .backup, event: .priority(Priority(90)), actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "a priority leaves the running timer alone"),
    Cell(
      begin: .backup, event: .source(higher), actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "a source leaves the running timer alone"),
    Cell(
      begin: .backup, event: .settings(settings()), actions: [], end: .backup,
      deadline: down - .milliseconds(500), name: "settings leave the running timer alone"),

    Cell(
      begin: .active, event: .startup(source: ours), actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "startup again means nothing"),
    Cell(
      begin: .active, event: .shutdown, actions: [.send(.release)], end: .initialize,
      deadline: nil, name: "shutdown sends priority 0"),
    Cell(
      begin: .active, event: .timer, actions: [.send(Priority(100))], end: .active,
      deadline: interval, name: "Adver_Timer: advertisement, timer restarted"),
    Cell(
      begin: .active, event: heard(0, from: higher), actions: [.send(Priority(100))],
      end: .active, deadline: interval, name: "priority 0 is answered at once, timer restarted"),
    Cell(
      begin: .active, event: heard(101, from: lower),
      actions: [.deposed(by: lower, Priority(101))], end: .backup, deadline: down,
      name: "a higher priority deposes, nothing is sent"),
    Cell(
      begin: .active, event: heard(100, from: higher),
      actions: [.deposed(by: higher, Priority(100))], end: .backup, deadline: down,
      name: "an equal priority from a higher address deposes"),
    Cell(
      begin: .active, event: heard(100, from: lower), actions: [.send(Priority(100))],
      end: .active, deadline: interval, name: "an equal priority from a lower address is answered"),
    Cell(
      begin: .active, event: heard(100, from: ours), actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "an equal in priority and address is not"),
    Cell(
      begin: .active, event: heard(99, from: higher), actions: [.send(Priority(100))],
      end: .active, deadline: interval, name: "a lower priority is answered at once"),
    Cell(
      begin: .active, event: .yield, actions: [.send(.release)], end: .backup,
      deadline: down, name: "yield sends priority 0 and stays in the election"),
    Cell(
      begin: .active, event: .lapse, actions: [], end: .backup,
      deadline: down, name: "who woke too late is Backup again without a word"),
    Cell(
      begin: .active, event: .handOver, actions: [], end: .backup,
      deadline: down, name: "who hands over is Backup without a word"),
    Cell(
      begin: .active, event: .takeOver(from: higher), actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "the Active Router has the role already"),
    Cell(
      begin: .active, event: .advertisementsMissed, actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "the lease tells whether it was too long"),
    Cell(
      begin: .active, event: .wait(until: at(20)), actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "nobody is waited for"),
    Cell(
      begin: .active, event: .priority(Priority(90)), actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "a priority waits for the next advertisement"),
    Cell(
      begin: .active, event: .source(higher), actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "a source waits for the next advertisement"),
    Cell(
      begin: .active, event: .settings(settings()), actions: [], end: .active,
      deadline: interval - .milliseconds(500), name: "settings wait for the next advertisement"),
  ]

  @Test("every event in every state", arguments: matrix)
  func transition(_ cell: Cell) {
    var router = Self.router(cell.begin)
    let now = cell.event == .timer ? router.nextDeadline ?? Self.at(10) : Self.at(10.5)
    #expect(router.handle(cell.event, at: now) == cell.actions)
    #expect(Self.name(router.state) == cell.end)
    #expect(router.nextDeadline.map { $0 - now } == cell.deadline)
  }

  @Test("what the former Active Router said before it handed over deposes nobody, for an interval")
  func passedOver() {
    var router = Self.router(.backup)
    _ = router.handle(.takeOver(from: Self.higher), at: Self.at(10.5))
    #expect(router.handle(Self.heard(200, from: Self.higher), at: Self.at(11.4)) == [])
    #expect(
      router.handle(Self.heard(200, from: Self.lower), at: Self.at(11.4))
        == [.deposed(by: Self.lower, Priority(200))])
    router = Self.router(.backup)
    _ = router.handle(.takeOver(from: Self.higher), at: Self.at(10.5))
    #expect(
      router.handle(Self.heard(200, from: Self.higher), at: Self.at(11.5))
        == [.deposed(by: Self.higher, Priority(200))])
  }

  @Test("whoever handed the role over does not preempt")
  func handedOver() {
    var router = Self.router(.active, preemption: .always)
    _ = router.handle(.handOver, at: Self.at(10.5))
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(11))
    #expect(router.nextDeadline == Self.at(11) + Self.down)
  }

  @Test("an owner that is held back waits as a Backup")
  func heldBackOwner() {
    var router = VirtualRouter(
      VirtualRouterSettings(
        identifier: VirtualRouterIdentifier(51)!, addresses: [Self.higher], priority: .owner))
    #expect(
      router.handle(.startup(source: Self.ours, isHeldBack: true), at: Self.at(10)) == [])
    #expect(router.isBackup)
  }

  @Test("the matrix has a cell for every pair of state and kind of event")
  func matrixIsComplete() {
    var pairs: Set<String> = []
    for cell in Self.matrix { pairs.insert("\(cell.begin) \(Self.kind(cell.event))") }
    #expect(pairs.count == 3 * 13)
  }

  // MARK: Initialize

  @Test("an owner is Active at once: it advertises 255 before it says so")
  func ownerStartup() {
    var router = VirtualRouter(Self.settings(priority: 255))
    #expect(
      router.handle(.startup(source: Self.ours), at: Self.at(10)) == [
        .send(Priority(255)), .elected(.ownership),
      ])
    #expect(router.nextDeadline == Self.at(11))
  }

  // MARK: Timers

  /// RFC 9568 section 6.1 by hand: priority, interval in centiseconds, Skew_Time and
  /// Active_Down_Interval in nanoseconds.
  static let version3Timers: [(UInt8, UInt16, Int64, Int64)] = [
    (1, 1, 9_960_937, 39_960_937),
    (100, 1, 6_093_750, 36_093_750),
    (100, 10, 60_937_500, 360_937_500),
    (100, 100, 609_375_000, 3_609_375_000),
    (100, 200, 1_218_750_000, 7_218_750_000),
    (150, 100, 414_062_500, 3_414_062_500),
    (200, 10, 21_875_000, 321_875_000),
    (254, 1, 78_125, 30_078_125),
    (254, 100, 7_812_500, 3_007_812_500),
    (100, 4095, 24_953_906_250, 147_803_906_250),
    (1, 4095, 40_790_039_062, 163_640_039_062),
    (254, 4095, 319_921_875, 123_169_921_875),
  ]

  @Test("Skew_Time and Active_Down_Interval of version 3 are exact", arguments: version3Timers)
  func version3Timer(priority: UInt8, centiseconds: UInt16, skew: Int64, down: Int64) throws {
    let interval = try #require(AdvertisementInterval(centiseconds: centiseconds))
    let router = VirtualRouter(Self.settings(priority: priority, interval: interval))
    // The table is in whole nanoseconds; the values themselves are not cut.
    #expect(router.skewTime >= .nanoseconds(skew) && router.skewTime < .nanoseconds(skew + 1))
    #expect(
      router.activeDownInterval >= .nanoseconds(down)
        && router.activeDownInterval < .nanoseconds(down + 1))
  }

  @Test("a skew of half a nanosecond is kept")
  func fraction() throws {
    let interval = try #require(AdvertisementInterval(centiseconds: 1))
    // 255 * 10 ms / 256 = 9960937.5 ns
    let router = VirtualRouter(Self.settings(priority: 1, interval: interval))
    #expect(router.skewTime * 2 == .nanoseconds(19_921_875))
  }

  /// RFC 3768 section 6.1: the skew does not depend on the interval.
  static let version2Timers: [(UInt8, UInt8, Int64, Int64)] = [
    (100, 1, 609_375, 3_609_375), (100, 2, 609_375, 6_609_375), (100, 10, 609_375, 30_609_375),
    (100, 255, 609_375, 765_609_375), (1, 2, 996_093, 6_996_093), (254, 10, 7_812, 30_007_812),
  ]

  @Test("Skew_Time of version 2 does not depend on the interval", arguments: version2Timers)
  func version2Timer(priority: UInt8, seconds: UInt8, skew: Int64, down: Int64) throws {
    let interval = try #require(AdvertisementInterval(seconds: seconds))
    let router = VirtualRouter(
      Self.settings(version: .version2, priority: priority, interval: interval))
    #expect(router.skewTime >= .microseconds(skew) && router.skewTime < .microseconds(skew + 1))
    #expect(
      router.activeDownInterval >= .microseconds(down)
        && router.activeDownInterval < .microseconds(down + 1))
  }

  @Test("a timer that is not due does nothing")
  func earlyTimer() {
    var backup = Self.router(.backup)
    #expect(backup.handle(.timer, at: Self.at(13.609)) == [])
    #expect(backup.nextDeadline == Self.at(10) + Self.down)
    var active = Self.router(.active)
    #expect(active.handle(.timer, at: Self.at(10.999)) == [])
    #expect(active.nextDeadline == Self.at(11))
  }

  @Test("a late advertisement does not move the beat, a long pause is not made up for")
  func lateTimer() {
    var router = Self.router(.active)
    #expect(router.handle(.timer, at: Self.at(11.25)) == [.send(Priority(100))])
    #expect(router.nextDeadline == Self.at(12))
    #expect(router.handle(.timer, at: Self.at(60)) == [.send(Priority(100))])
    #expect(router.nextDeadline == Self.at(61))
  }

  // MARK: Learning

  @Test("a Backup learns the interval and waits by it, its own advertisements keep ours")
  func learnsInterval() throws {
    var router = Self.router(.backup)
    let two = try #require(AdvertisementInterval(centiseconds: 200))
    _ = router.handle(Self.heard(200, from: Self.higher, interval: two), at: Self.at(11))
    #expect(router.nextDeadline == Self.at(11) + .microseconds(7_218_750))
    let takeover = Self.at(11) + .microseconds(7_218_750)
    #expect(router.handle(.timer, at: takeover).count == 2)
    #expect(router.nextDeadline == takeover + .seconds(1))
  }

  @Test("priority 0 counts the skew from the interval learned before, not from its own")
  func releaseKeepsLearnedInterval() throws {
    var router = Self.router(.backup)
    let two = try #require(AdvertisementInterval(centiseconds: 200))
    _ = router.handle(Self.heard(200, from: Self.higher, interval: two), at: Self.at(11))
    _ = router.handle(Self.heard(0, from: Self.higher), at: Self.at(12))
    #expect(router.nextDeadline == Self.at(12) + .microseconds(1_218_750))
    #expect(
      router.handle(.timer, at: Self.at(14)) == [
        .send(Priority(100)), .elected(.release),
      ])
  }

  @Test("an Active that is deposed waits by the interval of the one that deposed it")
  func deposedLearnsInterval() throws {
    var router = Self.router(.active)
    let two = try #require(AdvertisementInterval(centiseconds: 200))
    _ = router.handle(Self.heard(200, from: Self.higher, interval: two), at: Self.at(10.5))
    #expect(router.nextDeadline == Self.at(10.5) + .microseconds(7_218_750))
  }

  @Test("who gives the role up waits by its own interval, not by that of an Active before it")
  func yieldWaitsByOwnInterval() throws {
    var router = Self.router(.backup)
    let short = try #require(AdvertisementInterval(centiseconds: 1))
    _ = router.handle(Self.heard(200, from: Self.higher, interval: short), at: Self.at(11))
    _ = router.handle(.timer, at: Self.at(12))
    _ = router.handle(.yield, at: Self.at(13))
    #expect(router.nextDeadline == Self.at(13) + Self.down)
  }

  @Test("A goodbye of another than the Active Router that was heard changes nothing")
  func goodbyeOfAnother() {
    var router = Self.router(.backup)
    _ = router.handle(Self.heard(200, from: Self.higher), at: Self.at(11))
    let deadline = router.nextDeadline
    _ = router.handle(Self.heard(0, from: Self.lower), at: Self.at(12))
    #expect(router.nextDeadline == deadline)
    _ = router.handle(Self.heard(0, from: Self.higher), at: Self.at(12))
    #expect(router.nextDeadline == Self.at(12) + router.skewTime)
  }

  @Test("A first goodbye counts whoever says it")
  func goodbyeOfNobody() {
    var router = Self.router(.backup)
    _ = router.handle(Self.heard(0, from: Self.lower), at: Self.at(12))
    #expect(router.nextDeadline == Self.at(12) + router.skewTime)
  }

  @Test("a lower priority that preemption discards teaches nothing")
  func discardedTeachesNothing() throws {
    var router = Self.router(.backup, preemption: .always)
    let two = try #require(AdvertisementInterval(centiseconds: 200))
    _ = router.handle(Self.heard(50, from: Self.higher, interval: two), at: Self.at(11))
    #expect(router.nextDeadline == Self.at(10) + Self.down)
    #expect(router.activeAdvertisementInterval == .standard)
  }

  // MARK: Preemption

  @Test("with Preempt_Mode a lower priority does not restart Active_Down_Timer")
  func preempts() {
    var router = Self.router(.backup, preemption: .always)
    for second in 1...3 {
      #expect(
        router.handle(Self.heard(99, from: Self.higher), at: Self.at(10 + Double(second))) == [])
    }
    #expect(router.nextDeadline == Self.at(10) + Self.down)
    #expect(router.handle(.timer, at: Self.at(13.61)).last == .elected(.preemption))
  }

  @Test("with Preempt_Mode an equal priority still restarts it")
  func preemptsNotEquals() {
    var router = Self.router(.backup, preemption: .always)
    _ = router.handle(Self.heard(100, from: Self.lower), at: Self.at(12))
    #expect(router.nextDeadline == Self.at(12) + Self.down)
  }

  @Test("a delayed preemption waits until it was the better one for that long")
  func delayedPreemption() {
    var router = Self.router(.backup, preemption: .after(.seconds(30)))
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(11))
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(40.9))
    #expect(router.nextDeadline == Self.at(40.9) + Self.down)
    // From 41 s on the lower priority is discarded and the timer runs out.
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(41.9))
    #expect(router.nextDeadline == Self.at(40.9) + Self.down)
  }

  @Test("a better Active in between starts the delay again")
  func delayedPreemptionStartsAgain() {
    var router = Self.router(.backup, preemption: .after(.seconds(30)))
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(11))
    _ = router.handle(Self.heard(200, from: Self.higher), at: Self.at(40))
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(42))
    #expect(router.nextDeadline == Self.at(42) + Self.down)
  }

  @Test("who gave the role up leaves a lower priority in peace, until it has been Active again")
  func yieldOutlastsPriorities() {
    var router = Self.router(.active, preemption: .always)
    #expect(router.handle(.yield, at: Self.at(10.5)) == [.send(.release)])
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(11))
    #expect(router.nextDeadline == Self.at(11) + Self.down)
    _ = router.handle(.timer, at: Self.at(11) + Self.down)
    #expect(Self.name(router.state) == .active)
    _ = router.handle(Self.heard(200, from: Self.higher), at: Self.at(15))
    _ = router.handle(Self.heard(50, from: Self.higher), at: Self.at(16))
    #expect(router.nextDeadline == Self.at(15) + Self.down)
  }

  // MARK: Answers

  @Test("ten thousand losing advertisements in a second get a hundred answers")
  func answersAreBounded() {
    var router = Self.router(.active)
    var answers = 0
    for step in 0..<10_000 {
      let now = Self.at(10) + .microseconds(100 * step)
      answers += router.handle(Self.heard(50, from: Self.higher), at: now).count
    }
    #expect(answers == 100)
  }

  @Test("version 2 discards a losing advertisement silently and answers priority 0")
  func version2Loser() {
    var router = Self.router(.active, version: .version2)
    #expect(
      router.handle(Self.heard(50, from: Self.higher, version: .version2), at: Self.at(10.5)) == [])
    #expect(
      router.handle(Self.heard(0, from: Self.higher, version: .version2), at: Self.at(10.6)) == [
        .send(Priority(100))
      ])
  }

  @Test("addresses are compared as unsigned numbers in network order")
  func tieBreakIsUnsigned() {
    let low = IPAddress.v4(IPv4Address(10, 0, 0, 1))
    let high = IPAddress.v4(IPv4Address(192, 0, 2, 200))
    var router = Self.router(.active, source: low)
    #expect(
      router.handle(Self.heard(100, from: high), at: Self.at(10.5))
        == [.deposed(by: high, Priority(100))])
    var winner = Self.router(.active, source: high)
    #expect(winner.handle(Self.heard(100, from: low), at: Self.at(10.5)) == [.send(Priority(100))])
  }

  // MARK: Effective priority

  @Test("a priority moved by checks counts in the next advertisement and the next skew")
  func effectivePriority() {
    var router = Self.router(.active)
    _ = router.handle(.priority(Priority(50)), at: Self.at(10.1))
    #expect(router.handle(.timer, at: Self.at(11)) == [.send(Priority(50))])
    // (256 - 50) / 256 s
    #expect(router.skewTime == .nanoseconds(804_687_500))
  }

  // MARK: Admission

  struct Admission: CustomTestStringConvertible, Sendable {
    var version = ProtocolVersion.version3
    var advertisement: Advertisement
    var source = higher
    var listsOurs = true
    var reason: DiscardReason?
    var testDescription: String
  }

  static let admissions: [Admission] = [
    Admission(advertisement: ad(100), reason: nil, testDescription: "a good one"),
    Admission(
      advertisement: ad(100, version: .version2), reason: .version,
      testDescription: "version 2 at a version 3 router"),
    Admission(
      version: .version2, advertisement: ad(100), reason: .version,
      testDescription: "version 3 at a version 2 router"),
    Admission(
      advertisement: ad(200), source: ours, reason: .ownSource, testDescription: "our own source"),
    Admission(
      advertisement: ad(100, interval: AdvertisementInterval(centiseconds: 200)), reason: nil,
      testDescription: "another interval in version 3"),
    Admission(
      version: .version2,
      advertisement: ad(100, version: .version2, interval: AdvertisementInterval(seconds: 2)),
      reason: .intervalMismatch, testDescription: "another interval in version 2"),
    Admission(
      advertisement: ad(100), listsOurs: false, reason: nil,
      testDescription: "another list in version 3"),
    Admission(
      version: .version2, advertisement: ad(100, version: .version2), listsOurs: false,
      reason: .addressList, testDescription: "another list in version 2"),
    Admission(
      version: .version2, advertisement: ad(255, version: .version2), listsOurs: false, reason: nil,
      testDescription: "another list in version 2, from the owner"),
  ]

  @Test("admission by the router's own settings", arguments: admissions)
  func admission(_ row: Admission) {
    let router = Self.router(.backup, version: row.version)
    var reason: DiscardReason?
    do throws(DiscardReason) {
      try router.admit(
        row.advertisement, from: row.source, listsOurAddresses: row.listsOurs)
    } catch {
      reason = error
    }
    #expect(reason == row.reason)
  }

  // MARK: Making them

  static func at(_ seconds: Double) -> Instant { Instant(sinceBoot: .seconds(seconds)) }

  static func settings(
    version: ProtocolVersion = .version3, priority: UInt8 = 100,
    interval: AdvertisementInterval = .standard, preemption: Preemption = .never
  ) -> VirtualRouterSettings {
    VirtualRouterSettings(
      identifier: VirtualRouterIdentifier(51)!, version: version,
      addresses: [.v4(IPv4Address(192, 0, 2, 254))], priority: Priority(priority),
      advertisementInterval: interval, preemption: preemption)
  }

  static func ad(
    _ priority: UInt8, version: ProtocolVersion = .version3,
    interval: AdvertisementInterval? = .standard
  ) -> Advertisement {
    Advertisement(
      version: version, identifier: VirtualRouterIdentifier(51)!, priority: Priority(priority),
      interval: interval!, checksumForm: .message, addressCount: 1)
  }

  static func heard(
    _ priority: UInt8, from source: IPAddress, version: ProtocolVersion = .version3,
    interval: AdvertisementInterval = .standard
  ) -> VirtualRouter.Event {
    .advertisement(ad(priority, version: version, interval: interval), from: source)
  }

  /// A router that entered the state at 10 s.
  static func router(
    _ begin: Begin, version: ProtocolVersion = .version3, preemption: Preemption = .never,
    source: IPAddress = ours
  ) -> VirtualRouter {
    var router = VirtualRouter(settings(version: version, preemption: preemption))
    switch begin {
    case .initialize: break
    case .backup: _ = router.handle(.startup(source: source), at: at(10))
    case .active:
      _ = router.handle(.startup(source: source), at: at(10) - .microseconds(3_609_375))
      _ = router.handle(.timer, at: at(10))
    }
    return router
  }

  static func name(_ state: VirtualRouter.State) -> Begin {
    switch state {
    case .initialize: .initialize
    case .backup: .backup
    case .active: .active
    }
  }

  static func kind(_ event: VirtualRouter.Event) -> String {
    switch event {
    case .startup: "startup"
    case .shutdown: "shutdown"
    case .timer: "timer"
    case .advertisement: "advertisement"
    case .yield: "yield"
    case .lapse: "lapse"
    case .handOver: "handOver"
    case .takeOver: "takeOver"
    case .advertisementsMissed: "advertisementsMissed"
    case .wait: "wait"
    case .priority: "priority"
    case .source: "source"
    case .settings: "settings"
    }
  }
}

extension Instant {
  static func - (instant: Instant, duration: Duration) -> Instant {
    Instant(sinceBoot: instant.sinceBoot - duration)
  }
}
