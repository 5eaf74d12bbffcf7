import CLinux
import Glibc
import Testing
import VRRP

@testable import LinuxIO

private let next: Int32 = 1
private let drop: Int32 = 0

private enum Direction: Int32, CaseIterable {
  case incoming = 0
  case outgoing = 1
}

/// The programs over frames on `lo`, with 10.0.0.100 and fd00::100 in the map.
private struct Filter: ~Copyable {
  private let addresses: FileDescriptor
  private let deadlines: FileDescriptor
  private let incoming: FileDescriptor
  private let outgoing: FileDescriptor
  private let memory: UnsafeMutablePointer<UInt64>

  init() throws {
    let addresses = try Self.owned(clinux_fence_addresses(16))
    let deadlines = try Self.owned(clinux_fence_deadlines(1))
    var ipv4 = clinux_fence_key()
    ipv4.interface_index = 1
    withUnsafeMutableBytes(of: &ipv4.address) {
      $0.copyBytes(from: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] + virtual)
    }
    var ipv6 = clinux_fence_key()
    ipv6.interface_index = 1
    withUnsafeMutableBytes(of: &ipv6.address) { $0.copyBytes(from: virtual6) }
    #expect(clinux_fence_put(addresses.number, &ipv4, 0) == 0)
    #expect(clinux_fence_put(addresses.number, &ipv6, 0) == 0)
    let incoming = try Self.load(.incoming, addresses, deadlines)
    let outgoing = try Self.load(.outgoing, addresses, deadlines)
    guard let memory = clinux_fence_map(deadlines.number, 1) else { throw SystemError("mmap") }
    self.memory = memory
    self.incoming = incoming
    self.outgoing = outgoing
    self.addresses = addresses
    self.deadlines = deadlines
  }

  deinit { clinux_fence_unmap(memory, 1) }

  private static func load(
    _ direction: Direction, _ addresses: borrowing FileDescriptor,
    _ deadlines: borrowing FileDescriptor
  ) throws -> FileDescriptor {
    try owned(
      clinux_fence_load_program(
        direction.rawValue, addresses.number, deadlines.number, nil, 0))
  }

  private static func owned(_ number: Int32) throws -> FileDescriptor {
    guard number >= 0 else { throw SystemError("bpf", -number) }
    return FileDescriptor(owning: number)
  }

  /// The deadline, in nanoseconds from now.
  func grant(_ nanoseconds: UInt64) {
    clinux_fence_store(memory, Clock.now().nanoseconds + nanoseconds)
  }

  func close() { clinux_fence_store(memory, 0) }

  func verdict(
    _ direction: Direction, _ frame: [UInt8], repetitions: UInt32 = 1
  ) throws -> (verdict: Int32, nanoseconds: UInt32) {
    let program = direction == .incoming ? incoming.number : outgoing.number
    var nanoseconds: UInt32 = 0
    let verdict = clinux_fence_test(program, frame, frame.count, 1, repetitions, &nanoseconds)
    guard verdict >= 0 else { throw SystemError("BPF_PROG_TEST_RUN", -verdict) }
    return (verdict, nanoseconds)
  }
}

private let ethernet: [UInt8] = [0x02, 0, 0, 0, 0, 0x0b, 0x02, 0, 0, 0, 0, 0x0a]

private let virtual: [UInt8] = [10, 0, 0, 100]
private let own: [UInt8] = [10, 0, 0, 1]
private let nobody: [UInt8] = [0, 0, 0, 0]
private let virtual6: [UInt8] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
private let own6: [UInt8] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
private let group6: [UInt8] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 1, 0]

/// An ARP packet (RFC 826).
private func arp(_ operation: UInt8, from sender: [UInt8], for target: [UInt8]) -> [UInt8] {
  ethernet + [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, operation] + [2, 0, 0, 0, 0, 0x0a] + sender
    + [0, 0, 0, 0, 0, 0] + target
}

/// An IPv4 header and eight bytes of UDP.
private func ipv4(from source: [UInt8], to destination: [UInt8]) -> [UInt8] {
  ethernet + [0x08, 0x00, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0] + source + destination
    + [0, 7, 0, 7, 0, 8, 0, 0]
}

/// An IPv6 header and what it carries.
private func ipv6(
  from source: [UInt8], to destination: [UInt8], _ nextHeader: UInt8, _ payload: [UInt8]
) -> [UInt8] {
  ethernet + [0x86, 0xdd, 0x60, 0, 0, 0, 0, UInt8(payload.count), nextHeader, 255] + source
    + destination + payload
}

/// A Neighbor Solicitation (135) or Advertisement (136) of RFC 4861.
private func neighbor(
  _ type: UInt8, from source: [UInt8], to destination: [UInt8], target: [UInt8]
) -> [UInt8] {
  ipv6(from: source, to: destination, 58, [type, 0, 0, 0, 0, 0, 0, 0] + target)
}

private let udp: [UInt8] = [0, 7, 0, 7, 0, 8, 0, 0]

private struct Case: Sendable, CustomTestStringConvertible {
  var direction: Direction
  var name: String
  var frame: [UInt8]
  /// When no lease runs.
  var verdict: Int32

  init(_ direction: Direction, _ name: String, _ frame: [UInt8], _ verdict: Int32) {
    self.direction = direction
    self.name = name
    self.frame = frame
    self.verdict = verdict
  }

  var testDescription: String { "\(direction): \(name)" }
}

private let cases: [Case] = [
  // What comes in may tell of the new holder; an answer to the rest does not get out.
  Case(.incoming, "an ARP request for the address", arp(1, from: own, for: virtual), next),
  Case(.incoming, "a probe for the address", arp(1, from: nobody, for: virtual), next),
  Case(.incoming, "a gratuitous request", arp(1, from: virtual, for: virtual), next),
  Case(.incoming, "a gratuitous reply", arp(2, from: virtual, for: virtual), next),
  Case(.incoming, "the answer to a probe of ours", arp(2, from: virtual, for: nobody), next),
  Case(.incoming, "a request for another address", arp(1, from: virtual, for: own), next),
  Case(.outgoing, "an ARP reply from the address", arp(2, from: virtual, for: own), drop),
  Case(.outgoing, "a gratuitous request", arp(1, from: virtual, for: virtual), drop),
  Case(.outgoing, "a probe of ours", arp(1, from: nobody, for: virtual), next),
  Case(.outgoing, "a request for the address", arp(1, from: own, for: virtual), next),
  Case(.incoming, "IPv4 to the address", ipv4(from: own, to: virtual), drop),
  Case(.incoming, "IPv4 from the address", ipv4(from: virtual, to: own), next),
  Case(.outgoing, "IPv4 from the address", ipv4(from: virtual, to: own), drop),
  Case(.outgoing, "IPv4 to the address", ipv4(from: own, to: virtual), next),
  Case(.incoming, "IPv6 to the address", ipv6(from: own6, to: virtual6, 17, udp), drop),
  Case(.incoming, "IPv6 from the address", ipv6(from: virtual6, to: own6, 17, udp), next),
  Case(.outgoing, "IPv6 from the address", ipv6(from: virtual6, to: own6, 17, udp), drop),
  Case(.outgoing, "IPv6 to the address", ipv6(from: own6, to: virtual6, 17, udp), next),
  Case(
    .incoming, "a solicitation to the group",
    neighbor(135, from: own6, to: group6, target: virtual6), drop),
  Case(
    .incoming, "a solicitation to the address",
    neighbor(135, from: own6, to: virtual6, target: virtual6), drop),
  Case(
    .incoming, "a solicitation of another address",
    neighbor(135, from: own6, to: group6, target: own6), next),
  Case(
    .incoming, "an advertisement of the address",
    neighbor(136, from: virtual6, to: group6, target: virtual6), next),
  Case(
    .outgoing, "an advertisement from another address",
    neighbor(136, from: own6, to: group6, target: virtual6), drop),
  Case(
    .outgoing, "an advertisement of another address",
    neighbor(136, from: own6, to: group6, target: own6), next),
  Case(
    .outgoing, "a solicitation of the address",
    neighbor(135, from: own6, to: group6, target: virtual6), next),
  Case(
    .incoming, "an echo request with the address behind it",
    ipv6(from: own6, to: own6, 58, [128, 0, 0, 0, 0, 0, 0, 0] + virtual6), next),
  Case(
    .incoming, "another EtherType with the address in the same place",
    ethernet + [0x88, 0xb5] + ipv4(from: own, to: virtual).dropFirst(14), next),
  Case(
    .incoming, "a tag in the frame",
    ethernet + [0x81, 0, 0, 5, 0x08, 0] + ipv4(from: own, to: virtual).dropFirst(14), next),
]

@Suite(.inNamespaces) struct LeaseFilterTests {
  @Test(
    "Without a lease a frame that is about the address is dropped and any other passes",
    arguments: cases)
  fileprivate func closed(_ example: Case) throws {
    let filter = try Filter()
    #expect(try filter.verdict(example.direction, example.frame).verdict == example.verdict)
  }

  @Test("With a lease every frame passes", arguments: cases)
  fileprivate func open(_ example: Case) throws {
    let filter = try Filter()
    filter.grant(60_000_000_000)
    #expect(try filter.verdict(example.direction, example.frame).verdict == next)
    filter.close()
    #expect(try filter.verdict(example.direction, example.frame).verdict == example.verdict)
  }

  @Test("A frame that ends before it names the address passes")
  func short() throws {
    let filter = try Filter()
    // The kernel runs no program over an IP header that is cut.
    let frames: [(Direction, [UInt8], shortest: Int, full: Int)] = [
      (.outgoing, arp(2, from: virtual, for: own), 15, 32),
      (.incoming, neighbor(135, from: own6, to: group6, target: virtual6), 54, 78),
      (.outgoing, neighbor(136, from: own6, to: group6, target: virtual6), 54, 78),
    ]
    for (direction, frame, shortest, full) in frames {
      for length in shortest..<full {
        let cut = Array(frame[..<length])
        #expect(try filter.verdict(direction, cut).verdict == next, "\(length) bytes")
      }
      #expect(try filter.verdict(direction, Array(frame[..<full])).verdict == drop)
    }
  }

  @Test("A deadline that has passed is no lease")
  func passed() throws {
    let filter = try Filter()
    let frame = ipv4(from: own, to: virtual)
    filter.grant(5_000_000)
    #expect(try filter.verdict(.incoming, frame).verdict == next)
    #expect(becomesTrue { (try? filter.verdict(.incoming, frame).verdict) == drop })
  }

  @Test("A frame of another address costs less than a microsecond")
  func cost() throws {
    let filter = try Filter()
    for (name, frame) in [
      ("IPv4", ipv4(from: own, to: own)), ("IPv6", ipv6(from: own6, to: own6, 17, udp)),
      ("ARP", arp(1, from: own, for: own)),
    ] {
      for direction in Direction.allCases {
        let cost = try filter.verdict(direction, frame, repetitions: 1_000_000).nanoseconds
        print("filter, \(name), \(direction): \(cost) ns per frame")
        #expect(cost < 1000)
      }
    }
  }
}
