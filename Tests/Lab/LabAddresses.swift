import CLab
import Foundation

/// One address of an interface, as ip-address(8) tells it.
public struct LabAddress: Hashable, Sendable {
  public var interface: String
  public var address: String
  public var prefixLength: Int
  /// Seconds left, nil for ever.
  public var validSeconds: Int?
  public var isTentative: Bool
}

extension Lab {
  private func number(of node: String) -> Int { (nodes.firstIndex(of: node) ?? -1) + 1 }

  /// A node's IPv4 address on a network, without its prefix length of 24.
  public func address(of node: String, network: Int = 0) -> String {
    "10.\(77 + network).0.\(number(of: node))"
  }

  /// A node's IPv6 address on a network, without its prefix length of 64.
  public func address6(of node: String, network: Int = 0) -> String {
    "fd\(77 + network)::\(String(number(of: node), radix: 16))"
  }

  /// The hardware address of a node's interface.
  public func hardwareAddress(of node: String, network: Int = 0) -> String {
    String(format: "02:77:00:00:%02x:%02x", network, number(of: node))
  }

  /// The same as bytes.
  public func hardwareBytes(of node: String, network: Int = 0) -> [UInt8] {
    [
      0x02, 0x77, 0, 0, UInt8(truncatingIfNeeded: network),
      UInt8(truncatingIfNeeded: number(of: node)),
    ]
  }

  /// The link-local address that follows from the hardware address (RFC 4291 appendix A).
  public func linkLocalAddress(of node: String, network: Int = 0) -> String {
    "fe80::77:ff:fe00:" + String(network << 8 | number(of: node), radix: 16)
  }

  /// For the JSON of ip(8).
  static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  /// All addresses of a node except the loopback's.
  public func addresses(of node: String) throws -> [LabAddress] {
    struct Link: Decodable {
      struct Entry: Decodable {
        var local: String?
        var prefixlen: Int?
        var validLifeTime: UInt32?
        var tentative: Bool?
      }
      var ifname: String?
      var addrInfo: [Entry]?
    }
    let output = try run(["ip", "-j", "addr", "show"], in: node).output
    return try Lab.decoder.decode([Link].self, from: Data(output.utf8)).flatMap { link in
      guard let name = link.ifname, name != "lo" else { return [LabAddress]() }
      return (link.addrInfo ?? []).compactMap { entry in
        guard let address = entry.local, let length = entry.prefixlen else { return nil }
        let valid = entry.validLifeTime ?? .max
        return LabAddress(
          interface: name, address: address, prefixLength: length,
          validSeconds: valid == .max ? nil : Int(valid), isTentative: entry.tentative ?? false)
      }
    }
  }

  /// Whether an interface of the node has that address, asked without starting a process.
  public func holds(_ node: String, _ address: String) throws -> Bool {
    let bytes = try addressBytes(address)
    let found = clinux_lab_has_address(namespace(of: node), bytes, bytes.count)
    guard found >= 0 else { throw LabError.system("getifaddrs in \(node)") }
    return found > 0
  }

  /// The nodes that have that address.
  public func holders(of address: String) throws -> [String] {
    try nodes.filter { try holds($0, address) }
  }

  /// Whether the node's interface is up and has carrier (IFF_RUNNING); false when it is missing.
  public func carrier(of node: String, network: Int = 0) throws -> Bool {
    let flags = clinux_lab_interface_flags(namespace(of: node), "eth\(network)")
    return flags >= 0 && flags & 0x41 == 0x41  // IFF_UP | IFF_RUNNING, netdevice(7)
  }
}

/// The 4 or 16 bytes of an address in network order; a prefix length after `/` is left out.
func addressBytes(_ text: String) throws -> [UInt8] {
  let address = String(text.prefix { $0 != "/" })
  var bytes = [UInt8](repeating: 0, count: 16)
  if inet_pton(AF_INET, address, &bytes) == 1 { return Array(bytes[..<4]) }
  if inet_pton(AF_INET6, address, &bytes) == 1 { return bytes }
  throw LabError("'\(text)' is not an address")
}
