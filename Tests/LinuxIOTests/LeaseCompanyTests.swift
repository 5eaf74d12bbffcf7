import CLab
import CLinux
import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// The programs in front of an interface.
private func programs(_ interfaceIndex: Int32) -> [UInt32] {
  var identifiers = [UInt32](repeating: 0, count: 64)
  let count = clinux_fence_attached(
    Int32(CLINUX_FENCE_IN), UInt32(interfaceIndex), &identifiers, 64)
  return Array(identifiers.prefix(Int(max(0, count))))
}

/// Takes the program of ours away from an interface; false when there is none.
private func detach(_ interfaceIndex: Int32) -> Bool {
  let direction = Int32(CLINUX_FENCE_IN)
  for identifier in programs(interfaceIndex) {
    let number = clinux_fence_program(identifier, direction)
    guard number >= 0 else { continue }
    let program = FileDescriptor(owning: number)
    return clinux_fence_detach(program.number, direction, UInt32(interfaceIndex)) == 0
  }
  return false
}

/// A lease by tables that everybody may change, as before Linux 6.9.
private func plainLease() throws -> Lease {
  Lease(.nftables, refusals: [], table: try TableFence.open(choices: [0]))
}

/// Others who use the same parts of the kernel.
@Suite(.inNamespaces) struct LeaseCompanyTests {
  @Test("What is somebody else's stays when ours is removed", arguments: silencing)
  func others(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      try lab.pair.left.run {
        let other = clinux_lab_passing_program()
        try #require(other >= 0)
        let owned = FileDescriptor(owning: other)
        #expect(
          clinux_fence_attach(
            owned.number, Int32(CLINUX_FENCE_IN), UInt32(lab.interfaceIndex)) == 0)
        let foreign = programs(lab.interfaceIndex)
        #expect(foreign.count == 1)
        try run("nft 'add table netdev other; add table netdev godwits; add table inet godwit-1'")
        let before = try run("nft list ruleset")
        var lease = try Lease.open(mechanism)
        try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
        try lease.fence(lab.identifier(.ipv6), addresses: [virtualIPv6])
        #expect(try run("nft list ruleset") != before || programs(lab.interfaceIndex).count == 2)
        #expect(programs(1).count == (mechanism == .bpf ? 1 : 0))
        lease.removeAll()
        #expect(try run("nft list ruleset") == before)
        #expect(programs(lab.interfaceIndex) == foreign)
        #expect(programs(1) == [])
        #expect(try !Lease.removeLeftovers())
        #expect(try run("nft list ruleset") == before)
        #expect(programs(lab.interfaceIndex) == foreign)
      }
    }
  }

  @Test("The fence of a process that ended is found and removed, whatever it was made by")
  func leftovers() throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      try lab.pair.left.run {
        for mechanism in silencing {
          var lease = try Lease.open(mechanism)
          try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
        }
        var plain = try plainLease()
        try plain.fence(lab.identifier(.ipv6), addresses: [virtualIPv6])
        // The owners are gone, and not by removeAll.
        #expect(try !neighbor.isAnswered(.arp, virtualIPv4))
        #expect(try !neighbor.isAnswered(.solicitation, virtualIPv6))
        let found = try Lease.removeLeftovers()
        #expect(found)
        #expect(try neighbor.isAnswered(.arp, virtualIPv4))
        #expect(try neighbor.isAnswered(.solicitation, virtualIPv6))
        #expect(try !Lease.removeLeftovers())
      }
    }
  }

  @Test("A flush of all tables by somebody else is survived by an owned table")
  func owned() throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(.nftables)
        try lease.fence(identifier, addresses: [virtualIPv4])
        try lease.grant(identifier, until: inTime())
        try run("nft flush ruleset")
        try lease.renew(identifier, until: inTime())
        #expect(try lease.repair() == [])
        #expect(try neighbor.isAnswered(.arp, virtualIPv4))
        try lease.close(identifier)
        #expect(try !neighbor.isAnswered(.arp, virtualIPv4))
      }
    }
  }

  @Test(
    "What somebody else does to a plain table is noticed and repaired",
    arguments: [
      "flush ruleset", "delete table netdev TABLE", "flush table netdev TABLE",
      "flush set netdev TABLE addresses",
      "flush chain netdev TABLE out",
      "insert rule netdev TABLE in accept",
    ])
  func plain(_ damage: String) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      let table = "godwit-\(lab.interfaceIndex)-1-4"
      let command = damage.split(separator: " ").map { $0 == "TABLE" ? table : String($0) }
      try lab.pair.left.run {
        var lease = try plainLease()
        try lease.fence(identifier, addresses: [virtualIPv4])
        try lease.grant(identifier, until: inTime())
        #expect(try lease.repair() == [])
        try run("nft \(command.joined(separator: " "))")
        #expect(try lease.repair() == [identifier])
        #expect(try !neighbor.isAnswered(.arp, virtualIPv4))
        #expect(throws: LeaseError.lapsed) { try lease.renew(identifier, until: inTime()) }
        try lease.grant(identifier, until: inTime())
        #expect(try neighbor.isAnswered(.arp, virtualIPv4))
        #expect(try lease.repair() == [])
      }
    }
  }

  @Test("A renewal tells of a table that is gone")
  func flushed() throws {
    try LeasePair.make { lab in
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try plainLease()
        try lease.fence(identifier, addresses: [virtualIPv4])
        try lease.grant(identifier, until: inTime())
        try run("nft flush ruleset")
        #expect(throws: LeaseError.lapsed) { try lease.renew(identifier, until: inTime()) }
        try lease.close(identifier)
        try lease.unfence(identifier)
      }
    }
  }

  @Test("A program that somebody took away is put back")
  func detached() throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(.bpf)
        try lease.fence(identifier, addresses: [virtualIPv4])
        for index in [lab.interfaceIndex, 1] {
          #expect(detach(index))
          #expect(try lease.repair() == [identifier])
          #expect(try lease.repair() == [])
          #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
          #expect(try !isReachable(virtualIPv4))
          try lease.grant(identifier, until: inTime())
          #expect(try neighbor.isAnswered(.echo4, virtualIPv4))
          try lease.close(identifier)
        }
      }
    }
  }

  @Test("Others who keep nf_tables busy shorten no lease and lengthen none")
  func busy() throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let identifier = lab.identifier(.ipv4)
      let directory = TemporaryDirectory()
      let elements = (0..<60_000).map { "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)" }
      let file = directory.write(
        "table inet busy {\nset s {\ntype ipv4_addr\nelements = { "
          + elements.joined(separator: ", ") + " }\n}\n}\n", to: "busy.nft")
      try lab.pair.left.run {
        var lease = try Lease.open(.nftables)
        try lease.fence(identifier, addresses: [virtualIPv4])
        var until = inTime(.milliseconds(1500))
        try lease.grant(identifier, until: until)
        let load = popen("exec nft -f \(file) 2>&1", "r")
        let end = inTime(.milliseconds(800))
        while Clock.now() < end {
          until = inTime(.milliseconds(1500))
          try lease.renew(identifier, until: until)
          usleep(1000)
        }
        let times = try neighbor.answers(.arp, virtualIPv4, until: until + .milliseconds(100))
        #expect(try #require(times.last) <= until + delivery)
        #expect(try #require(times.last) >= until + .milliseconds(-500))
        if let load { #expect(pclose(load) == 0) }
      }
    }
  }
}
