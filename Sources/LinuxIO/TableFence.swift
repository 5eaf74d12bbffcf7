import CNetlink
import Glibc
import VRRP

/// The fence of nf_tables: for each virtual router a netdev table of our own, whose rules drop the
/// addresses unless one element, the lease, is there. The element expires by itself.
///
/// An element that is there cannot be told to stay longer, so it is deleted and added again in one
/// transaction, which fails when it has expired: a late renewal revives nothing. Its time is relative;
/// whoever was held up between reading the clock and the kernel's answer renews again at once.
struct TableFence: ~Copyable {
  /// How long a renewal may be on its way before it is done again.
  static let tolerance = Duration.milliseconds(5)
  static let prefix = "godwit-"

  private var socket: NetfilterSocket
  /// NFTA_TABLE_FLAGS that this kernel takes.
  private let flags: UInt32
  private var entries: [LeaseIdentifier: [IPAddress]] = [:]

  private init(_ socket: consuming NetfilterSocket, flags: UInt32) {
    self.socket = socket
    self.flags = flags
  }

  /// Creates a table as it will be needed, and removes it.
  static func open() throws(SystemError) -> TableFence {
    var socket = try NetfilterSocket.open()
    // NFT_TABLE_F_OWNER and NFT_TABLE_F_PERSIST (Linux 6.9): `nft flush ruleset` of others leaves it
    // alone, and it outlives its owner.
    for flags in [UInt32(0x6), 0] {
      do throws(SystemError) {
        let name = "\(prefix)probe-\(getpid())"
        try socket.commit([
          TableRules.table(name, flags: flags), TableRules.chain(name, .loopbackIn, "lo"),
          TableRules.chain(name, .out, "lo"),
        ])
        try socket.commit([TableRules.deletion(name)])
        return TableFence(socket, flags: flags)
      } catch {
        if flags == 0 { throw error }
      }
    }
    throw SystemError("nf_tables", EOPNOTSUPP)
  }

  // MARK: Fences

  mutating func fence(
    _ identifier: LeaseIdentifier, addresses: [IPAddress]
  ) throws(SystemError) {
    if let present = entries[identifier] {
      guard present != addresses else { return }
      try socket.commit(
        TableRules.change(identifier, from: present, to: addresses))
    } else {
      try install(identifier, addresses)
    }
    entries[identifier] = addresses
  }

  private mutating func install(
    _ identifier: LeaseIdentifier, _ addresses: [IPAddress]
  ) throws(SystemError) {
    guard let device = interfaceName(identifier.interfaceIndex) else {
      throw SystemError("if_indextoname", ENXIO)
    }
    let rules = TableRules(identifier, device: device, addresses: addresses)
    try socket.commit(rules.messages(flags: flags))
  }

  mutating func unfence(_ identifier: LeaseIdentifier) throws(SystemError) {
    guard entries.removeValue(forKey: identifier) != nil else { return }
    do throws(SystemError) {
      try socket.commit([TableRules.deletion(identifier.table)])
    } catch {
      guard error.code == ENOENT else { throw error }
    }
  }

  // MARK: Leases

  mutating func grant(
    _ identifier: LeaseIdentifier, until end: Instant
  ) throws(SystemError) {
    do throws(SystemError) {
      // The add without a deletion does not move the end of one that is there.
      try extend(identifier, until: end, by: [.deleteElement, .newElement])
    } catch {
      guard error.code == ENOENT else { throw error }
      try extend(identifier, until: end, by: [.newElement])
    }
  }

  mutating func renew(
    _ identifier: LeaseIdentifier, until end: Instant
  ) throws(LeaseError) {
    do throws(SystemError) {
      try extend(identifier, until: end, by: [.deleteElement, .newElement])
    } catch {
      throw error.code == ENOENT || error.code == ETIME ? .lapsed : .refused(error)
    }
  }

  private mutating func extend(
    _ identifier: LeaseIdentifier, until end: Instant, by kinds: [NetfilterMessage.Kind]
  ) throws(SystemError) {
    var kinds = kinds
    // Each pass is as late as the processor makes it; more than a few do not happen in a row.
    for _ in 0..<8 {
      let left = end - Clock.now()
      guard left > .milliseconds(1) else {
        try close(identifier)
        throw SystemError("lease", ETIME)
      }
      try socket.commit(kinds.map { TableRules.element($0, identifier, lasting: left) })
      if end - Clock.now() >= left - Self.tolerance { return }
      kinds = [.deleteElement, .newElement]
    }
    try close(identifier)
    throw SystemError("lease", ETIME)
  }

  mutating func close(_ identifier: LeaseIdentifier) throws(SystemError) {
    do throws(SystemError) {
      try socket.commit([TableRules.element(.deleteElement, identifier, lasting: nil)])
    } catch {
      guard error.code == ENOENT else { throw error }
    }
  }

  // MARK: Looking after it

  mutating func repair() throws(SystemError) -> [LeaseIdentifier] {
    let present = try Self.tables(&socket)
    var rebuilt: [LeaseIdentifier] = []
    for (identifier, addresses) in entries where !present.contains(identifier.table) {
      guard interfaceName(identifier.interfaceIndex) != nil else { continue }
      try install(identifier, addresses)
      rebuilt.append(identifier)
    }
    return rebuilt
  }

  static func removeLeftovers() -> Bool {
    guard var socket = try? NetfilterSocket.open(), let present = try? tables(&socket) else {
      return false
    }
    var found = false
    for table in present {
      if (try? socket.commit([TableRules.deletion(table)])) != nil { found = true }
    }
    return found
  }

  mutating func removeAll() {
    for identifier in Array(entries.keys) { try? unfence(identifier) }
  }

  /// The names of all tables of ours.
  private static func tables(_ socket: inout NetfilterSocket) throws(SystemError) -> [String] {
    var names: [String] = []
    try socket.dump(NetfilterMessage(.getTable, flags: NLM_F_ROOT | NLM_F_MATCH)) { body in
      NetlinkMessage.forEachAttribute(in: body, skipping: 4) { type, value in
        guard type == TableRules.Attribute.tableName else { return }
        let name = String(decoding: value.array.prefix { $0 != 0 }, as: UTF8.self)
        if name.hasPrefix(prefix) { names.append(name) }
      }
    }
    return names
  }
}

extension LeaseIdentifier {
  /// The name of its table.
  var table: String {
    "\(TableFence.prefix)\(interfaceIndex)-\(virtualRouter)-\(family == .ipv4 ? 4 : 6)"
  }
}

/// The name of an interface, nil when it is gone (if_indextoname(3)).
private func interfaceName(_ index: Int32) -> String? {
  var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
  guard if_indextoname(UInt32(bitPattern: index), &name) != nil else { return nil }
  return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
