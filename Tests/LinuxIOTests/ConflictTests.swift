import Failover
import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// A node without VRRP: its addresses, its watch, and the frames between it and the others.
private struct Node: ~Copyable {
  let namespace: Namespace
  let family: AddressFamily
  let hardware: HardwareAddress
  let virtual: String
  private let index: Int32
  private let announcer: Announcer
  private var socket: NeighborSocket
  private var watch: ConflictWatch
  private var announcements: AnnouncementSchedule?
  private(set) var told: [ConflictWatch.Effect] = []

  var obstacle: AddressConflict? { watch.obstacle }
  var descriptor: Int32 { socket.descriptor }
  var deadline: Instant? {
    [watch.nextDeadline, announcements?.nextDeadline].compactMap { $0 }.min()
  }

  static func make(
    _ namespace: Namespace, _ number: UInt8, priority: UInt8, _ primary: String, _ virtual: String
  ) throws -> Node {
    let hardware = HardwareAddress(2, 0, 0, 0, 0, number)
    try namespace.ip("link set eth0 address \(hardware)")
    let address = try #require(IPAddress(virtual))
    let source = try #require(IPAddress(primary))
    let index = try namespace.index()
    let identity = ConflictWatch.Identity(
      identifier: try #require(VirtualRouterIdentifier(51)), priority: Priority(priority),
      primary: source, hardware: [hardware])
    return Node(
      namespace: namespace, family: address.family, hardware: hardware, virtual: virtual,
      index: index, announcer: try namespace.run { try Announcer.open() },
      socket: try namespace.run {
        try NeighborSocket.open(family: address.family, interfaceIndex: index, addresses: [address])
      }, watch: ConflictWatch(identity, addresses: [address]))
  }

  private init(
    namespace: Namespace, family: AddressFamily, hardware: HardwareAddress, virtual: String,
    index: Int32, announcer: consuming Announcer, socket: consuming NeighborSocket,
    watch: ConflictWatch
  ) {
    self.namespace = namespace
    self.family = family
    self.hardware = hardware
    self.virtual = virtual
    self.index = index
    self.announcer = announcer
    self.socket = socket
    self.watch = watch
  }

  mutating func claim() throws {
    try namespace.ip("addr add \(virtual)/\(family.addressBits) dev eth0 nodad")
    try feed(.held)
    announcements = AnnouncementSchedule(addressCount: 1, refresh: .seconds(60), at: Clock.now())
  }

  mutating func remove() throws {
    announcements = nil
    try namespace.ip("addr del \(virtual)/\(family.addressBits) dev eth0")
    try feed(.released)
  }

  mutating func feed(_ event: ConflictWatch.Event) throws {
    for effect in watch.handle(event, at: Clock.now()) {
      told.append(effect)
      switch effect {
      case .probe:
        var frame: [UInt8] = []
        for address in watch.addresses {
          AddressProbe(hardwareAddress: hardware, address: address).append(to: &frame)
        }
        try send(frame)
      case .defend: try announce()
      case .announceAgain:
        announcements = AnnouncementSchedule(
          addressCount: 1, refresh: .seconds(60), at: Clock.now())
      case .yield: try remove()
      case .probed, .cleared, .noticed: break
      }
    }
  }

  private func announce() throws {
    for address in watch.addresses {
      var frame: [UInt8] = []
      switch address {
      case .v4(let address):
        GratuitousARP(
          .request, hardwareAddress: hardware, address: address, mark: watch.identity.mark
        ).append(to: &frame)
      case .v6(let address):
        UnsolicitedNeighborAdvertisement(
          hardwareAddress: hardware, address: address, mark: watch.identity.mark
        ).append(to: &frame)
      }
      try send(frame)
    }
  }

  private func send(_ frame: [UInt8]) throws {
    #expect(try announcer.send(frame, frameLength: frame.count, interfaceIndex: index) == 1)
  }

  /// Handles what is there and what is due.
  mutating func step() throws {
    var claims: [NeighborClaim] = []
    _ = try socket.receive(limit: 16) {
      if let claim = NeighborClaim(decoding: $0) { claims.append(claim) }
    }
    for claim in claims { try feed(.claim(claim)) }
    if let due = watch.nextDeadline, due <= Clock.now() { try feed(.timer) }
    if announcements?.deadlineReached(at: Clock.now()).isEmpty == false { try announce() }
  }
}

/// Lets two nodes run until the condition holds; false when it does not within ten seconds.
private func run(
  _ left: inout Node, _ right: inout Node, until condition: (borrowing Node, borrowing Node) -> Bool
) throws -> Bool {
  let start = Clock.now()
  while !condition(left, right) {
    let now = Clock.now()
    guard now < start + .seconds(10) else { return false }
    let next = [left.deadline, right.deadline, start + .seconds(10)].compactMap { $0 }.min() ?? now
    var entries = [left.descriptor, right.descriptor].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    poll(&entries, 2, Int32(max(0, (next - now) / .milliseconds(1)).rounded(.up)))
    try left.step()
    try right.step()
  }
  return true
}

@Suite(.inNamespaces) struct ConflictTests {
  static let families = [
    ("10.0.0.1", "10.0.0.2", "10.0.0.100"), ("fe80::1", "fe80::2", "fd00::64"),
  ]

  @Test(
    "Of two nodes that are Active without VRRP the lower yields, and joins when the other is gone",
    arguments: families)
  func pair(_ leftPrimary: String, _ rightPrimary: String, _ virtual: String) throws {
    try NamespacePair.make { pair in
      var left = try Node.make(pair.left, 0x0a, priority: 150, leftPrimary, virtual)
      var right = try Node.make(pair.right, 0x0b, priority: 100, rightPrimary, virtual)
      try left.claim()
      // Its burst is over, as if the two had been parted.
      _ = try run(&left, &right) { left, _ in
        left.deadline.map { $0 - Clock.now() > .seconds(1) } ?? false
      }
      try right.claim()
      #expect(try run(&left, &right) { _, right in right.obstacle != nil })
      #expect(right.obstacle?.hardware == left.hardware)
      #expect(right.obstacle?.mark?.priority == Priority(150))
      #expect(left.obstacle == nil)
      #expect(try run(&left, &right) { left, _ in left.told.contains(.announceAgain) })
      // The kernel of the left node answers the probes, and then nobody does.
      #expect(
        try run(&left, &right) { _, right in right.told.count { $0 == .probe(0..<1) } == 2 })
      #expect(right.obstacle != nil)
      try left.remove()
      #expect(try run(&left, &right) { _, right in right.told.last == .cleared })
      #expect(right.obstacle == nil)
    }
  }

  @Test("A node that starts finds who has the address, or nobody", arguments: families)
  func start(_ leftPrimary: String, _ rightPrimary: String, _ virtual: String) throws {
    try NamespacePair.make { pair in
      var left = try Node.make(pair.left, 0x0a, priority: 100, leftPrimary, virtual)
      var right = try Node.make(pair.right, 0x0b, priority: 150, rightPrimary, virtual)
      try right.feed(.probe(within: .milliseconds(150)))
      #expect(try run(&left, &right) { _, right in right.told.last == .probed(.clear) })
      try left.claim()
      try right.feed(.probe(within: .seconds(5)))
      #expect(try run(&left, &right) { _, right in right.obstacle != nil })
      #expect(right.obstacle?.hardware == left.hardware)
      #expect(right.obstacle?.mark?.priority == Priority(100))
    }
  }
}
