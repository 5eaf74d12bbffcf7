import Testing
import VRRP

@testable import LinuxIO

/// Numbers of 16 bits in host order, which netlink uses.
private func short(_ number: UInt16) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
private func long(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }

/// RTM_NEWADDR (20) of 192.0.2.1/24 on interface 7: IFA_LOCAL (2), IFA_PROTO (11), IFA_FLAGS (8).
private let newAddress: [UInt8] =
  long(48) + short(20) + short(0) + long(5) + long(0)
  + [2, 24, 0x80, 0] + long(7)
  + short(8) + short(2) + [192, 0, 2, 1]
  + short(5) + short(11) + [0x67, 0, 0, 0]
  + short(8) + short(8) + long(0x280)

/// RTM_NEWLINK (16) of `eth0`, interface 2, up with carrier: IFLA_IFNAME (3), IFLA_ADDRESS (1),
/// IFLA_MTU (4).
private let newLink: [UInt8] =
  long(64) + short(16) + short(0) + long(0) + long(0)
  + [0, 0] + short(1) + long(2) + long(0x11043) + long(0)
  + short(9) + short(3) + [0x65, 0x74, 0x68, 0x30, 0, 0, 0, 0]
  + short(10) + short(1) + [2, 0, 0, 0, 0, 0x0a, 0, 0]
  + short(8) + short(4) + long(1500)

private func events(_ datagram: [UInt8]) -> [LinkMonitor.Event] {
  var events: [LinkMonitor.Event] = []
  NetlinkMessage.forEach(in: datagram.span) { message, body in
    if let event = LinkMonitor.event(message, body) { events.append(event) }
  }
  return events
}

@Suite struct NetlinkMessageTests {
  @Test("An address is told with its tag and its flags")
  func address() throws {
    let events = events(newAddress)
    #expect(
      events == [
        .addressAdded(
          AddressRecord(
            interfaceIndex: 7,
            interfaceAddress: try #require(InterfaceAddress("192.0.2.1/24")), protocolTag: 0x67,
            flags: 0x280))
      ])
  }

  @Test("A link is told with its name, address, MTU and state")
  func link() throws {
    guard case .link(let link) = try #require(events(newLink).first) else {
      Issue.record("not a link")
      return
    }
    #expect(link.index == 2)
    #expect(link.name == "eth0")
    #expect(link.hardwareAddress == HardwareAddress(2, 0, 0, 0, 0, 0x0a))
    #expect(link.mtu == 1500)
    #expect(link.isUp)
    #expect(link.hasCarrier)
    #expect(!link.isLoopback)
  }

  @Test("Several messages of one datagram are all told")
  func several() {
    #expect(events(newAddress + newLink + newAddress).count == 3)
  }

  @Test("A datagram that ends early tells what is whole in it", arguments: 0..<112)
  func truncated(_ count: Int) {
    #expect(events(Array((newAddress + newLink).prefix(count))).count == (count < 48 ? 0 : 1))
  }

  @Test("An attribute or message of absurd length ends the reading")
  func absurdLengths() {
    for length: UInt32 in [0, 15, 49, .max] {
      #expect(events(long(length) + newAddress.dropFirst(4)) == [])
    }
    for length: UInt16 in [0, 3, 25, .max] {
      var datagram = newAddress
      datagram.replaceSubrange(24..<26, with: short(length))
      #expect(events(datagram) == [])
    }
  }

  @Test(
    "A prefix longer than the address, an unknown family and an address of the other family tell nothing"
  )
  func absurdAddresses() {
    for (place, value): (Int, UInt8) in [(17, 33), (16, 0), (16, 10), (16, 255)] {
      var datagram = newAddress
      datagram[place] = value
      #expect(events(datagram) == [])
    }
  }

  @Test("No change of single bytes traps")
  func changedBytes() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var datagram = newAddress + newLink
      for _ in 0..<4 {
        datagram[Int.random(in: datagram.indices, using: &random)] = .random(
          in: 0...255, using: &random)
      }
      #expect(events(datagram).count <= 8)
    }
  }
}
