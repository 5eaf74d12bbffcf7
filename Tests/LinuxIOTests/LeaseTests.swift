import CLinux
import Foundation
import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// The left node has 10.0.0.100 and fd00::100 as virtual addresses; the right one asks for them.
private struct Fenced {
  let pair: NamespacePair
  let index: Int32
  static let four = IPAddress.v4(IPv4Address(10, 0, 0, 100))
  static let six = IPAddress.v6(IPv6Address(high: 0xfd00_0000_0000_0000, low: 0x100))

  var ipv4: LeaseIdentifier {
    LeaseIdentifier(interfaceIndex: index, virtualRouter: 51, family: .ipv4)
  }
  var ipv6: LeaseIdentifier {
    LeaseIdentifier(interfaceIndex: index, virtualRouter: 51, family: .ipv6)
  }

  static func make(_ body: (Fenced) throws -> Void) throws {
    try NamespacePair.make { pair in
      try pair.left.ip("addr add 10.0.0.100/32 dev eth0")
      try pair.left.ip("addr add fd00::100/128 dev eth0 nodad")
      try body(Fenced(pair: pair, index: try pair.left.index()))
    }
  }

  func open(_ mechanism: LeaseMechanism) throws -> Lease {
    try pair.left.run {
      var lease = try Lease.open(mechanism)
      try lease.fence(ipv4, addresses: [Self.four])
      try lease.fence(ipv6, addresses: [Self.six])
      return lease
    }
  }

  /// Whether the right node gets an answer from an address of the left one that it has to look up
  /// first; without that only whether one it knows already is silent.
  func answers(_ address: String, from namespace: Namespace? = nil) -> Bool {
    let namespace = namespace ?? pair.right
    _ = try? namespace.ip("neigh flush dev eth0")
    let command = "ip netns exec \(namespace.name) ping -n -c 1 -i 0.2 -W 0.3 \(address)"
    return (try? run(command)) != nil
  }

  var answering: [String] {
    ["10.0.0.100", "fd00::100"].filter { answers($0) }
  }
}

private let enforced: [LeaseMechanism] = [.bpf, .nftables]
private let both = ["10.0.0.100", "fd00::100"]

private func soon(_ seconds: Double) -> Instant { Clock.now() + .seconds(seconds) }

@Suite(.inNamespaces, .serialized) struct LeaseTests {
  @Test("Fenced addresses answer while the lease runs, and not before", arguments: enforced)
  func grant(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(mechanism)
      #expect(fenced.answering == [])
      try lease.grant(fenced.ipv4, until: soon(60))
      try lease.grant(fenced.ipv6, until: soon(60))
      #expect(fenced.answering == both)
      try lease.close(fenced.ipv4)
      #expect(fenced.answering == ["fd00::100"])
      try lease.close(fenced.ipv6)
      #expect(fenced.answering == [])
      try lease.unfence(fenced.ipv4)
      #expect(fenced.answering == ["10.0.0.100"])
      lease.removeAll()
      #expect(fenced.answering == both)
    }
  }

  @Test("A lease ends at its time, and a late renewal does not revive it", arguments: enforced)
  func lapse(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(mechanism)
      try lease.grant(fenced.ipv4, until: soon(0.2))
      while Clock.now() < soon(0) + .zero, fenced.answers("10.0.0.100") {}
      let end = soon(2)
      while fenced.answers("10.0.0.100"), Clock.now() < end {}
      #expect(!fenced.answers("10.0.0.100"))
      #expect(throws: LeaseError.lapsed) { try lease.renew(fenced.ipv4, until: soon(60)) }
      #expect(!fenced.answers("10.0.0.100"))
      try lease.grant(fenced.ipv4, until: soon(60))
      #expect(fenced.answers("10.0.0.100"))
      lease.removeAll()
    }
  }

  @Test("A renewal in time moves the end, to and fro", arguments: enforced)
  func renew(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(mechanism)
      try lease.grant(fenced.ipv4, until: soon(1))
      try lease.renew(fenced.ipv4, until: soon(60))
      let passed = soon(1.1)
      while Clock.now() < passed { #expect(fenced.answers("10.0.0.100")) }
      #expect(fenced.answers("10.0.0.100"))
      try lease.renew(fenced.ipv4, until: soon(0.1))
      let end = soon(2)
      while fenced.answers("10.0.0.100"), Clock.now() < end {}
      #expect(!fenced.answers("10.0.0.100"))
      lease.removeAll()
    }
  }

  @Test("Other addresses of the host never notice", arguments: enforced)
  func others(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(mechanism)
      #expect(fenced.answers("10.0.0.1") && fenced.answers("fd00::1"))
      #expect(fenced.answers("10.0.0.2", from: fenced.pair.left))
      #expect(fenced.answers("10.0.0.1", from: fenced.pair.left))
      lease.removeAll()
    }
  }

  @Test("A program on the silenced node does not reach the address either", arguments: enforced)
  func loopback(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(mechanism)
      #expect(!fenced.answers("10.0.0.100", from: fenced.pair.left))
      try lease.grant(fenced.ipv4, until: soon(60))
      #expect(fenced.answers("10.0.0.100", from: fenced.pair.left))
      lease.removeAll()
    }
  }

  @Test("A silenced node still hears who has the address now", arguments: enforced)
  func hearsNewHolder(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      let left = fenced.pair.left
      var lease = try fenced.open(mechanism)
      try left.ip("addr del 10.0.0.100/32 dev eth0")
      try left.ip("neigh add 10.0.0.100 lladdr 02:00:00:00:00:99 nud reachable dev eth0")
      let hardware = HardwareAddress(2, 0, 0, 0, 0, 0x55)
      var frame: [UInt8] = []
      GratuitousARP(.request, hardwareAddress: hardware, address: IPv4Address(10, 0, 0, 100))
        .append(to: &frame)
      let right = try fenced.pair.right.index()
      let sent = try fenced.pair.right.run {
        try Announcer.open().send(frame, frameLength: 42, interfaceIndex: right)
      }
      #expect(sent == 1)
      let end = soon(2)
      while try !left.ip("neigh show 10.0.0.100").contains("02:00:00:00:00:55"),
        Clock.now() < end
      {}
      #expect(try left.ip("neigh show 10.0.0.100").contains("02:00:00:00:00:55"))
      lease.removeAll()
    }
  }

  @Test("A list that changes under a running lease goes on answering", arguments: enforced)
  func change(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      try fenced.pair.left.ip("addr add 10.0.0.101/32 dev eth0")
      var lease = try fenced.open(mechanism)
      try lease.grant(fenced.ipv4, until: soon(60))
      let more = IPAddress.v4(IPv4Address(10, 0, 0, 101))
      try lease.fence(fenced.ipv4, addresses: [Fenced.four, more])
      #expect(fenced.answers("10.0.0.100") && fenced.answers("10.0.0.101"))
      try lease.close(fenced.ipv4)
      #expect(!fenced.answers("10.0.0.100") && !fenced.answers("10.0.0.101"))
      try lease.fence(fenced.ipv4, addresses: [more])
      #expect(fenced.answers("10.0.0.100") && !fenced.answers("10.0.0.101"))
      lease.removeAll()
    }
  }

  @Test("What is gone with its owner stays in the kernel until it is removed", arguments: enforced)
  func outlives(_ mechanism: LeaseMechanism) throws {
    try Fenced.make { fenced in
      do { _ = try fenced.open(mechanism) }
      #expect(fenced.answering == [])
      #expect(try fenced.pair.left.run { try Lease.removeLeftovers() })
      #expect(fenced.answering == both)
      #expect(try !fenced.pair.left.run { try Lease.removeLeftovers() })
    }
  }

  @Test("What somebody else removes is noticed and put back")
  func flush() throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(.nftables)
      let name = fenced.pair.left.name
      _ = try? run("ip netns exec \(name) nft flush ruleset")
      #expect(try lease.repair() == [])
      #expect(fenced.answering == [])
      lease.removeAll()
      let tables = try run("ip netns exec \(name) nft list tables")
      #expect(!tables.contains("godwit"))
    }
  }

  @Test("A program that somebody detached is attached again")
  func detached() throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(.bpf)
      // What an earlier run left behind is found by its name, and so is this.
      #expect(try fenced.pair.left.run { try Lease.removeLeftovers() })
      #expect(fenced.answering == both)
      let rebuilt = try fenced.pair.left.run { try lease.repair() }
      #expect(Set(rebuilt) == [fenced.ipv4, fenced.ipv6])
      #expect(fenced.answering == [])
      lease.removeAll()
    }
  }

  @Test("Tables and programs of others are left alone")
  func strangers() throws {
    try Fenced.make { fenced in
      let name = fenced.pair.left.name
      try run("ip netns exec \(name) nft add table netdev stranger")
      var lease = try fenced.open(.nftables)
      lease.removeAll()
      _ = try fenced.pair.left.run { try Lease.removeLeftovers() }
      #expect(try run("ip netns exec \(name) nft list tables") == "table netdev stranger\n")
    }
  }

  @Test("Without a lease in the kernel nothing is changed")
  func addressLifetime() throws {
    try Fenced.make { fenced in
      var lease = try fenced.open(.addressLifetime)
      #expect(fenced.answering == both)
      try lease.close(fenced.ipv4)
      #expect(fenced.answering == both)
      #expect(lease.mechanism == .addressLifetime)
    }
  }
}
