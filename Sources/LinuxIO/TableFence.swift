import CNetlink
import Glibc
import VRRP

/// The fence of nf_tables: for each virtual router a netdev table of our own, whose rules drop the
/// addresses unless one element, the lease, is there. The element expires by itself.
///
/// An element that is there cannot be told to stay longer, so it is deleted and added again in one
/// transaction, which fails when it has expired: a late renewal revives nothing. Its time is relative
/// and counts from when the kernel adds it, so it is shorter by what the way there may take; whoever
/// was held up longer than that does it again at once.
struct TableFence: ~Copyable {
  /// The least that a renewal may take on its way.
  static let leastTolerance = Duration.milliseconds(5)
  /// The kernel counts in ticks of up to 10 ms, and what it rounds down to none never expires.
  static let shortest = Duration.milliseconds(25)
  static let prefix = "godwit-"

  private var socket: NetfilterSocket
  /// NFTA_TABLE_FLAGS that this kernel takes.
  private let flags: UInt32
  private var entries: [LeaseIdentifier: [IPAddress]] = [:]

  private init(_ socket: consuming NetfilterSocket, flags: UInt32) {
    self.socket = socket
    self.flags = flags
  }

  /// NFT_TABLE_F_OWNER and NFT_TABLE_F_PERSIST (Linux 6.9): `nft flush ruleset` of others leaves it
  /// alone, and it outlives its owner.
  static let owned: UInt32 = 0x6

  /// Creates a table as it will be needed, and removes it; with the first of `choices` of its flags
  /// that this kernel takes.
  static func open(choices: [UInt32] = [owned, 0]) throws(SystemError) -> TableFence {
    var socket = try NetfilterSocket.open()
    for flags in choices {
      do throws(SystemError) {
        let name = "\(prefix)probe-\(getpid())"
        try socket.commit([
          TableRules.table(name, flags: flags), TableRules.chain(name, .loopbackIn, "lo"),
          TableRules.chain(name, .out, "lo"),
        ])
        try socket.commit([TableRules.deletion(name)])
        return TableFence(socket, flags: flags)
      } catch {
        if flags == choices.last { throw error }
      }
    }
    throw SystemError("nf_tables", EOPNOTSUPP)
  }

  // MARK: Fences

  mutating func fence(
    _ identifier: LeaseIdentifier, addresses: [IPAddress], until end: Instant? = nil
  ) throws(SystemError) {
    if let present = entries[identifier] {
      let messages = TableRules.change(identifier, from: present, to: addresses)
      if !messages.isEmpty { try socket.commit(messages) }
    } else {
      try install(identifier, addresses, until: end)
    }
    entries[identifier] = addresses
  }

  /// The table in place of whatever has its name, with a lease from its first moment.
  private mutating func install(
    _ identifier: LeaseIdentifier, _ addresses: [IPAddress], until end: Instant?
  ) throws(SystemError) {
    let start = Clock.now()
    guard let end, let (time, tolerance) = Self.lasting(from: start, until: end) else {
      return try install(identifier, addresses)
    }
    try install(
      identifier, addresses, and: [TableRules.element(.newElement, identifier, lasting: time)])
    guard Clock.now() - start > tolerance else { return }
    entries[identifier] = addresses
    do throws(SystemError) {
      try grant(identifier, until: end)
    } catch {
      guard error.code == ETIME else { throw error }
    }
  }

  private mutating func install(
    _ identifier: LeaseIdentifier, _ addresses: [IPAddress], and more: [NetfilterMessage] = []
  ) throws(SystemError) {
    guard let device = interfaceName(identifier.interfaceIndex) else {
      throw SystemError("if_indextoname", ENODEV)
    }
    let rules = TableRules(identifier, device: device, addresses: addresses)
    try socket.commit(rules.messages(flags: flags) + more)
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
    guard entries[identifier] != nil else { throw SystemError("lease", ENOENT) }
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
      let start = Clock.now()
      guard let (time, tolerance) = Self.lasting(from: start, until: end) else { break }
      try socket.commit(kinds.map { TableRules.element($0, identifier, lasting: time) })
      if Clock.now() - start <= tolerance { return }
      kinds = [.deleteElement, .newElement]
    }
    try close(identifier)
    throw SystemError("lease", ETIME)
  }

  /// What an element is told that shall have gone by `end`, and how long its way may take; nil when it
  /// is too late.
  private static func lasting(
    from start: Instant, until end: Instant
  ) -> (time: Duration, tolerance: Duration)? {
    let tolerance = max(leastTolerance, (end - start) / 50)
    let time = end - start - tolerance
    return time >= shortest ? (time, tolerance) : nil
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
    for (identifier, addresses) in entries {
      // Without its interface there is nothing to silence.
      guard interfaceName(identifier.interfaceIndex) != nil else { continue }
      if present.contains(identifier.table) {
        // Nobody else can change what is in a table with an owner.
        if flags != 0 { continue }
        if try isComplete(identifier, addresses) { continue }
      }
      try install(identifier, addresses)
      rebuilt.append(identifier)
    }
    return rebuilt
  }

  /// Whether the table has as many rules and addresses as it should.
  private mutating func isComplete(
    _ identifier: LeaseIdentifier, _ addresses: [IPAddress]
  ) throws(SystemError) -> Bool {
    var rules = 0
    var elements = 0
    do throws(SystemError) {
      try socket.dump(TableRules.ruleQuery(identifier)) { _ in rules += 1 }
      try socket.dump(TableRules.addressQuery(identifier)) { body in
        NetlinkMessage.forEachAttribute(in: body, skipping: 4) { type, list in
          guard type == TableRules.Attribute.listElements else { return }
          NetlinkMessage.forEachAttribute(in: list, skipping: 0) { _, _ in elements += 1 }
        }
      }
    } catch {
      guard error.code == ENOENT else { throw error }
      return false
    }
    return rules == TableRules.ruleCount(identifier) && elements == Set(addresses).count
  }

  /// When the lease of an earlier run ends; nil where there is none any more.
  static func leftover(_ identifier: LeaseIdentifier) -> Instant? {
    guard var socket = try? NetfilterSocket.open() else { return nil }
    var left: UInt64?
    let now = Clock.now()
    try? socket.dump(TableRules.leaseQuery(identifier)) { body in
      left = TableRules.expiration(in: body) ?? left
    }
    return left.map { now + .milliseconds(Int64(clamping: $0)) }
  }

  static func hasLeftovers() -> Bool {
    guard var socket = try? NetfilterSocket.open() else { return false }
    return (try? tables(&socket).isEmpty) == false
  }

  /// The tables of this owner.
  var names: Set<String> { Set(entries.keys.map(\.table)) }

  static func removeLeftovers(except own: Set<String> = []) -> Bool {
    guard var socket = try? NetfilterSocket.open(), let present = try? tables(&socket) else {
      return false
    }
    var found = false
    for table in present where !own.contains(table) {
      if (try? socket.commit([TableRules.deletion(table)])) != nil { found = true }
    }
    return found
  }

  mutating func removeAll(except kept: Set<LeaseIdentifier> = []) {
    for identifier in Array(entries.keys) where !kept.contains(identifier) {
      try? unfence(identifier)
    }
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
