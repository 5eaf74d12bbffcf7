import Glibc
import Lab
import Testing

@Suite("The lab's network", .requiresLab)
struct LabNetworkTests {
  @Test("three nodes reach each other over both families")
  func connectivity() throws {
    let lab = try Lab.make(nodes: ["a", "b", "client"])
    #expect(lab.address(of: "b") == "10.77.0.2")
    #expect(lab.address6(of: "client") == "fd77::3")
    #expect(lab.hardwareAddress(of: "b") == "02:77:00:00:00:02")
    for address in ["10.77.0.2", "fd77::2"] {
      #expect(try lab.reaches("b", at: address, from: "a"))
    }
    #expect(try !lab.reaches("b", at: "10.77.0.3", from: "a", within: .milliseconds(50)))
    let addresses = try lab.addresses(of: "a")
    #expect(
      Set(addresses.map { "\($0.interface) \($0.address)/\($0.prefixLength)" }) == [
        "eth0 10.77.0.1/24", "eth0 fd77::1/64", "eth0 fe80::77:ff:fe00:1/64",
      ])
    #expect(addresses.allSatisfy { !$0.isTentative && $0.validSeconds == nil })
    #expect(try lab.holders(of: "fd77::3") == ["client"])
    #expect(try lab.holders(of: "10.77.0.100") == [])
  }

  @Test("two networks are two wires")
  func twoNetworks() throws {
    let lab = try Lab.make(nodes: ["a", "b"], networks: 2)
    #expect(try lab.reaches("b", at: "10.78.0.2", from: "a"))
    try lab.setPort("b", up: false, network: 0)
    #expect(try !lab.carrier(of: "b", network: 0))
    #expect(try lab.carrier(of: "b", network: 1))
    #expect(try lab.reaches("b", at: "fd78::2", from: "a"))
  }

  @Test("a port that is down is no carrier at the node, and its link a flag; both come back")
  func links() throws {
    let lab = try Lab.make(nodes: ["a", "b"])
    for change in [lab.setPort, lab.setLink] {
      try change("a", false, 0)
      #expect(try !lab.carrier(of: "a"))
      try change("a", true, 0)
      #expect(try lab.carrier(of: "a"))
      #expect(try lab.reaches("a", at: "10.77.0.1", from: "b"))
      #expect(try lab.reaches("a", at: "fd77::1", from: "b"))
    }
  }

  @Test("a removed interface is gone, and comes back with its addresses")
  func removedInterface() throws {
    let lab = try Lab.make(nodes: ["a", "b"])
    try lab.removeInterface("a")
    #expect(try lab.addresses(of: "a") == [])
    #expect(try !lab.carrier(of: "a"))
    try lab.restoreInterface("a")
    #expect(try lab.addresses(of: "a").count == 3)
    #expect(try lab.reaches("a", at: "fd77::1", from: "b"))
  }

  @Test("a cut loses what it names, the way it names, and healing ends it")
  func cuts() throws {
    let lab = try Lab.make(nodes: ["a", "b"])
    #expect(try lab.reaches("b", at: "10.77.0.2", from: "a"))
    try lab.cut("a")
    #expect(try lab.carrier(of: "a"))
    #expect(try !lab.reaches("b", at: "10.77.0.2", from: "a", within: .milliseconds(200)))
    try lab.cut("a", .vrrp)
    #expect(try lab.reaches("b", at: "10.77.0.2", from: "a"))

    let sniffer = try lab.sniffer(on: "b")
    let request = Samples.gratuitousRequest(number: 9)
    try lab.cut("a", direction: .toNode)
    try lab.inject(request, from: "a")
    let frame = try sniffer.wait(for: "an ARP request of 10.77.0.9") {
      $0.arp?.sender == "10.77.0.9"
    }
    #expect(frame.arp?.operation == 1)
    #expect(frame.source == "02:77:00:00:00:09")
    try lab.cut("a", direction: .fromNode)
    try lab.inject(Samples.gratuitousRequest(number: 8), from: "a")
    try lab.heal("a")
    try lab.inject(Samples.gratuitousRequest(number: 7), from: "a")
    _ = try sniffer.wait(for: "an ARP request of 10.77.0.7") { $0.arp?.sender == "10.77.0.7" }
    #expect(!sniffer.frames.contains { $0.arp?.sender == "10.77.0.8" })
    try lab.heal("a")
  }

  @Test("a VRRP cut loses advertisements of both families and nothing else")
  func vrrpCut() throws {
    let lab = try Lab.make(nodes: ["a", "b"])
    let sniffer = try lab.sniffer(on: "b")
    try lab.inject(Samples.advertisement(priority: 101), from: "a")
    let frame = try sniffer.wait(for: "an advertisement") { $0.vrrp?.priority == 101 }
    #expect(frame.vrrp?.source == "10.77.0.1")
    #expect(frame.vrrp?.destination == "224.0.0.18")
    #expect(frame.vrrp?.identifier == 51)
    #expect(frame.vrrp?.version == 3)
    #expect(frame.vrrp?.hopLimit == 255)
    try lab.cut("a", .vrrp)
    try lab.inject(Samples.advertisement(priority: 102), from: "a")
    try lab.inject(Samples.gratuitousRequest(number: 9), from: "a")
    _ = try sniffer.wait(for: "an ARP request") { $0.arp?.sender == "10.77.0.9" }
    #expect(!sniffer.frames.contains { $0.vrrp?.priority == 102 })
  }
}

/// Frames written byte by byte (RFC 826, RFC 9568 section 5.2).
enum Samples {
  static func gratuitousRequest(number: UInt8) -> [UInt8] {
    let hardware: [UInt8] = [2, 0x77, 0, 0, 0, number]
    let address: [UInt8] = [10, 77, 0, number]
    let start: [UInt8] = [0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1]
    let broadcast = [UInt8](repeating: 0xff, count: 6)
    return broadcast + hardware + start + hardware + address + broadcast + address
  }

  /// With a wrong checksum of VRRP, which only a receiver would mind.
  static func advertisement(priority: UInt8) -> [UInt8] {
    let ethernet: [UInt8] = [1, 0, 0x5e, 0, 0, 0x12, 2, 0x77, 0, 0, 0, 1, 0x08, 0x00]
    let start: [UInt8] = [0x45, 0xc0, 0, 32, 0, 0, 0, 0, 255, 112, 0xd0, 0x4d]
    let addresses: [UInt8] = [10, 77, 0, 1, 224, 0, 0, 18]
    let message: [UInt8] = [0x31, 51, priority, 1, 0, 100, 0, 0, 10, 77, 0, 100]
    return ethernet + start + addresses + message
  }
}
