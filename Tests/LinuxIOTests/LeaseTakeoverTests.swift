import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// What the next run of the daemon does with the fence of the one before it.
@Suite(.inNamespaces) struct LeaseTakeoverTests {
  /// A run that has opened a lease until then, and is gone.
  private func leave(
    _ mechanism: LeaseMechanism, _ identifier: LeaseIdentifier, _ address: IPAddress,
    until end: Instant
  ) throws {
    var lease = try Lease.open(mechanism)
    try lease.fence(identifier, addresses: [address])
    try lease.grant(identifier, until: end)
  }

  @Test(
    "A fence that begins with the lease of the one before it answers on, until it is closed",
    arguments: silencing, AddressFamily.allCases)
  func takeover(_ mechanism: LeaseMechanism, _ family: AddressFamily) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let question: Question = family == .ipv4 ? .echo4 : .echo6
      let address = virtualAddress(family)
      let identifier = lab.identifier(family)
      try lab.pair.left.run {
        let end = inTime()
        try leave(mechanism, identifier, address, until: end)
        #expect(try Lease.hasLeftovers())
        var lease = try Lease.open(mechanism)
        let left = try #require(try Lease.leftover(identifier, addresses: [address]))
        // nf_tables ends 2 % early.
        #expect(left <= end && left >= end + .seconds(-2))
        try lease.fence(identifier, addresses: [address], until: left)
        #expect(try neighbor.isAnswered(question, address))
        try lease.removeOthers()
        #expect(try neighbor.isAnswered(question, address))
        try lease.renew(identifier, until: inTime())
        #expect(try neighbor.isAnswered(question, address))
        try lease.close(identifier)
        #expect(try !neighbor.isAnswered(question, address))
        try lease.unfence(identifier)
        #expect(try neighbor.isAnswered(question, address))
        #expect(try !Lease.hasLeftovers())
      }
    }
  }

  @Test("An address whose lease has ended stays silent in between", arguments: silencing)
  func ended(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        let end = inTime(.milliseconds(800))
        try leave(mechanism, identifier, virtualIPv4, until: end)
        _ = try neighbor.answers(.echo4, virtualIPv4, until: end + delivery)
        #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
        var lease = try Lease.open(mechanism)
        let left = try Lease.leftover(identifier, addresses: [virtualIPv4])
        #expect(left.map { $0 <= end } ?? true)
        try lease.fence(identifier, addresses: [virtualIPv4], until: left)
        try lease.removeOthers()
        #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
        try lease.grant(identifier, until: inTime())
        #expect(try neighbor.isAnswered(.echo4, virtualIPv4))
      }
    }
  }

  @Test(
    "What one mechanism has left is taken over by the other",
    arguments: zip(silencing, silencing.reversed()))
  func other(_ old: LeaseMechanism, _ new: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        try leave(old, identifier, virtualIPv4, until: inTime())
        var lease = try Lease.open(new)
        let left = try #require(try Lease.leftover(identifier, addresses: [virtualIPv4]))
        try lease.fence(identifier, addresses: [virtualIPv4], until: left)
        try lease.removeOthers()
        #expect(try neighbor.isAnswered(.echo4, virtualIPv4))
        try lease.close(identifier)
        #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
      }
    }
  }

  @Test("Fences that are to stay outlast the removal of all others", arguments: silencing)
  func kept(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let (kept, gone) = (lab.identifier(.ipv4), lab.identifier(.ipv6))
      try lab.pair.left.run {
        let end = inTime(.milliseconds(1500))
        do {
          var lease = try Lease.open(mechanism)
          try lease.fence(kept, addresses: [virtualIPv4], until: end)
          try lease.fence(gone, addresses: [virtualIPv6])
          #expect(try !neighbor.isAnswered(.echo6, virtualIPv6))
          lease.removeAll(except: [kept])
        }
        #expect(try neighbor.isAnswered(.echo6, virtualIPv6))
        let times = try neighbor.answers(.echo4, virtualIPv4, until: end + .milliseconds(200))
        let last = try #require(times.last)
        #expect(last <= end + delivery)
        #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
        #expect(try Lease.removeLeftovers())
      }
    }
  }
}
