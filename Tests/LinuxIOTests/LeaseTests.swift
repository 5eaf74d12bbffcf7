import Glibc
import Testing
import VRRP

@testable import LinuxIO

@Suite(.inNamespaces) struct LeaseTests {
  @Test(
    "A fenced address is answered for while its lease runs, and not before, between and after",
    arguments: silencing, Question.allCases)
  func life(_ mechanism: LeaseMechanism, _ question: Question) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let address = virtualAddress(question.family)
      let identifier = lab.identifier(question.family)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        #expect(lease.mechanism == mechanism)
        #expect(try neighbor.isAnswered(question, address))
        try lease.fence(identifier, addresses: [address])
        #expect(try !neighbor.isAnswered(question, address))
        try lease.grant(identifier, until: inTime())
        #expect(try neighbor.isAnswered(question, address))
        try lease.renew(identifier, until: inTime())
        #expect(try neighbor.isAnswered(question, address))
        try lease.close(identifier)
        #expect(try !neighbor.isAnswered(question, address))
        #expect(throws: LeaseError.lapsed) { try lease.renew(identifier, until: inTime()) }
        #expect(try !neighbor.isAnswered(question, address))
        try lease.close(identifier)
        try lease.grant(identifier, until: inTime())
        #expect(try neighbor.isAnswered(question, address))
        try lease.grant(identifier, until: inTime(.seconds(120)))
        #expect(try neighbor.isAnswered(question, address))
        try lease.close(identifier)
        try lease.unfence(identifier)
        #expect(try neighbor.isAnswered(question, address))
      }
    }
  }

  @Test(
    "No answer leaves after a lease has ended, and a late renewal does not revive it",
    arguments: silencing, Question.allCases)
  func end(_ mechanism: LeaseMechanism, _ question: Question) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let address = virtualAddress(question.family)
      let identifier = lab.identifier(question.family)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(identifier, addresses: [address])
        let until = inTime(.milliseconds(1000))
        try lease.grant(identifier, until: until)
        let times = try neighbor.answers(question, address, until: until + .milliseconds(200))
        let last = try #require(times.last)
        #expect(last <= until + delivery)
        #expect(last >= until + .milliseconds(-500), "it ended \(until - last) early")
        #expect(throws: LeaseError.lapsed) { try lease.renew(identifier, until: inTime()) }
        #expect(try !neighbor.isAnswered(question, address))
      }
    }
  }

  @Test(
    "The lease of a process that is killed ends in time, and its fence stays", arguments: silencing,
    AddressFamily.allCases)
  func killed(_ mechanism: LeaseMechanism, _ family: AddressFamily) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let question: Question = family == .ipv4 ? .echo4 : .echo6
      let address = virtualAddress(family)
      var holder = try Holder(lab, mechanism, milliseconds: 400, address)
      // It has what it asked for before when it asks again.
      try holder.awaitRequest()
      for _ in 1...4 {
        try holder.awaitRequest()
        #expect(try neighbor.isAnswered(question, address))
      }
      let until = try holder.kill()
      let times = try neighbor.answers(question, address, until: until + .milliseconds(200))
      #expect(try #require(times.last) <= until + delivery)
      #expect(try !neighbor.isAnswered(question, address))

      try lab.pair.left.run {
        let found = try Lease.removeLeftovers()
        #expect(found)
        #expect(try neighbor.isAnswered(question, address))
        #expect(try !Lease.removeLeftovers())
      }
    }
  }

  @Test("A renewal in time moves the end, to and fro", arguments: silencing)
  func renewal(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(identifier, addresses: [virtualIPv4])
        let first = inTime(.milliseconds(500))
        try lease.grant(identifier, until: first)
        try lease.renew(identifier, until: inTime())
        #expect(becomesTrue { Clock.now() > first })
        #expect(try neighbor.isAnswered(.arp, virtualIPv4))
        let second = inTime(.milliseconds(200))
        try lease.renew(identifier, until: second)
        let last = try neighbor.answers(.arp, virtualIPv4, until: second + .milliseconds(100)).last
        #expect(try #require(last) <= second + delivery)
        #expect(try !neighbor.isAnswered(.arp, virtualIPv4))
      }
    }
  }

  @Test(
    "A list that changes under a lease that runs is answered for all along", arguments: silencing)
  func change(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      try lab.pair.left.ip("addr add 10.0.0.101/32 dev eth0")
      let other = IPAddress.v4(IPv4Address(10, 0, 0, 101))
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(identifier, addresses: [virtualIPv4])
        try lease.grant(identifier, until: inTime())
        try lease.fence(identifier, addresses: [other, virtualIPv4])
        for address in [virtualIPv4, other] {
          #expect(try neighbor.isAnswered(.arp, address))
          #expect(try neighbor.isAnswered(.echo4, address))
        }
        try lease.fence(identifier, addresses: [virtualIPv4, other])
        try lease.renew(identifier, until: inTime())
        try lease.fence(identifier, addresses: [other])
        #expect(try neighbor.isAnswered(.arp, other))
        try lease.close(identifier)
        #expect(try !neighbor.isAnswered(.arp, other))
        // No longer fenced.
        #expect(try neighbor.isAnswered(.arp, virtualIPv4))
        try lease.fence(identifier, addresses: [])
        #expect(try neighbor.isAnswered(.arp, other))
      }
    }
  }

  @Test(
    "A list of the most addresses that an advertisement has is fenced", arguments: silencing,
    AddressFamily.allCases)
  func many(_ mechanism: LeaseMechanism, _ family: AddressFamily) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let address = virtualAddress(family)
      let others: [IPAddress] = (1...254).map { number in
        family == .ipv4
          ? .v4(IPv4Address(10, 9, 0, UInt8(number)))
          : .v6(IPv6Address(high: 0xfd09_0000_0000_0000, low: UInt64(number)))
      }
      let identifier = lab.identifier(family)
      let question: Question = family == .ipv4 ? .arp : .solicitation
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(identifier, addresses: others + [address])
        #expect(try !neighbor.isAnswered(question, address))
        #expect(try lease.repair() == [])
        try lease.grant(identifier, until: inTime())
        #expect(try neighbor.isAnswered(question, address))
        lease.removeAll()
        #expect(try neighbor.isAnswered(question, address))
      }
    }
  }

  @Test("What cannot be is refused with its reason", arguments: silencing)
  func refused(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        #expect(throws: SystemError("lease", ENOENT)) {
          try lease.grant(identifier, until: inTime())
        }
        #expect(throws: LeaseError.lapsed) { try lease.renew(identifier, until: inTime()) }
        try lease.close(identifier)
        try lease.unfence(identifier)
        let nowhere = LeaseIdentifier(interfaceIndex: 99, virtualRouter: 1, family: .ipv4)
        let error = #expect(throws: SystemError.self) {
          try lease.fence(nowhere, addresses: [virtualIPv4])
        }
        #expect(error?.code == ENODEV)
        #expect(throws: SystemError("lease", ENOENT)) {
          try lease.grant(nowhere, until: inTime())
        }
        try lease.unfence(nowhere)
        try lease.fence(identifier, addresses: [virtualIPv4])
        // The kernel may round down to no end at all what is shorter than its ticks.
        let nearest = mechanism == .nftables ? 25 : 0
        for milliseconds in [-100_000_000_000, -1, nearest] {
          #expect(throws: SystemError("lease", ETIME)) {
            try lease.grant(identifier, until: inTime(.milliseconds(milliseconds)))
          }
          #expect(try !neighbor.isAnswered(.arp, virtualIPv4))
        }
      }
    }
  }

  @Test("A lease that is too short to be counted has an end all the same", arguments: silencing)
  func tiny(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(identifier, addresses: [virtualIPv4])
        for milliseconds in [1, 3, 7, 11, 15, 26, 30, 40] {
          let until = inTime(.milliseconds(milliseconds))
          try? lease.grant(identifier, until: until)
          let times = try neighbor.answers(.arp, virtualIPv4, until: until + .milliseconds(50))
          #expect(times.allSatisfy { $0 <= until + delivery }, "\(milliseconds) ms")
          #expect(try !neighbor.isAnswered(.arp, virtualIPv4))
        }
      }
    }
  }

  @Test("A fence without its interface is taken away without an error", arguments: silencing)
  func gone(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(identifier, addresses: [virtualIPv4])
        try lease.grant(identifier, until: inTime())
        try lab.pair.left.ip("link del eth0")
        #expect(try lease.repair() == [])
        try lease.close(identifier)
        try lease.unfence(identifier)
        #expect(try !Lease.removeLeftovers())
      }
    }
  }
}
