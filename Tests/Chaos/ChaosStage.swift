import CLab
import Foundation
import Lab

/// Nodes that share an IPv4 and an IPv6 address, a client that watches both, and a thief.
final class ChaosStage {
  static let address = "10.77.0.100"
  static let address6 = "fd77::100"
  static let names = ["a", "b", "c", "d", "e"]

  let lab: Lab
  let options: ChaosOptions
  let nodes: [GodwitNode]
  /// Asks every node for both addresses each millisecond.
  let watch: Watch
  /// Asks where the client's kernel believes the address to be: what a client notices.
  let probe: Probe
  private let echoes: [EchoServer]
  private let began = Moment.now

  init(_ options: ChaosOptions) throws {
    self.options = options
    let names = Array(Self.names.prefix(options.nodes))
    let lab = try Lab.make(nodes: names + ["client", "thief"])
    self.lab = lab
    nodes = try names.enumerated().map { place, name in
      try lab.godwit(on: name, Self.configuration(lab, name, names, 150 - 20 * place, options))
    }
    echoes = try names.map { try lab.echo(on: $0, [Self.address, Self.address6]) }
    // A lapse takes a few intervals and a start, and everything is recorded to the end.
    let rounds = options.kills + options.stops
    let seconds = options.seconds + rounds * (3 + options.centiseconds / 8) + 120
    watch = try lab.watch(
      Self.address, Self.address6, from: "client", limit: seconds * 12_000)
    probe = try lab.probe(Self.address, from: "client", limit: seconds * 1000)
  }

  private static func configuration(
    _ lab: Lab, _ name: String, _ names: [String], _ priority: Int, _ options: ChaosOptions
  ) -> GodwitConfiguration {
    var configuration = GodwitConfiguration(addresses: ["\(address)/24"])
    configuration.interval = "\(options.centiseconds * 10)ms"
    configuration.priority = priority
    configuration.peers = names.filter { $0 != name }.map { ($0, [lab.address(of: $0)]) }
    configuration.otherRouters = [
      "orders-db6:", "  vrid: 52", "  interface: eth0", "  addresses: [\"\(address6)/64\"]",
      "  priority: \(priority)", "  advertisement_interval: \(configuration.interval)",
    ]
    if let mechanism = options.mechanism {
      configuration.lines.append("lease_mechanism: \(mechanism)")
    }
    if let lease = options.leaseText {
      configuration.routerLines.append("lease: \(lease)")
      configuration.otherRouters.append("  lease: \(lease)")
    }
    return configuration
  }

  subscript(name: String) -> GodwitNode? { nodes.first { $0.node == name } }

  /// Starts every node and waits until one holds each address.
  func start() throws {
    for node in nodes { try node.start() }
    try lab.eventually("one node holds both addresses", within: .seconds(30)) { isCalm }
    say("\(nodes.map(\.node).joined(separator: ", ")) run; \(mechanism())")
  }

  /// Whether one and the same node has answered for both addresses in the last interval and no
  /// other node has.
  var isCalm: Bool {
    let since = Moment.now + .zero - min(options.interval, .milliseconds(200))
    var holders: Set<String> = []
    var families: Set<Bool> = []
    for seen in recent(since: since) where seen.isClaim {
      holders.insert(seen.node)
      families.insert(seen.isIPv6)
    }
    return holders.count == 1 && families.count == 2
  }

  /// Who answered last for the IPv4 address, in the last two intervals.
  var holder: GodwitNode? {
    guard let last = watch.last(where: { $0.isClaim && !$0.isIPv6 && $0.node != "thief" }),
      Moment.now - last.time < options.interval * 2
    else { return nil }
    return self[last.node]
  }

  private func recent(since: Moment) -> [Sighting] {
    watch.sightings(from: max(0, watch.count - 6000)).filter { $0.time >= since }
  }

  private func mechanism() -> String {
    guard let lease = try? nodes[0].router().lease else { return "no lease is told" }
    return "lease \(lease.mechanism), \(lease.durationMs) ms"
  }

  /// Waits without doing anything.
  func rest(_ duration: Duration) {
    clinux_lab_sleep(Int64(max(0, duration / .microseconds(1))))
  }

  /// Time since the beginning, for a person.
  func time(_ moment: Moment = .now) -> String {
    String(format: "%8.3f s", (moment - began) / .seconds(1))
  }

  func say(_ text: String) { tell("\(time())  \(text)") }
}

/// A line to standard output, at once also where that is a pipe.
func tell(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

extension Moment {
  static func - (moment: Moment, duration: Duration) -> Moment { moment + (.zero - duration) }
}
