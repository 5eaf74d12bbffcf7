import CLab
import Foundation

/// A network of namespaces: one switch with a bridge per network, and nodes with a veth on each.
///
/// Node number i (from 1, in the order given) has on network k the interface `eth<k>` with
/// 10.<77+k>.0.i/24, fd<77+k>::i/64, the link-local address of its hardware address
/// 02:77:00:00:0k:ii, and no duplicate address detection. Namespaces are named
/// `gw<5 hexadecimal digits>-<node>`, so labs of parallel runs do not meet. What was made is removed
/// by `remove()`, with the last reference, at the end of the process, and at SIGINT, SIGTERM and
/// SIGHUP: processes first, by their ids. What a killed process left is removed by the next lab.
public final class Lab {
  /// Common to the names of everything of this lab.
  public let prefix: String
  /// For files of the lab: logs, sockets, configurations. Removed with it.
  public let directory: String
  /// Names of the nodes, in the order of their numbers.
  public let nodes: [String]
  /// How many networks each node is connected to.
  public let networks: Int

  var processes: [LabProcess] = []
  private var removed = false
  private let lock: Descriptor
  private var numbers = 0

  private init(
    prefix: String, lock: consuming Descriptor, nodes: [String], networks: Int
  ) {
    self.lock = lock
    self.prefix = prefix
    directory = "/tmp/\(prefix)"
    self.nodes = nodes
    self.networks = networks
  }

  deinit { remove() }

  /// Makes the network and returns once every link carries traffic. Needs root, ip(8) and, for
  /// `cut`, nft(8): see `LabRequirements`.
  public static func make(nodes: [String], networks: Int = 1) throws -> Lab {
    if let missing = LabRequirements.missing(.network) { throw LabError(missing) }
    for node in nodes {
      guard (1...10).contains(node.utf8.count), node != "switch",
        node.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
      else { throw LabError("a node cannot be named '\(node)'") }
    }
    guard Set(nodes).count == nodes.count, nodes.count < 100, (1...9).contains(networks) else {
      throw LabError("a lab has up to 99 nodes of different names on 1-9 networks")
    }
    sweptOnce
    let (prefix, lock) = try claimPrefix()
    let lab = Lab(
      prefix: prefix, lock: Descriptor(number: lock), nodes: nodes, networks: networks)
    try lab.build()
    return lab
  }

  /// A prefix nobody has: making its directory is what claims it.
  private static func claimPrefix() throws -> (prefix: String, lock: Int32) {
    for _ in 0..<100 {
      let digits = String(UInt32.random(in: 0x10000...0xfffff), radix: 16)
      let path = "/tmp/gw\(digits)"
      if mkdir(path, 0o755) == 0 {
        guard let lock = try lock(path) else { continue }
        if clinux_lab_remember_directory(path) == 0 { return ("gw\(digits)", lock) }
        closeDescriptor(lock)
        clinux_lab_remove_directory(path)
        throw LabError("too many labs at once, or the process is ending")
      }
      if errno != EEXIST { throw LabError.system("mkdir \(path)") }
    }
    throw LabError("no free name for a lab in /tmp")
  }

  /// Ends every process and removes every namespace and file of the lab. May be called again.
  public func remove() {
    if removed { return }
    removed = true
    for process in processes { process.end() }
    for name in namespaces { clinux_lab_remove_namespace(name) }
    clinux_lab_remove_directory(directory)
  }

  /// The namespaces of the lab, the switch's first.
  public var namespaces: [String] { (["switch"] + nodes).map(namespace(of:)) }

  /// The namespace of a node, or of `switch`.
  public func namespace(of node: String) -> String { "\(prefix)-\(node)" }

  /// The end of every log in the lab's directory, at most 3,000 characters of each.
  public func logs() -> String {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.hasSuffix(".log") }.sorted().map { name in
      let text = contents("\(directory)/\(name)")
      return "--- \(name)\n\(text.suffix(3000))"
    }.joined(separator: "\n")
  }

  /// A number that no other file of this lab has in its name.
  func nextNumber() -> Int {
    numbers += 1
    return numbers
  }
}

/// A file as text, empty when it cannot be read.
func contents(_ path: String) -> String {
  String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
}
