import CLinux
import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// An ARP packet out of the left host: a request for 10.0.0.100 from 02:00:00:00:00:0a.
private func request(from sender: [UInt8]) -> [UInt8] {
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x0a, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]
    + [2, 0, 0, 0, 0, 0x0a] + sender + [0, 0, 0, 0, 0, 0] + [10, 0, 0, 100]
}

/// Who else is there: this host's own processes, its other addresses, other hosts and VLANs.
@Suite(.inNamespaces) struct LeaseNeighborhoodTests {
  @Test(
    "The processes of this host reach the address over lo while the lease runs",
    arguments: silencing, AddressFamily.allCases)
  func loopback(_ mechanism: LeaseMechanism, _ family: AddressFamily) throws {
    try LeasePair.make { lab in
      let address = virtualAddress(family)
      let identifier = lab.identifier(family)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        #expect(try isReachable(address))
        try lease.fence(identifier, addresses: [address])
        #expect(try !isReachable(address))
        try lease.grant(identifier, until: inTime())
        #expect(try isReachable(address))
        try lease.close(identifier)
        #expect(try !isReachable(address))
        lease.removeAll()
        #expect(try isReachable(address))
      }
    }
  }

  @Test(
    "A link-local address that two interfaces share is fenced on each by its own lease",
    arguments: silencing)
  func shared(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      let address = IPAddress.v6(IPv6Address(high: 0xfe80_0000_0000_0000, low: 0x100))
      try lab.pair.left.ip("addr add fe80::100/64 dev eth0 nodad")
      try lab.pair.left.ip("link add eth1 type veth peer name eth2")
      let other = LeaseIdentifier(
        interfaceIndex: try lab.pair.left.index(of: "eth1"), virtualRouter: 1, family: .ipv6)
      let identifier = lab.identifier(.ipv6)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(identifier, addresses: [address])
        try lease.fence(other, addresses: [address])
        try lease.grant(other, until: inTime())
        #expect(try !neighbor.isAnswered(.solicitation, address))
        try lease.grant(identifier, until: inTime())
        try lease.close(other)
        #expect(try neighbor.isAnswered(.solicitation, address))
        // Nothing in a frame on `lo` tells which of the interfaces is meant.
        #expect(try isReachable(address, scope: lab.interfaceIndex))
        try lease.close(identifier)
        #expect(try isReachable(address, scope: lab.interfaceIndex))
        #expect(try lease.repair() == [])
      }
    }
  }

  @Test("Two virtual routers of an interface do not touch each other", arguments: silencing)
  func two(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      try lab.pair.left.ip("addr add 10.0.0.101/32 dev eth0")
      let second = IPAddress.v4(IPv4Address(10, 0, 0, 101))
      let other = LeaseIdentifier(
        interfaceIndex: lab.interfaceIndex, virtualRouter: 2, family: .ipv4)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
        try lease.fence(other, addresses: [second])
        try lease.grant(other, until: inTime())
        #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
        #expect(try neighbor.isAnswered(.echo4, second))
        try lease.unfence(lab.identifier(.ipv4))
        #expect(try neighbor.isAnswered(.echo4, virtualIPv4))
        try lease.close(other)
        #expect(try !neighbor.isAnswered(.echo4, second))
      }
    }
  }

  @Test(
    "A probe leaves a fenced host, and an announcement does not", arguments: silencing)
  func probe(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      let announcer = try lab.pair.left.run { try Announcer.open() }
      let listener = try lab.pair.right.listen(etherType: 0x0806)
      let probe = request(from: [0, 0, 0, 0])
      let announcement = request(from: [10, 0, 0, 100])
      /// What arrives of an announcement and the probe behind it.
      func arrivals() throws -> Set<[UInt8]> {
        for frame in [announcement, probe] {
          _ = try announcer.send(frame, frameLength: 42, interfaceIndex: lab.interfaceIndex)
        }
        var frames: Set<[UInt8]> = []
        while let frame = nextFrame(listener, where: { $0[11] == 0x0a }) {
          frames.insert(frame)
          if frames.count == 2 { break }
          let isLast = !becomesReadable(listener.number, milliseconds: Neighbor.patience)
          if frame == probe, isLast { break }
        }
        return frames
      }
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        #expect(try arrivals() == [announcement, probe])
        try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
        #expect(try arrivals() == [probe])
        try lease.grant(lab.identifier(.ipv4), until: inTime())
        #expect(try arrivals() == [announcement, probe])
      }
    }
  }

  @Test(
    "A fenced host hears the answer to its probe, and who has the address now", arguments: silencing
  )
  func heard(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      let neighbor = try Neighbor(lab.pair)
      // Hears what has passed the fence.
      let listener = try lab.pair.left.listen(etherType: 0x0806)
      let answer = request(from: [10, 0, 0, 100]).dropLast(4) + [0, 0, 0, 0]
      let announcement = request(from: [10, 0, 0, 100])
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
        for frame in [Array(answer), announcement] { try neighbor.send(frame) }
      }
      let heard = (1...2).map { _ in nextFrame(listener) { $0[11] == 0x0a } }
      #expect(Set(heard) == [Array(answer), announcement])
    }
  }

  @Test("A silenced node learns who has the address now", arguments: silencing)
  func newHolder(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      let neighbor = try Neighbor(lab.pair)
      let left = lab.pair.left
      try left.ip("addr del 10.0.0.100/32 dev eth0")
      try left.ip("neigh add 10.0.0.100 lladdr 02:00:00:00:00:99 nud reachable dev eth0")
      try left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
      }
      try neighbor.send(request(from: [10, 0, 0, 100]))
      #expect(
        becomesTrue {
          (try? left.ip("neigh show 10.0.0.100").contains("02:00:00:00:00:0a")) == true
        })
    }
  }

  @Test("A VLAN's frames are left to its own interface", arguments: silencing)
  func tagged(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
        // Counts what has passed the fence.
        try run(
          "nft 'add table netdev t; add chain netdev t c { type filter hook ingress device eth0 "
            + "priority 0; }; add rule netdev t c vlan id 5 counter'")
        let plain = neighbor.frame(.echo4, virtualIPv4)
        try neighbor.send(plain[..<12] + [0x81, 0, 0, 5] + plain[12...])
        #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
        #expect(try run("nft list ruleset").contains("counter packets 1 "))
      }
    }
  }

  @Test("A frame with a priority but no VLAN is the interface's own", arguments: silencing)
  func prioritized(_ mechanism: LeaseMechanism) throws {
    try LeasePair.make { lab in
      var neighbor = try Neighbor(lab.pair)
      // Hears what has passed the fence.
      let listener = try lab.pair.left.listen(etherType: 0x0800)
      func isForAddress(_ frame: [UInt8]) -> Bool {
        frame.count >= 34 && frame[30..<34] == [10, 0, 0, 100]
      }
      try lab.pair.left.run {
        var lease = try Lease.open(mechanism)
        let plain = neighbor.frame(.echo4, virtualIPv4)
        let tagged = plain[..<12] + [0x81, 0, 0xe0, 0] + plain[12...]
        try neighbor.send(Array(tagged))
        #expect(nextFrame(listener, where: isForAddress) != nil)
        try lease.fence(lab.identifier(.ipv4), addresses: [virtualIPv4])
        try neighbor.send(Array(tagged))
        // The question behind it has arrived.
        #expect(try !neighbor.isAnswered(.echo4, virtualIPv4))
        var isHeard = false
        while becomesReadable(listener.number, milliseconds: 0) {
          if let frame = nextFrame(listener, where: { _ in true }), isForAddress(frame) {
            isHeard = true
          }
        }
        #expect(!isHeard)
      }
    }
  }
}
