import CLab

/// Who says that an address is here, seen from a node that asks everybody for it all the time.
///
/// A thread of its own asks each interval, by ARP, a Neighbor Solicitation and a datagram over
/// either family, in frames that reach every node: unlike a `Probe`, whose datagrams go where the
/// kernel believes the address to be, it sees every node that answers. The moments are the kernel's
/// receive timestamps.
public final class Watch {
  private let thread: OpaquePointer
  private let lab: Lab
  private let network: Int

  fileprivate init(_ thread: OpaquePointer, _ lab: Lab, _ network: Int) {
    self.thread = thread
    self.lab = lab
    self.network = network
  }

  deinit { clinux_watch_free(thread) }

  /// How many sightings there are.
  public var count: Int { Int(clinux_watch_count(thread)) }

  /// Frames that could not be recorded; with any, nothing is proved.
  public var lost: Int { Int(clinux_watch_lost(thread)) }

  /// Asks no more; what was seen stays.
  public func stop() { clinux_watch_stop(thread) }

  /// What was seen, from a number on, by time.
  public func sightings(from first: Int = 0) -> [Sighting] {
    (first..<max(first, count)).compactMap(sighting).sorted { $0.time < $1.time }
  }

  /// The newest sighting that `matches`; looks back over 4,000.
  public func last(where matches: (Sighting) -> Bool) -> Sighting? {
    let end = count
    for number in (max(0, end - 4000)..<end).reversed() {
      if let seen = sighting(number), matches(seen) { return seen }
    }
    return nil
  }

  private func sighting(_ number: Int) -> Sighting? {
    let record = clinux_watch_at(thread, UInt32(number))
    // 02:77:00:00:<network>:<node>
    let hardware = record.hardware
    guard hardware.0 == 2, hardware.1 == 0x77, Int(hardware.4) == network,
      lab.nodes.indices.contains(Int(hardware.5) - 1)
    else { return nil }
    let kind: Sighting.Kind
    switch UInt32(record.kind & 0x7f) {
    case clinux_watch_answer.rawValue: kind = .answer
    case clinux_watch_announcement.rawValue: kind = .announcement
    case clinux_watch_datagram.rawValue: kind = .datagram
    default: kind = .advertisement(priority: Int(record.priority))
    }
    return Sighting(
      time: Moment(nanoseconds: record.time), node: lab.nodes[Int(hardware.5) - 1],
      isIPv6: record.kind & 0x80 != 0, kind: kind)
  }
}

/// One frame by which a node says something about an address.
public struct Sighting: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// By ARP or a Neighbor Advertisement: to who asked, and to everybody.
    case answer, announcement
    /// By a datagram from the address.
    case datagram
    case advertisement(priority: Int)
  }

  public var time: Moment
  /// Whose hardware address the frame came from.
  public var node: String
  public var isIPv6: Bool
  public var kind: Kind

  public init(time: Moment, node: String, isIPv6: Bool, kind: Kind) {
    self.time = time
    self.node = node
    self.isIPv6 = isIPv6
    self.kind = kind
  }

  /// Whether it says that the address is at that node.
  public var isClaim: Bool {
    switch kind {
    case .answer, .announcement, .datagram: true
    case .advertisement: false
    }
  }
}

extension Lab {
  /// Starts asking from a node for two addresses, of which `EchoServer`s on the others answer
  /// datagrams; about 6 sightings come of each interval.
  public func watch(
    _ address: String, _ address6: String, from node: String, network: Int = 0,
    every interval: Duration = .milliseconds(1), limit: Int = 20_000_000
  ) throws -> Watch {
    var settings = clinux_watch_settings()
    try fill(&settings.own4, addressBytes(self.address(of: node, network: network)))
    try fill(&settings.own6, addressBytes(self.address6(of: node, network: network)))
    try fill(&settings.address4, addressBytes(address))
    try fill(&settings.address6, addressBytes(address6))
    settings.port = EchoServer.port
    settings.interval_us = interval.inNanoseconds / 1000
    settings.capacity = UInt32(clamping: limit)
    let thread = namespace(of: node).withCString { namespace in
      "eth\(network)".withCString { interface in
        settings.ns = namespace
        settings.interface = interface
        return clinux_watch_start(&settings)
      }
    }
    guard let thread else { throw LabError.system("start a watch on \(node)") }
    return Watch(thread, self, network)
  }
}

private func fill<Value>(_ value: inout Value, _ bytes: [UInt8]) throws {
  guard bytes.count == MemoryLayout<Value>.size else {
    throw LabError("an address of the other family is asked for")
  }
  withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes) }
}
