import Glibc
import Testing
import VRRP

@testable import LinuxIO

private let stranger = HardwareAddress(2, 0, 0, 0, 0, 0x66)

private func mark(_ primary: String) throws -> ClaimMark {
  ClaimMark(
    identifier: try #require(VirtualRouterIdentifier(51)), priority: Priority(150),
    primary: try address(primary))
}

private func announcement(_ text: String, _ mark: ClaimMark? = nil) throws -> [UInt8] {
  var frame: [UInt8] = []
  switch try address(text) {
  case .v4(let address):
    GratuitousARP(.request, hardwareAddress: stranger, address: address, mark: mark)
      .append(to: &frame)
  case .v6(let address):
    UnsolicitedNeighborAdvertisement(hardwareAddress: stranger, address: address, mark: mark)
      .append(to: &frame)
  }
  return frame
}

private func probe(_ text: String) throws -> [UInt8] {
  var frame: [UInt8] = []
  AddressProbe(hardwareAddress: stranger, address: try address(text)).append(to: &frame)
  return frame
}

/// An ordinary request or solicitation from .7 or ::7 for an address.
private func question(_ text: String) throws -> [UInt8] {
  var frame: [UInt8] = []
  switch try address(text) {
  case .v4(let address):
    ARPPacket(
      destination: .broadcast, source: stranger, operation: .request, senderHardware: stranger,
      sender: IPv4Address(10, 0, 0, 7), targetHardware: HardwareAddress(number: 0), target: address
    ).append(to: &frame)
  case .v6(let address):
    NeighborSolicitation(
      destinationHardware: HardwareAddress(0x33, 0x33, 0xff, 0, 0, 0x64), sourceHardware: stranger,
      source: IPv6Address(high: 0xfd00_0000_0000_0000, low: 7),
      destination: IPv6Address(high: 0xff02_0000_0000_0000, low: 0x1_ff00_0064), target: address,
      senderHardware: stranger
    ).append(to: &frame)
  }
  return frame
}

/// Addresses and frames of one family.
private struct Family: CustomTestStringConvertible {
  let family: AddressFamily
  let virtual: String
  let second: String
  let primary: String
  /// Addresses that differ from `virtual` in one part each.
  let others: [String]
  var testDescription: String { "\(family)" }

  static let both = [
    Family(
      family: .ipv4, virtual: "10.0.0.100", second: "10.0.0.101", primary: "10.0.0.7",
      others: ["10.0.0.102", "11.0.0.100", "10.0.1.100", "10.0.0.7"]),
    Family(
      family: .ipv6, virtual: "fd00:1:2:3:4:5:6:64", second: "fe80::65", primary: "fe80::7",
      others: [
        "fd00:1:2:3:4:5:6:66", "fd01:1:2:3:4:5:6:64", "fd00:1:2:4:4:5:6:64",
        "fd00:1:2:3:4:6:6:64", "fd00:1:2:3:4:5:7:64",
      ]),
  ]

  /// A frame that is always heard and tells that all before it have been handled.
  func last() throws -> [UInt8] { try announcement(second, mark(primary)) }
}

/// The left side, which sends, and a socket on the right.
private struct Segment: ~Copyable {
  let announcer: Announcer
  let index: Int32
  var socket: NeighborSocket

  static func make(
    _ pair: NamespacePair, _ family: AddressFamily, _ addresses: [String]
  ) throws -> Segment {
    let announcer = try pair.left.run { try Announcer.open() }
    let index = try pair.left.index()
    return Segment(
      announcer: announcer, index: index, socket: try open(pair.right, family, addresses))
  }

  static func open(
    _ namespace: Namespace, _ family: AddressFamily, _ addresses: [String]
  ) throws -> NeighborSocket {
    let index = try namespace.index()
    return try namespace.run {
      try NeighborSocket.open(
        family: family, interfaceIndex: index, addresses: addresses.map(address))
    }
  }

  func send(_ frames: [UInt8]...) throws {
    for frame in frames {
      #expect(
        try announcer.send(frame, frameLength: frame.count, interfaceIndex: index) == 1)
    }
  }

  /// The frames that arrive up to the one given, without it.
  mutating func heard(until last: [UInt8]) throws -> [[UInt8]] {
    var frames: [[UInt8]] = []
    while becomesReadable(socket.descriptor) {
      _ = try socket.receive(limit: 64) { frames.append($0.array) }
      if let end = frames.firstIndex(of: last) { return Array(frames[..<end]) }
    }
    Issue.record("the last frame did not arrive")
    return frames
  }
}

@Suite(.inNamespaces) struct NeighborSocketTests {
  @Test("Claims and probes of the addresses are heard, marked or not", arguments: Family.both)
  private func claims(_ family: Family) throws {
    try NamespacePair.make { pair in
      var segment = try Segment.make(pair, family.family, [family.virtual, family.second])
      let frames = [
        try announcement(family.virtual), try announcement(family.virtual, mark(family.primary)),
        try probe(family.virtual), try announcement(family.second),
      ]
      for frame in frames { try segment.send(frame) }
      try segment.send(family.last())
      #expect(try segment.heard(until: family.last()) == frames)
    }
  }

  @Test("Other addresses and ordinary questions for ours are not heard", arguments: Family.both)
  private func unrelated(_ family: Family) throws {
    try NamespacePair.make { pair in
      var segment = try Segment.make(pair, family.family, [family.virtual, family.second])
      for other in family.others {
        try segment.send(announcement(other), probe(other), question(other))
      }
      try segment.send(question(family.virtual))
      try segment.send(family.last())
      #expect(try segment.heard(until: family.last()) == [])
    }
  }

  @Test("The answer of another host's kernel to a probe is heard", arguments: Family.both)
  private func kernel(_ family: Family) throws {
    try NamespacePair.make { pair in
      let length = family.family == .ipv4 ? 24 : 64
      try pair.left.ip("link set eth0 address 02:00:00:00:00:0b")
      try pair.left.ip("addr add \(family.virtual)/\(length) dev eth0 nodad")
      try pair.right.ip("link set eth0 address 02:00:00:00:00:0a")
      var socket = try Segment.open(pair.right, family.family, [family.virtual])
      let announcer = try pair.right.run { try Announcer.open() }
      let frame = try {
        var frame: [UInt8] = []
        AddressProbe(
          hardwareAddress: HardwareAddress(2, 0, 0, 0, 0, 0x0a),
          address: try address(family.virtual)
        ).append(to: &frame)
        return frame
      }()
      #expect(
        try announcer.send(frame, frameLength: frame.count, interfaceIndex: pair.right.index())
          == 1)
      try #require(becomesReadable(socket.descriptor))
      var claims: [NeighborClaim?] = []
      _ = try socket.receive(limit: 8) { claims.append(NeighborClaim(decoding: $0)) }
      #expect(
        try claims == [
          NeighborClaim(
            address: address(family.virtual), hardware: HardwareAddress(2, 0, 0, 0, 0, 0x0b),
            kind: .claims)
        ])
    }
  }

  @Test("What this host sends itself is not heard", arguments: Family.both)
  private func outgoing(_ family: Family) throws {
    try NamespacePair.make { pair in
      var segment = try Segment.make(pair, family.family, [family.virtual, family.second])
      let announcer = try pair.right.run { try Announcer.open() }
      let own = try announcement(family.virtual)
      #expect(
        try announcer.send(own, frameLength: own.count, interfaceIndex: pair.right.index()) == 1)
      try segment.send(family.last())
      #expect(try segment.heard(until: family.last()) == [])
    }
  }

  @Test("The list is replaced: the new addresses are heard and the old are not")
  func replaced() throws {
    for family in Family.both {
      try NamespacePair.make { pair in
        var segment = try Segment.make(pair, family.family, [family.virtual])
        try segment.socket.watch([address(family.second)])
        try segment.send(announcement(family.virtual), announcement(family.second))
        try segment.send(family.last())
        #expect(
          try segment.heard(until: family.last()) == [try announcement(family.second)])
      }
    }
  }

  /// 64 addresses of a list and the one behind them.
  private static func list(_ family: Family, _ count: Int) -> [String] {
    let prefix = family.family == .ipv4 ? "10.9.0." : "fd09::"
    return (0..<(count - 1)).map { "\(prefix)\($0)" } + [family.second]
  }

  @Test("The last of 64 addresses is heard and others are not", arguments: Family.both)
  private func many(_ family: Family) throws {
    try NamespacePair.make { pair in
      var segment = try Segment.make(pair, family.family, Self.list(family, 64))
      try segment.send(announcement(family.virtual), question(family.second))
      try segment.send(family.last())
      #expect(try segment.heard(until: family.last()) == [])
    }
  }

  @Test("With 65 addresses every claim and probe is heard", arguments: Family.both)
  private func tooMany(_ family: Family) throws {
    try NamespacePair.make { pair in
      var segment = try Segment.make(pair, family.family, Self.list(family, 65))
      let frames = [try announcement(family.virtual), try probe(family.virtual)]
      for frame in frames { try segment.send(frame) }
      try segment.send(family.last())
      #expect(try segment.heard(until: family.last()) == frames)
    }
  }

  @Test("A frame with the tag of a VLAN is not ours", arguments: Family.both)
  private func vlan(_ family: Family) throws {
    try NamespacePair.make { pair in
      var segment = try Segment.make(pair, family.family, [family.virtual, family.second])
      var tagged = try announcement(family.virtual)
      tagged.insert(contentsOf: [0x81, 0x00, 0x00, 0x64], at: 12)
      try segment.send(tagged)
      try segment.send(family.last())
      #expect(try segment.heard(until: family.last()) == [])
    }
  }

  @Test("A call reads no more frames than its limit")
  func limit() throws {
    try NamespacePair.make { pair in
      let family = Family.both[0]
      var segment = try Segment.make(pair, family.family, [family.virtual])
      for _ in 0..<3 { try segment.send(announcement(family.virtual)) }
      #expect(becomesReadable(segment.socket.descriptor))
      #expect(try segment.socket.receive(limit: 2) { _ in } == 2)
      #expect(try segment.socket.receive(limit: 2) { _ in } == 1)
      #expect(try segment.socket.receive(limit: 2) { _ in } == 0)
    }
  }

  @Test("The socket outlives an interface that goes down and comes up again")
  func downAndUp() throws {
    try NamespacePair.make { pair in
      let family = Family.both[0]
      var segment = try Segment.make(pair, family.family, [family.virtual])
      try pair.right.ip("link set eth0 down")
      #expect(becomesReadable(segment.socket.descriptor))
      #expect(try segment.socket.receive(limit: 8) { _ in } == 0)
      #expect(!becomesReadable(segment.socket.descriptor, milliseconds: 0))
      try pair.right.ip("link set eth0 up")
      // A link that came up drops the first frames.
      for _ in 0..<40 {
        try segment.send(announcement(family.virtual))
        if becomesReadable(segment.socket.descriptor, milliseconds: 50) { break }
      }
      #expect(try segment.socket.receive(limit: 1) { _ in } == 1)
    }
  }

  @Test("An interface that is not there is named by ENODEV")
  func noInterface() throws {
    try NamespacePair.make { pair in
      #expect(throws: SystemError("bind", ENODEV)) {
        try pair.left.run {
          let socket = try NeighborSocket.open(family: .ipv4, interfaceIndex: 99, addresses: [])
          _ = socket.descriptor
        }
      }
    }
  }
}
