import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// A datagram as it was received.
private struct Received: Equatable {
  var message: [UInt8]
  var source: String
  var destination: String
  var hopLimit: UInt8?
}

private func open(
  _ family: AddressFamily, in namespace: Namespace, interface: String = "eth0"
) throws -> AdvertisementSocket {
  let index = try namespace.index(of: interface)
  return try namespace.run {
    try AdvertisementSocket.open(family: family, interfaceIndex: index, interfaceName: interface)
  }
}

/// What arrives until there are `count` datagrams or nothing comes for the given time.
private func receive(
  _ socket: inout AdvertisementSocket, count: Int, milliseconds: Int32 = 2000
) throws -> [Received] {
  var received: [Received] = []
  while received.count < count,
    becomesReadable(socket.descriptor, milliseconds: milliseconds)
  {
    _ = try socket.receive(limit: count - received.count) { message, envelope in
      received.append(
        Received(
          message: message.array, source: "\(envelope.source)",
          destination: "\(envelope.destination)", hopLimit: envelope.hopLimit))
    }
  }
  return received
}

/// Whether one of the advertisements that are sent every 50 ms for two seconds arrives: a link that
/// came up drops the first ones.
private func arrives(
  from sender: borrowing AdvertisementSocket, at receiver: inout AdvertisementSocket,
  _ addresses: Addresses
) throws -> Bool {
  for _ in 0..<40 {
    try sender.send([1], from: address(addresses.left), to: address(addresses.group))
    if try receive(&receiver, count: 1, milliseconds: 50).count == 1 { return true }
  }
  return false
}

private struct Addresses: CustomTestStringConvertible {
  let family: AddressFamily
  let left: String
  let second: String
  let right: String
  let group: String
  var testDescription: String { "\(family)" }

  static let both = [
    Addresses(
      family: .ipv4, left: "10.0.0.1", second: "10.0.0.11", right: "10.0.0.2",
      group: "224.0.0.18"),
    Addresses(
      family: .ipv6, left: "fe80::1", second: "fd00::1", right: "fe80::2", group: "ff02::12"),
  ]
}

@Suite(.inNamespaces) struct AdvertisementSocketTests {
  @Test(
    "An advertisement to the group arrives with its source, destination and hop limit 255",
    arguments: Addresses.both)
  private func group(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      let sender = try open(addresses.family, in: pair.left)
      var receiver = try open(addresses.family, in: pair.right)
      try sender.send(
        [0x31, 51, 100, 1, 0, 100, 0, 0], from: address(addresses.left),
        to: address(addresses.group))
      #expect(
        try receive(&receiver, count: 1) == [
          Received(
            message: [0x31, 51, 100, 1, 0, 100, 0, 0], source: addresses.left,
            destination: addresses.group, hopLimit: 255)
        ])
    }
  }

  @Test("An advertisement to one router arrives with hop limit 255", arguments: Addresses.both)
  private func unicast(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      let sender = try open(addresses.family, in: pair.left)
      var receiver = try open(addresses.family, in: pair.right)
      try sender.send([1, 2, 3], from: address(addresses.left), to: address(addresses.right))
      #expect(
        try receive(&receiver, count: 1) == [
          Received(
            message: [1, 2, 3], source: addresses.left, destination: addresses.right,
            hopLimit: 255)
        ])
    }
  }

  @Test("A hop limit of 254 is reported as 254", arguments: Addresses.both)
  private func otherHopLimit(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      let sender = try open(addresses.family, in: pair.left)
      let options = SocketOptions(of: sender.descriptor)
      if addresses.family == .ipv4 {
        try options.set(Int32(IPPROTO_IP), IP_MULTICAST_TTL, Int32(254), name: "")
      } else {
        try options.set(Int32(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, Int32(254), name: "")
      }
      var receiver = try open(addresses.family, in: pair.right)
      try sender.send([7], from: address(addresses.left), to: address(addresses.group))
      #expect(try receive(&receiver, count: 1).map(\.hopLimit) == [254])
    }
  }

  @Test(
    "One socket sends for several virtual routers, each from its own source",
    arguments: Addresses.both)
  private func sources(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      if addresses.family == .ipv4 { try pair.left.ip("addr add 10.0.0.11/32 dev eth0") }
      let sender = try open(addresses.family, in: pair.left)
      var receiver = try open(addresses.family, in: pair.right)
      for source in [addresses.left, addresses.second] {
        try sender.send([1], from: address(source), to: address(addresses.group))
      }
      #expect(
        try receive(&receiver, count: 2).map(\.source) == [addresses.left, addresses.second])
    }
  }

  @Test("A source that is not an address of this host is refused", arguments: Addresses.both)
  private func foreignSource(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      let sender = try open(addresses.family, in: pair.left)
      let error = try #require(throws: SystemError.self) {
        try sender.send([1], from: address(addresses.right), to: address(addresses.group))
      }
      #expect(error == SystemError("sendmsg", addresses.family == .ipv4 ? ENETUNREACH : EINVAL))
    }
  }

  @Test("A router does not hear itself", arguments: Addresses.both)
  private func silence(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      var sender = try open(addresses.family, in: pair.left)
      var receiver = try open(addresses.family, in: pair.right)
      try sender.send([1], from: address(addresses.left), to: address(addresses.group))
      #expect(try receive(&receiver, count: 1).count == 1)
      // A copy would have been queued before the other side got its own.
      #expect(try receive(&sender, count: 1, milliseconds: 0) == [])
    }
  }

  @Test("A socket hears its own interface alone", arguments: Addresses.both)
  private func interfaces(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      try pair.left.ip("link add eth1 type veth peer name eth1 netns \(pair.right.name)")
      try pair.left.ip("link set eth1 up")
      try pair.right.ip("link set eth1 up")
      let sender = try open(addresses.family, in: pair.left)
      var other = try open(addresses.family, in: pair.right, interface: "eth1")
      var receiver = try open(addresses.family, in: pair.right)
      try sender.send([1], from: address(addresses.left), to: address(addresses.group))
      #expect(try receive(&receiver, count: 1).count == 1)
      #expect(try receive(&other, count: 1, milliseconds: 0) == [])
    }
  }

  @Test("A call reads no more datagrams than its limit", arguments: Addresses.both)
  private func limit(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      let sender = try open(addresses.family, in: pair.left)
      var receiver = try open(addresses.family, in: pair.right)
      for number: UInt8 in 1...3 {
        try sender.send([number], from: address(addresses.left), to: address(addresses.group))
      }
      #expect(becomesReadable(receiver.descriptor))
      #expect(try receiver.receive(limit: 2) { _, _ in } == 2)
      #expect(try receiver.receive(limit: 2) { _, _ in } == 1)
      #expect(try receiver.receive(limit: 2) { _, _ in } == 0)
    }
  }

  @Test(
    "The longest message arrives whole although it is longer than a frame",
    arguments: Addresses.both)
  private func fragments(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      let sender = try open(addresses.family, in: pair.left)
      var receiver = try open(addresses.family, in: pair.right)
      let message = (0..<4088).map { UInt8(truncatingIfNeeded: $0) }
      try sender.send(message, from: address(addresses.left), to: address(addresses.group))
      #expect(try receive(&receiver, count: 1).map(\.message) == [message])
    }
  }

  @Test(
    "The membership outlives an interface that goes down and comes up again",
    arguments: Addresses.both)
  private func downAndUp(_ addresses: Addresses) throws {
    try NamespacePair.make { pair in
      let sender = try open(addresses.family, in: pair.left)
      var receiver = try open(addresses.family, in: pair.right)
      try pair.right.ip("link set eth0 down")
      try pair.right.ip("link set eth0 up")
      #expect(try arrives(from: sender, at: &receiver, addresses))
      try receiver.rejoin()
      #expect(try arrives(from: sender, at: &receiver, addresses))
    }
  }

  @Test("Joining again brings back a membership that was lost with the configuration of IPv6")
  func rejoin() throws {
    try NamespacePair.make { pair in
      let addresses = Addresses.both[1]
      let sender = try open(.ipv6, in: pair.left)
      var receiver = try open(.ipv6, in: pair.right)
      try pair.right.ip("link set eth0 mtu 1279")
      try pair.right.ip("link set eth0 mtu 1500")
      try sender.send([1], from: address(addresses.left), to: address(addresses.group))
      #expect(try receive(&receiver, count: 1, milliseconds: 50) == [])
      try receiver.rejoin()
      #expect(try arrives(from: sender, at: &receiver, addresses))
    }
  }

  @Test("On the wire an IPv4 advertisement has the group's MAC address, TOS 0xC0 and TTL 255")
  func frameOfIPv4() throws {
    try NamespacePair.make { pair in
      let sender = try open(.ipv4, in: pair.left)
      let listener = try pair.right.listen(etherType: 0x0800)
      try sender.send([0x31, 7], from: address("10.0.0.1"), to: address("224.0.0.18"))
      let frame = try #require(nextFrame(listener) { $0.count >= 36 && $0[23] == 112 })
      #expect(frame[..<6] == [0x01, 0x00, 0x5e, 0x00, 0x00, 0x12])
      #expect(frame[14...15] == [0x45, 0xc0])
      #expect(frame[16...17] == [0, 22])
      #expect(frame[22] == 255)
      #expect(frame[26..<36] == [10, 0, 0, 1, 224, 0, 0, 18, 0x31, 7])
    }
  }

  @Test(
    "On the wire an IPv6 advertisement has the group's MAC address, class 0xC0 and hop limit 255")
  func frameOfIPv6() throws {
    try NamespacePair.make { pair in
      let sender = try open(.ipv6, in: pair.left)
      let listener = try pair.right.listen(etherType: 0x86dd)
      try sender.send([0x31, 7], from: address("fe80::1"), to: address("ff02::12"))
      let frame = try #require(nextFrame(listener) { $0.count >= 56 && $0[20] == 112 })
      #expect(frame[..<6] == [0x33, 0x33, 0x00, 0x00, 0x00, 0x12])
      // Version 6, class 0xC0; the flow label is the kernel's.
      #expect(frame[14] == 0x6c)
      #expect(frame[15] & 0xf0 == 0)
      #expect(frame[18..<22] == [0, 2, 112, 255])
      #expect(frame[54..<56] == [0x31, 7])
    }
  }

  @Test("An interface that is not there is named by ENODEV")
  func noInterface() throws {
    try NamespacePair.make { pair in
      #expect(throws: SystemError("setsockopt SO_BINDTODEVICE", ENODEV)) {
        try pair.left.run {
          let socket = try AdvertisementSocket.open(
            family: .ipv4, interfaceIndex: 99, interfaceName: "eth9")
          _ = socket.descriptor
        }
      }
    }
  }
}

@Suite struct IPv4PayloadTests {
  private func datagram(words: UInt8, total: UInt16, count: Int) -> [UInt8] {
    [0x40 | words, 0xc0, UInt8(total >> 8), UInt8(total & 0xff)]
      + [UInt8](repeating: 0, count: max(0, count - 4))
  }

  @Test("The payload begins behind the IHL and ends at the Total Length")
  func payload() {
    let plain = datagram(words: 5, total: 40, count: 40)
    #expect(AdvertisementSocket.payload(ofIPv4: plain.span) == 20..<40)
    let options = datagram(words: 6, total: 44, count: 44)
    #expect(AdvertisementSocket.payload(ofIPv4: options.span) == 24..<44)
    let padded = datagram(words: 5, total: 40, count: 46)
    #expect(AdvertisementSocket.payload(ofIPv4: padded.span) == 20..<40)
  }

  @Test("A Total Length beyond the datagram ends with the datagram")
  func truncated() {
    let bytes = datagram(words: 5, total: 400, count: 30)
    #expect(AdvertisementSocket.payload(ofIPv4: bytes.span) == 20..<30)
  }

  @Test("A header that does not fit leaves no payload")
  func absurd() {
    for bytes in [
      [], [0x45], datagram(words: 5, total: 40, count: 19),
      datagram(words: 4, total: 40, count: 40),
      datagram(words: 15, total: 40, count: 40), datagram(words: 5, total: 10, count: 40),
    ] {
      #expect(AdvertisementSocket.payload(ofIPv4: bytes.span) == 0..<0)
    }
  }
}
