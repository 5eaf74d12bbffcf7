import Testing
import VRRP

@testable import Failover

private let ours = HardwareAddress(2, 0, 0, 0, 0, 0x0a)
private let ourOther = HardwareAddress(2, 0, 0, 0, 1, 0x0a)
private let peer = HardwareAddress(2, 0, 0, 0, 0, 0x0b)
private let thief = HardwareAddress(2, 0, 0, 0, 0, 0x66)
private let secondAddress = IPAddress.v4(IPv4Address(192, 0, 2, 101))
private let elsewhere = IPAddress.v4(IPv4Address(192, 0, 2, 200))
private let vrid = VirtualRouterIdentifier(51)!

private func identity(_ priority: UInt8 = 100) -> ConflictWatch.Identity {
  ConflictWatch.Identity(
    identifier: vrid, priority: Priority(priority), primary: thisNode, hardware: [ours, ourOther])
}

private func watch(_ addresses: [IPAddress] = [virtualAddress, secondAddress]) -> ConflictWatch {
  ConflictWatch(identity(), addresses: addresses)
}

/// A watch whose addresses have been here since the clock's zero.
private func holder() -> ConflictWatch {
  var watch = watch()
  #expect(watch.handle(.held, at: at(0)) == [])
  return watch
}

private func mark(
  _ priority: UInt8, _ primary: IPAddress = otherNode, vrid number: UInt8 = 51
) -> ClaimMark {
  ClaimMark(
    identifier: VirtualRouterIdentifier(number)!, priority: Priority(priority), primary: primary)
}

private func claim(
  _ hardware: HardwareAddress, _ mark: ClaimMark? = nil, of address: IPAddress = virtualAddress
) -> ConflictWatch.Event {
  .claim(NeighborClaim(address: address, hardware: hardware, kind: .claims, mark: mark))
}

private func probe(
  _ hardware: HardwareAddress, of address: IPAddress = virtualAddress
) -> ConflictWatch.Event {
  .claim(NeighborClaim(address: address, hardware: hardware, kind: .probes))
}

private func conflict(
  _ hardware: HardwareAddress, _ mark: ClaimMark? = nil, of address: IPAddress = virtualAddress,
  from first: Double, to last: Double? = nil, count: UInt64 = 1
) -> AddressConflict {
  AddressConflict(
    address: address, hardware: hardware, mark: mark, firstSeen: at(first),
    lastSeen: at(last ?? first), count: count)
}

extension [ConflictWatch.Effect] {
  /// Without the notices, which have a test of their own.
  fileprivate var deeds: [ConflictWatch.Effect] {
    filter { if case .noticed = $0 { false } else { true } }
  }
}

@Suite("Probing before a claim") struct ConflictProbingTests {
  @Test("Three probes are spread over the time given, and the last has its share to be answered")
  func clear() {
    var watch = watch()
    #expect(watch.handle(.probe(within: .milliseconds(3600)), at: at(5)) == [.probe(0..<2)])
    #expect(watch.nextDeadline == at(6.2))
    #expect(watch.handle(.timer, at: at(6.199)) == [])
    #expect(watch.handle(.timer, at: at(6.2)) == [.probe(0..<2)])
    // Later than due: the others keep their time.
    #expect(watch.nextDeadline == at(7.4))
    #expect(watch.handle(.timer, at: at(7.5)) == [.probe(0..<2)])
    #expect(watch.nextDeadline == at(8.6))
    #expect(watch.isProbing)
    #expect(watch.handle(.timer, at: at(8.6)) == [.probed(.clear)])
    #expect(!watch.isProbing)
    #expect(watch.nextDeadline == nil)
    #expect(watch.obstacle == nil)
    #expect(watch.lastConflict == nil)
  }

  @Test("After a pause the last probe still has half its share to be answered")
  func pause() {
    var watch = watch()
    _ = watch.handle(.probe(within: .seconds(3)), at: at(0))
    _ = watch.handle(.timer, at: at(1))
    #expect(watch.handle(.timer, at: at(10)) == [.probe(0..<2)])
    #expect(watch.nextDeadline == at(10.5))
  }

  @Test("No time at all is 30 ms")
  func noWindow() {
    var watch = watch()
    #expect(watch.handle(.probe(within: .zero), at: at(0)) == [.probe(0..<2)])
    #expect(watch.nextDeadline == at(0.01))
  }

  @Test("Of many addresses the first 16 are probed")
  func many() {
    let many = (0..<1000).map { IPAddress.v4(IPv4Address(number: 0x0a00_0000 + UInt32($0))) }
    var watch = watch(many)
    #expect(watch.handle(.probe(within: .seconds(3)), at: at(0)) == [.probe(0..<16)])
  }

  @Test("An answer is told at the end, since an advertisement may still explain it")
  func inUse() {
    var watch = watch()
    _ = watch.handle(.probe(within: .seconds(3)), at: at(0))
    _ = watch.handle(.timer, at: at(1))
    _ = watch.handle(.timer, at: at(2))
    #expect(watch.handle(claim(peer), at: at(2.001)) == [])
    #expect(watch.handle(claim(peer, mark(150)), at: at(2.002)) == [])
    #expect(watch.lastConflict == nil)
    let found = conflict(peer, mark(150), from: 2.001, to: 2.002, count: 2)
    #expect(
      watch.handle(.timer, at: at(3)) == [.noticed(found), .probed(.inUse(found))])
    #expect(watch.obstacle == found)
    #expect(watch.lastConflict == found)
    #expect(watch.counters.foundInUse == 1)
  }

  @Test("Whoever answers an earlier probe and not the last one has given the addresses up")
  func gaveUp() {
    var watch = watch()
    _ = watch.handle(.probe(within: .seconds(3)), at: at(0))
    _ = watch.handle(claim(peer), at: at(0.001))
    _ = watch.handle(.timer, at: at(1))
    _ = watch.handle(claim(peer), at: at(1.001))
    _ = watch.handle(.timer, at: at(2))
    #expect(watch.handle(.timer, at: at(3)) == [.probed(.clear)])
  }

  @Test("An advertisement ends the probing, whatever was answered: the election decides")
  func overtaken() {
    var watch = watch()
    _ = watch.handle(.probe(within: .seconds(3)), at: at(0))
    _ = watch.handle(claim(peer), at: at(0.001))
    #expect(watch.handle(.advertisementHeard, at: at(0.5)) == [.probed(.overtaken)])
    #expect(watch.nextDeadline == nil)
    #expect(watch.obstacle == nil)
    #expect(watch.lastConflict == nil)
  }

  /// What is no answer.
  @Test(
    "Our own frames, other addresses and the probes of others are no answer",
    arguments: [
      claim(ours), claim(ourOther), claim(ours, mark(100, thisNode)),
      claim(thief, of: elsewhere), probe(peer), probe(ours),
    ])
  fileprivate func noAnswer(_ event: ConflictWatch.Event) {
    var watch = watch()
    _ = watch.handle(.probe(within: .seconds(3)), at: at(0))
    #expect(watch.handle(event, at: at(0.1)) == [])
    for second in 1...2 { _ = watch.handle(.timer, at: at(Double(second))) }
    #expect(watch.handle(.timer, at: at(3)) == [.probed(.clear)])
  }

  @Test("A claim of an address that a reload took away is no answer any more")
  func reload() {
    var watch = watch()
    _ = watch.handle(.probe(within: .seconds(3)), at: at(0))
    _ = watch.handle(claim(thief, of: secondAddress), at: at(0.1))
    #expect(watch.handle(.addresses([virtualAddress]), at: at(0.2)) == [])
    #expect(watch.handle(.timer, at: at(1)) == [.probe(0..<1)])
    _ = watch.handle(.timer, at: at(2))
    #expect(watch.handle(.timer, at: at(3)) == [.probed(.clear)])
  }
}

@Suite("While the addresses are here") struct ConflictHoldingTests {
  @Test("A stranger's claim is answered once in 10 s for each address, and the addresses stay")
  func stranger() {
    var watch = holder()
    #expect(watch.handle(claim(thief), at: at(1)).deeds == [.defend(0)])
    #expect(watch.handle(claim(thief), at: at(1.5)).deeds == [])
    #expect(watch.handle(claim(thief, of: secondAddress), at: at(2)).deeds == [.defend(1)])
    #expect(watch.handle(claim(thief), at: at(10.999)).deeds == [])
    #expect(watch.handle(claim(thief), at: at(11)).deeds == [.defend(0)])
    #expect(watch.nextDeadline == nil)
    #expect(watch.obstacle == nil)
    #expect(watch.lastConflict == conflict(thief, from: 1, to: 11, count: 5))
    #expect(watch.counters.foreignClaims == 5)
    #expect(watch.counters.defences == 3)
  }

  @Test("A node of another virtual router is a stranger, however high its priority")
  func otherVirtualRouter() {
    var watch = holder()
    #expect(watch.handle(claim(peer, mark(254, vrid: 52)), at: at(1)).deeds == [.defend(0)])
    #expect(watch.handle(claim(peer, mark(254, vrid: 52)), at: at(1.2)).deeds == [])
    #expect(watch.nextDeadline == nil)
  }

  @Test("A lower node of ours is answered at once, at most every 100 ms for each address")
  func lower() {
    var watch = holder()
    #expect(watch.handle(claim(peer, mark(99)), at: at(1)).deeds == [.defend(0)])
    #expect(watch.handle(claim(peer, mark(99)), at: at(1.099)).deeds == [])
    #expect(watch.handle(claim(peer, mark(99)), at: at(1.1)).deeds == [.defend(0)])
    #expect(watch.obstacle == nil)
  }

  @Test("100 ms after the last claim of a lower node all is announced again, once in 5 s")
  func lastWord() {
    var watch = holder()
    _ = watch.handle(claim(peer, mark(99)), at: at(1))
    #expect(watch.nextDeadline == at(1.1))
    _ = watch.handle(claim(peer, mark(99)), at: at(1.05))
    #expect(watch.nextDeadline == at(1.15))
    #expect(watch.handle(.timer, at: at(1.149)) == [])
    #expect(watch.handle(.timer, at: at(1.15)) == [.announceAgain])
    #expect(watch.nextDeadline == nil)
    _ = watch.handle(claim(peer, mark(99)), at: at(2))
    #expect(watch.nextDeadline == at(6.15))
    #expect(watch.handle(.timer, at: at(6.15)) == [.announceAgain])
    _ = watch.handle(claim(peer, mark(99)), at: at(20))
    #expect(watch.nextDeadline == at(20.1))
    #expect(watch.handle(.released, at: at(20.05)) == [])
    #expect(watch.nextDeadline == nil)
  }

  /// Priority and primary address of the other; ours are 100 and 192.0.2.1.
  static let better: [(UInt8, IPAddress)] = [
    (101, otherNode), (101, .v4(IPv4Address(192, 0, 2, 0))), (255, otherNode), (100, otherNode),
  ]

  @Test("A node with the higher priority, then the higher primary address, has the better right")
  func yields() {
    for (priority, primary) in Self.better {
      var watch = holder()
      let other = mark(priority, primary)
      #expect(watch.handle(claim(peer, other), at: at(1)).deeds == [])
      #expect(watch.nextDeadline == at(1.02))
      #expect(watch.handle(.timer, at: at(1.019)) == [])
      #expect(watch.handle(.timer, at: at(1.02)) == [.yield(to: primary, peer)])
      #expect(watch.obstacle == conflict(peer, other, from: 1))
      #expect(watch.counters.yields == 1)
    }
  }

  static let worse: [(UInt8, IPAddress)] = [
    (99, otherNode), (0, otherNode), (100, .v4(IPv4Address(192, 0, 2, 0))),
  ]

  @Test("A node with the lower priority, or the lower primary address, does not")
  func keeps() {
    for (priority, primary) in Self.worse {
      var watch = holder()
      #expect(watch.handle(claim(peer, mark(priority, primary)), at: at(1)).deeds == [.defend(0)])
      #expect(watch.handle(.timer, at: at(1.02)) == [])
    }
  }

  @Test("Of two nodes that are equal in everything the lower hardware address yields")
  func equal() {
    var watch = holder()
    let lowest = HardwareAddress(2, 0, 0, 0, 0, 1)
    #expect(watch.handle(claim(lowest, mark(100, thisNode)), at: at(1)).deeds == [.defend(0)])
    // Ours end in 00:0a and 01:0a.
    let highest = HardwareAddress(2, 0, 0, 0, 2, 0)
    _ = watch.handle(claim(highest, mark(100, thisNode)), at: at(2))
    #expect(watch.handle(.timer, at: at(2.02)) == [.yield(to: thisNode, highest)])
  }

  @Test("A node that shares our hardware address is told by its primary address")
  func sharedHardwareAddress() {
    var watch = holder()
    #expect(watch.handle(claim(ours, mark(99)), at: at(1)).deeds == [.defend(0)])
    _ = watch.handle(claim(ours, mark(101)), at: at(2))
    #expect(watch.handle(.timer, at: at(2.02)) == [.yield(to: otherNode, ours)])
  }

  @Test("A better right that an advertisement enforces first is no conflict")
  func deposed() {
    var watch = holder()
    _ = watch.handle(claim(peer, mark(150)), at: at(1))
    #expect(watch.handle(.released, at: at(1.01)) == [])
    #expect(watch.nextDeadline == nil)
    #expect(watch.obstacle == nil)
  }

  @Test("A better right that is gone when the time has come is none")
  func withdrawn() {
    var watch = holder()
    _ = watch.handle(claim(peer, mark(150)), at: at(1))
    #expect(watch.handle(claim(peer, mark(50)), at: at(1.01)).deeds == [.defend(0)])
    #expect(watch.handle(.timer, at: at(1.02)) == [])
    #expect(watch.handle(.timer, at: at(1.11)) == [.announceAgain])
    _ = watch.handle(claim(peer, mark(150)), at: at(2))
    _ = watch.handle(.identity(identity(200)), at: at(2.01))
    #expect(watch.handle(.timer, at: at(2.02)) == [])
    #expect(watch.nextDeadline == nil)
  }

  @Test("More of its claims do not put the yielding off, and a stranger's do not change to whom")
  func notPutOff() {
    var watch = holder()
    _ = watch.handle(claim(peer, mark(150)), at: at(1))
    _ = watch.handle(claim(thief), at: at(1.01))
    _ = watch.handle(claim(peer, mark(151)), at: at(1.015))
    _ = watch.handle(claim(thief), at: at(1.018))
    #expect(watch.handle(.timer, at: at(1.02)) == [.yield(to: otherNode, peer)])
    #expect(watch.obstacle?.hardware == peer)
  }

  @Test("A probe is answered so that the other learns our priority, and is no conflict")
  func probes() {
    var watch = holder()
    #expect(watch.handle(probe(peer), at: at(1)) == [.defend(0)])
    #expect(watch.handle(probe(peer), at: at(1.05)) == [])
    #expect(watch.handle(probe(peer), at: at(1.1)) == [.defend(0)])
    #expect(watch.lastConflict == nil)
    #expect(watch.counters.foreignProbes == 3)
    #expect(watch.counters.foreignClaims == 0)
  }

  @Test("Many addresses together are defended 16 times in 100 ms")
  func burst() {
    let many = (0..<100).map { IPAddress.v4(IPv4Address(number: 0x0a00_0000 + UInt32($0))) }
    var watch = watch(many)
    _ = watch.handle(.held, at: at(0))
    func defences(_ time: Double) -> [ConflictWatch.Effect] {
      many.flatMap { watch.handle(claim(peer, mark(50), of: $0), at: at(time)).deeds }
    }
    #expect(defences(1) == (0..<16).map { .defend($0) })
    #expect(defences(1.05) == [])
    #expect(defences(1.1) == (0..<16).map { .defend($0) })
  }

  @Test(
    "Our own frames and other addresses are no conflict",
    arguments: [
      claim(ours), claim(ourOther), claim(ours, mark(100, thisNode)), probe(ours),
      claim(thief, of: elsewhere), probe(thief, of: elsewhere),
    ])
  fileprivate func none(_ event: ConflictWatch.Event) {
    var watch = holder()
    #expect(watch.handle(event, at: at(1)) == [])
    #expect(watch.lastConflict == nil)
    #expect(watch.counters == ConflictCounters())
  }

  @Test("In its first 50 ms the last frames of the one before are no conflict")
  func settling() {
    var watch = holder()
    #expect(watch.handle(claim(peer, mark(150)), at: at(0.049)) == [])
    #expect(watch.nextDeadline == nil)
    #expect(watch.lastConflict == nil)
    _ = watch.handle(claim(peer, mark(150)), at: at(0.05))
    #expect(watch.nextDeadline == at(0.07))
  }

  @Test("A Backup lets others claim what they like")
  func backup() {
    var watch = watch()
    for event in [claim(peer, mark(255)), claim(thief), probe(thief), .timer, .released] {
      #expect(watch.handle(event, at: at(1)) == [])
    }
    #expect(watch.nextDeadline == nil)
    #expect(watch.lastConflict == nil)
  }

  @Test("A claimant is told of when it is new and after a minute, and no more than one a second")
  func notices() {
    var watch = holder()
    func notices(_ hardware: HardwareAddress, _ time: Double) -> Int {
      watch.handle(claim(hardware), at: at(time)).filter {
        if case .noticed = $0 { true } else { false }
      }.count
    }
    #expect(notices(thief, 1) == 1)
    #expect(notices(thief, 3) == 0)
    #expect(notices(thief, 60.999) == 0)
    #expect(notices(thief, 61) == 1)
    #expect(notices(peer, 61.9) == 0)
    #expect(notices(peer, 62) == 1)
    #expect(watch.lastConflict == conflict(peer, from: 61.9, to: 62, count: 2))
  }

  @Test("A reload changes which address is meant by a place")
  func reload() {
    var watch = holder()
    _ = watch.handle(claim(thief, of: secondAddress), at: at(1))
    #expect(watch.handle(.addresses([secondAddress]), at: at(2)) == [])
    #expect(watch.handle(claim(thief, of: secondAddress), at: at(3)).deeds == [.defend(0)])
    #expect(watch.handle(claim(thief), at: at(4)).deeds == [])
  }
}

@Suite("After a conflict") struct ConflictStandingOutTests {
  /// A watch that yielded to the peer at 1 s.
  private func yielded(_ addresses: [IPAddress] = [virtualAddress, secondAddress]) -> ConflictWatch
  {
    var watch = watch(addresses)
    _ = watch.handle(.held, at: at(0))
    _ = watch.handle(
      claim(peer, mark(150), of: addresses.last ?? virtualAddress), at: at(0.98))
    #expect(watch.handle(.timer, at: at(1)) == [.yield(to: otherNode, peer)])
    // The addresses leave.
    #expect(watch.handle(.released, at: at(1.001)) == [])
    return watch
  }

  @Test("It probes once a second, and three probes that nobody answers clear the way")
  func clears() {
    var watch = yielded()
    #expect(watch.obstacle != nil)
    for second in [2.0, 3, 4] {
      #expect(watch.nextDeadline == at(second))
      #expect(watch.handle(.timer, at: at(second - 0.001)) == [])
      #expect(watch.handle(.timer, at: at(second)) == [.probe(0..<2)])
    }
    #expect(watch.obstacle != nil)
    #expect(watch.handle(.timer, at: at(5)) == [.cleared])
    #expect(watch.obstacle == nil)
    #expect(watch.nextDeadline == nil)
    #expect(watch.lastConflict?.hardware == peer)
  }

  @Test("An answer makes the count begin again and is remembered")
  func answered() {
    var watch = yielded()
    for second in [2.0, 3, 4] { _ = watch.handle(.timer, at: at(second)) }
    #expect(watch.handle(claim(thief, of: secondAddress), at: at(4.5)) == [])
    #expect(watch.obstacle == conflict(thief, of: secondAddress, from: 4.5))
    #expect(watch.lastConflict == watch.obstacle)
    for second in [5.0, 6, 7] {
      #expect(watch.handle(.timer, at: at(second)) == [.probe(0..<2)])
    }
    #expect(watch.handle(.timer, at: at(8)) == [.cleared])
  }

  @Test(
    "The probes of others and our own frames are no answer",
    arguments: [probe(peer), claim(ours), claim(thief, of: elsewhere)])
  fileprivate func noAnswer(_ event: ConflictWatch.Event) {
    var watch = yielded()
    for second in [2.0, 3, 4] {
      _ = watch.handle(.timer, at: at(second))
      #expect(watch.handle(event, at: at(second + 0.5)) == [])
    }
    #expect(watch.handle(.timer, at: at(5)) == [.cleared])
  }

  @Test("An advertisement heard again clears the way: the election decides")
  func heard() {
    var watch = yielded()
    #expect(watch.handle(.advertisementHeard, at: at(1.5)) == [.cleared])
    #expect(watch.obstacle == nil)
  }

  @Test("An address in conflict beyond the first 16 is probed beside them")
  func many() {
    let many = (0..<40).map { IPAddress.v4(IPv4Address(number: 0x0a00_0000 + UInt32($0))) }
    var watch = yielded(many)
    #expect(watch.handle(.timer, at: at(2)) == [.probe(0..<16), .probe(39..<40)])
  }

  @Test("A reload that takes the address away clears the way")
  func reload() {
    var watch = yielded()
    #expect(watch.handle(.addresses([virtualAddress]), at: at(2)) == [.cleared])
  }

  @Test("It does not ask twice when asked to probe, and nothing is left after a stop")
  func stop() {
    var watch = yielded()
    #expect(watch.handle(.probe(within: .seconds(3)), at: at(1.1)) == [])
    #expect(watch.handle(.stop, at: at(1.2)) == [])
    #expect(watch.obstacle == nil)
    #expect(watch.nextDeadline == nil)
    #expect(watch.lastConflict != nil)
    #expect(watch.handle(.probe(within: .seconds(3)), at: at(2)) == [.probe(0..<2)])
  }

  @Test("Two nodes that found each other end with one: the higher defends, the lower yields")
  func pair() {
    var high = ConflictWatch(
      ConflictWatch.Identity(
        identifier: vrid, priority: Priority(150), primary: otherNode, hardware: [peer]),
      addresses: [virtualAddress])
    var low = ConflictWatch(identity(), addresses: [virtualAddress])
    _ = high.handle(.held, at: at(0))
    _ = low.handle(.held, at: at(0.5))
    // The announcements of the one that came later.
    let answer = high.handle(claim(ours, low.identity.mark), at: at(0.55))
    #expect(answer.deeds == [.defend(0)])
    #expect(low.handle(claim(peer, high.identity.mark), at: at(0.551)).deeds == [])
    #expect(low.handle(.timer, at: at(0.571)) == [.yield(to: otherNode, peer)])
    #expect(high.handle(.timer, at: at(0.65)) == [.announceAgain])
    #expect(high.obstacle == nil)
  }
}
