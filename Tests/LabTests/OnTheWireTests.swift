import Foundation
import Lab
import Testing

/// What a node puts on the wire, and what it leaves out, as another host on the segment sees it.
@Suite("On the wire", .requiresGodwit, .serialized)
struct OnTheWireTests {
  static let address = "10.77.0.100"
  static let address6 = "fd77::100"

  @Test("while promote runs a node advertises and is silent about the address; then both ARP forms")
  func gateOnTheWire() throws {
    let lab = try Lab.make(nodes: ["a", "client"])
    defer { lab.remove() }
    let gate = "\(lab.directory)/open"
    var configuration = Self.configuration(["\(Self.address)/24"])
    let hook = "\(lab.directory)/gate"
    try """
    #!/bin/sh
    [ "$1" = promote ] || exit 0
    until [ -e \(gate) ]; do sleep 0.01; done
    """.write(toFile: hook, atomically: true, encoding: .utf8)
    configuration.hooks = [["/bin/sh", hook]]
    let node = try lab.godwit(on: "a", configuration)
    let sniffer = try lab.sniffer(on: "client")
    try node.start()
    for count in 1...10 {
      _ = try sniffer.wait(for: "advertisement \(count)") { $0.vrrp?.identifier == 51 }
    }
    #expect(try node.router().state == "claiming")
    #expect(try lab.holds("a", Self.address) == false)
    #expect(sniffer.frames.allSatisfy { $0.arp?.sender != Self.address })

    try Data().write(to: URL(filePath: gate))
    let hardware = lab.hardwareAddress(of: "a")
    let first = try sniffer.wait(for: "an announcement") { $0.arp?.sender == Self.address }
    // Announced only once it can be answered for.
    #expect(try lab.holds("a", Self.address))
    #expect(first.destination == "ff:ff:ff:ff:ff:ff")
    _ = try sniffer.wait(for: "a round of the burst") { $0.arp?.sender == Self.address }
    let announcements = sniffer.frames.compactMap(\.arp).filter { $0.sender == Self.address }
    #expect(Set(announcements.map(\.operation)) == [1, 2])
    #expect(announcements.allSatisfy { $0.target == Self.address })
    #expect(announcements.allSatisfy { $0.senderHardware == hardware })
    #expect(announcements.allSatisfy { $0.targetHardware == hardware })
    // Before the first claim it probed, naming no address of its own (RFC 5227 section 2.1.1).
    let probes = sniffer.frames.compactMap(\.arp).filter {
      $0.target == Self.address && $0.sender != Self.address
    }
    #expect(probes.count == 3)
    #expect(probes.allSatisfy { $0.sender == "0.0.0.0" && $0.operation == 1 })
    let advertisement = try #require(sniffer.frames.compactMap(\.vrrp).first)
    #expect(advertisement.source == "10.77.0.1")
    #expect(advertisement.destination == "224.0.0.18")
    #expect(advertisement.hopLimit == 255)
  }

  @Test("over IPv6 each address is advertised by a Neighbor Advertisement with R, O and without S")
  func neighborAdvertisements() throws {
    let lab = try Lab.make(nodes: ["a", "client"])
    defer { lab.remove() }
    let node = try lab.godwit(on: "a", Self.configuration(["\(Self.address6)/64"]))
    let sniffer = try lab.sniffer(on: "client")
    try node.start()
    let advertisement = try sniffer.wait(for: "an advertisement") { $0.vrrp?.identifier == 51 }
    #expect(advertisement.vrrp?.source == lab.linkLocalAddress(of: "a"))
    #expect(advertisement.vrrp?.destination == "ff02::12")
    #expect(advertisement.vrrp?.hopLimit == 255)
    // The link-local address that is derived from VRID 51, then the configured one.
    for target in ["fe80::5e00:233", Self.address6] {
      let frame = try sniffer.wait(for: "an announcement of \(target)") {
        $0.neighbour?.type == 136 && $0.neighbour?.target == target
          && $0.neighbour?.destination == "ff02::1"
      }
      #expect(frame.neighbour.map { $0.flags & 0xe0 } == 0xa0)
      #expect(frame.neighbour?.source == target)
    }
    #expect(try lab.holds("a", Self.address6))
  }

  @Test(
    "a Backup answers neither ARP nor Neighbor Solicitation nor packets, the Active all of them")
  func whoAnswers() throws {
    let lab = try Lab.make(nodes: ["a", "b", "client"])
    defer { lab.remove() }
    for addresses in [["\(Self.address)/24"], ["\(Self.address6)/64"]] {
      var active = Self.configuration(addresses)
      active.priority = 150
      let first = try lab.godwit(on: "a", active)
      let second = try lab.godwit(on: "b", Self.configuration(addresses))
      try first.start()
      try second.start()
      try first.wait(for: "active")
      try second.wait(for: "backup")
      let sniffer = try lab.sniffer(on: "client")
      let target = addresses[0].hasPrefix("f") ? Self.address6 : Self.address
      let ping = try lab.run(
        ["/usr/bin/env", "ping", "-c", "2", "-i", "0.2", "-W", "2", target], in: "client")
      #expect(ping.status == 0, "\(ping)")
      let answers = sniffer.frames.filter {
        $0.arp?.sender == target && $0.arp?.operation == 2 && $0.destination != "ff:ff:ff:ff:ff:ff"
          || $0.neighbour?.type == 136 && $0.neighbour?.target == target
            && $0.neighbour?.destination != "ff02::1"
      }
      #expect(!answers.isEmpty)
      #expect(answers.allSatisfy { $0.source == lab.hardwareAddress(of: "a") })
      // Straight to the Backup's hardware: it is not the host's address, so nothing answers.
      _ = try lab.run(
        [
          "/usr/bin/env", "ip", "neigh", "replace", target, "lladdr", lab.hardwareAddress(of: "b"),
          "dev", "eth0", "nud", "permanent",
        ], in: "client"
      ).expectSuccess()
      let stray = try lab.run(
        ["/usr/bin/env", "ping", "-c", "2", "-i", "0.2", "-W", "1", target], in: "client")
      #expect(stray.status == 1, "\(stray)")
      _ = try lab.run(
        ["/usr/bin/env", "ip", "neigh", "del", target, "dev", "eth0"], in: "client"
      ).expectSuccess()
      try first.stop()
      try second.stop()
    }
  }

  @Test("one VRID over IPv4 and over IPv6 is two virtual routers, each with its own role")
  func twoFamilies() throws {
    let lab = try Lab.make(nodes: ["a", "b"])
    defer { lab.remove() }
    func configuration(_ first: Int, _ second: Int) -> GodwitConfiguration {
      var configuration = Self.configuration(["\(Self.address)/24"])
      configuration.priority = first
      // A second virtual router behind the first.
      // Whoever starts first, the better one of each family serves it in the end.
      configuration.preempt = "true"
      configuration.routerLines = [
        """
        track: { interfaces: [eth0] }
          orders-db6:
            vrid: 51
            interface: eth0
            addresses: ["\(Self.address6)/64"]
            priority: \(second)
            advertisement_interval: 100ms
            preempt: true
        """
      ]
      return configuration
    }
    let first = try lab.godwit(on: "a", configuration(150, 100))
    let second = try lab.godwit(on: "b", configuration(100, 150))
    try first.start()
    try second.start()
    try lab.eventually("each node is Active for one family") {
      try lab.holders(of: Self.address) == ["a"] && lab.holders(of: Self.address6) == ["b"]
    }
    try second.stop()
    try lab.eventually("the IPv6 router moves") { try lab.holders(of: Self.address6) == ["a"] }
    #expect(try lab.holders(of: Self.address) == ["a"])
  }

  @Test("an address that a reload adds to an Active router is announced, the role stays")
  func addedAddress() throws {
    let lab = try Lab.make(nodes: ["a", "client"])
    defer { lab.remove() }
    let node = try lab.godwit(on: "a", Self.configuration(["\(Self.address)/24"]))
    try node.start()
    try node.wait(for: "active")
    let term = try node.router().term
    let sniffer = try lab.sniffer(on: "client")
    node.configuration.addresses.append("10.77.0.101/24")
    try node.writeConfiguration()
    _ = try node.command("reload").expectSuccess()
    _ = try sniffer.wait(for: "the new address") { $0.arp?.sender == "10.77.0.101" }
    #expect(try lab.holds("a", "10.77.0.101"))
    let message = try sniffer.wait(for: "the longer list") { $0.vrrp?.message.count == 16 }
    // 10.77.0.100 and 10.77.0.101 behind the header of eight bytes, in the order of the file.
    #expect(message.vrrp?.message.suffix(8) == [10, 77, 0, 100, 10, 77, 0, 101])
    #expect(try node.router().state == "active")
    #expect(try node.router().term == term)
  }

  @Test("a second owner of the addresses is told in the log")
  func secondOwner() throws {
    let lab = try Lab.make(nodes: ["a", "b"])
    defer { lab.remove() }
    var configuration = Self.configuration(["\(Self.address)/24"])
    configuration.priority = 255
    let first = try lab.godwit(on: "a", configuration)
    let second = try lab.godwit(on: "b", configuration)
    try first.start()
    try second.start()
    // Both begin as Active; the higher address keeps the role.
    try lab.eventually("one of them yields") { try lab.holders(of: Self.address) == ["b"] }
    let log = try String(contentsOfFile: first.logPath, encoding: .utf8)
    #expect(log.contains("10.77.0.2 claims to own the addresses too"))
  }

  static func configuration(_ addresses: [String]) -> GodwitConfiguration {
    var configuration = GodwitConfiguration(addresses: addresses)
    configuration.interval = "100ms"
    return configuration
  }
}
