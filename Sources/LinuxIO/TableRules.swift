import CNetlink
import VRRP

/// The table of one virtual router as messages: a set of its addresses, the set with the lease, and
/// the chains of the interface and of `lo`.
struct TableRules {
  let identifier: LeaseIdentifier
  /// The interface's name.
  let device: String
  let addresses: [IPAddress]

  init(_ identifier: LeaseIdentifier, device: String, addresses: [IPAddress]) {
    self.identifier = identifier
    self.device = device
    self.addresses = addresses
  }

  /// Attributes and values of linux/netfilter/nf_tables.h, in the order of its enumerations.
  enum Attribute {
    static let tableName = 1, tableFlags = 2
    static let chainTable = 1, chainName = 3, chainHook = 4, chainPolicy = 5, chainType = 7
    static let hookNumber = 1, hookPriority = 2, hookDevice = 3
    static let ruleTable = 1, ruleChain = 2, ruleExpressions = 4
    static let listElement = 1, expressionName = 1, expressionData = 2
    static let setTable = 1, setName = 2, setFlags = 3, setKeyType = 4, setKeyLength = 5
    static let setIdentifier = 10
    static let listTable = 1, listSet = 2, listElements = 3
    static let elementKey = 1, elementTimeout = 4, elementExpiration = 5
    static let dataValue = 1, dataVerdict = 2, verdictCode = 1
  }

  enum Chain: String, CaseIterable {
    case incoming = "in"
    case out
    /// What a local program sends to a local address.
    case loopbackIn = "lo"

    /// NF_NETDEV_INGRESS or NF_NETDEV_EGRESS.
    var hook: UInt32 { self == .out ? 1 : 0 }
  }

  private static let addressSet = "addresses"
  private static let leaseSet = "lease"
  private static let leaseKey: [UInt8] = [1, 0, 0, 0]
  /// In front of everybody else's chains.
  private static let priority: Int32 = -500

  // MARK: Whole tables

  /// Everything, in place of whatever has the name.
  func messages(flags: UInt32) -> [NetfilterMessage] {
    let name = identifier.table
    var messages = [
      Self.table(name, flags: flags), Self.deletion(name), Self.table(name, flags: flags),
      Self.set(
        name, Self.addressSet, number: 1, keyLength: UInt32(identifier.family.addressLength),
        flags: 0),
      Self.set(name, Self.leaseSet, number: 2, keyLength: 4, flags: 0x10),
      Self.elements(.newElement, name, addresses),
      Self.chain(name, .incoming, device), Self.chain(name, .out, device),
      Self.chain(name, .loopbackIn, "lo"),
    ]
    for chain in Chain.allCases { messages += rules(name, chain) }
    return messages
  }

  static func table(_ name: String, flags: UInt32) -> NetfilterMessage {
    var message = NetfilterMessage(.newTable, flags: NLM_F_CREATE)
    message.text(Attribute.tableName, name)
    message.number(Attribute.tableFlags, flags)
    return message
  }

  static func deletion(_ name: String) -> NetfilterMessage {
    var message = NetfilterMessage(.deleteTable, flags: 0)
    message.text(Attribute.tableName, name)
    return message
  }

  static func chain(_ table: String, _ chain: Chain, _ device: String) -> NetfilterMessage {
    var message = NetfilterMessage(.newChain, flags: NLM_F_CREATE)
    message.text(Attribute.chainTable, table)
    message.text(Attribute.chainName, chain.rawValue)
    message.nested(Attribute.chainHook) {
      $0.number(Attribute.hookNumber, chain.hook)
      $0.number(Attribute.hookPriority, UInt32(bitPattern: priority))
      $0.text(Attribute.hookDevice, device)
    }
    message.number(Attribute.chainPolicy, 1)
    message.text(Attribute.chainType, "filter")
    return message
  }

  private static func set(
    _ table: String, _ name: String, number: UInt32, keyLength: UInt32, flags: UInt32
  ) -> NetfilterMessage {
    var message = NetfilterMessage(.newSet, flags: NLM_F_CREATE)
    message.text(Attribute.setTable, table)
    message.text(Attribute.setName, name)
    message.number(Attribute.setFlags, flags)
    // Only tools that show the set read its type: the ones of `nft` for addresses, and an integer.
    message.number(Attribute.setKeyType, keyLength == 4 ? (flags == 0 ? 7 : 4) : 8)
    message.number(Attribute.setKeyLength, keyLength)
    message.number(Attribute.setIdentifier, number)
    return message
  }

  // MARK: Elements

  /// The addresses of a list that has changed.
  static func change(
    _ identifier: LeaseIdentifier, from old: [IPAddress], to new: [IPAddress]
  ) -> [NetfilterMessage] {
    let gone = old.filter { !new.contains($0) }
    let come = new.filter { !old.contains($0) }
    return (come.isEmpty ? [] : [elements(.newElement, identifier.table, come)])
      + (gone.isEmpty ? [] : [elements(.deleteElement, identifier.table, gone)])
  }

  private static func elements(
    _ kind: NetfilterMessage.Kind, _ table: String, _ addresses: [IPAddress]
  ) -> NetfilterMessage {
    list(kind, table, addressSet) { list in
      for address in addresses {
        list.nested(Attribute.listElement) { $0.key(address.bytes) }
      }
    }
  }

  /// The lease of a virtual router, with the time it has left when it is added.
  static func element(
    _ kind: NetfilterMessage.Kind, _ identifier: LeaseIdentifier, lasting time: Duration?
  ) -> NetfilterMessage {
    list(kind, identifier.table, leaseSet) { list in
      list.nested(Attribute.listElement) { element in
        element.key(leaseKey)
        guard kind == .newElement, let time else { return }
        let (seconds, attoseconds) = time.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        element.wide(Attribute.elementTimeout, UInt64(max(1, milliseconds)))
      }
    }
  }

  private static func list(
    _ kind: NetfilterMessage.Kind, _ table: String, _ set: String,
    _ content: (inout NetfilterMessage) -> Void
  ) -> NetfilterMessage {
    var message = NetfilterMessage(kind, flags: kind == .newElement ? NLM_F_CREATE : 0)
    message.text(Attribute.listTable, table)
    message.text(Attribute.listSet, set)
    message.nested(Attribute.listElements, content)
    return message
  }

  // MARK: Questions

  /// Asks for all rules of the table.
  static func ruleQuery(_ identifier: LeaseIdentifier) -> NetfilterMessage {
    var message = NetfilterMessage(.getRule, flags: NLM_F_ROOT | NLM_F_MATCH)
    message.text(Attribute.ruleTable, identifier.table)
    return message
  }

  /// Asks for the addresses that the table has.
  static func addressQuery(_ identifier: LeaseIdentifier) -> NetfilterMessage {
    var message = NetfilterMessage(.getElement, flags: NLM_F_ROOT | NLM_F_MATCH)
    message.text(Attribute.listTable, identifier.table)
    message.text(Attribute.listSet, addressSet)
    return message
  }

  /// Asks for the lease.
  static func leaseQuery(_ identifier: LeaseIdentifier) -> NetfilterMessage {
    var message = NetfilterMessage(.getElement, flags: NLM_F_ROOT | NLM_F_MATCH)
    message.text(Attribute.listTable, identifier.table)
    message.text(Attribute.listSet, leaseSet)
    return message
  }

  /// The milliseconds that an element has left, in an answer to `leaseQuery`.
  static func expiration(in body: Span<UInt8>) -> UInt64? {
    var left: UInt64?
    NetlinkMessage.forEachAttribute(in: body, skipping: 4) { type, list in
      guard type == Attribute.listElements else { return }
      NetlinkMessage.forEachAttribute(in: list, skipping: 0) { _, element in
        NetlinkMessage.forEachAttribute(in: element, skipping: 0) { type, value in
          guard type == Attribute.elementExpiration else { return }
          let number: UInt64? = value.hostInteger(at: 0)
          left = number.map { UInt64(bigEndian: $0) }
        }
      }
    }
    return left
  }

  /// How many rules the table has.
  static func ruleCount(_ identifier: LeaseIdentifier) -> Int {
    let rules = TableRules(identifier, device: "", addresses: [])
    return Chain.allCases.reduce(0) { $0 + rules.rules(identifier.table, $1).count }
  }

  // MARK: Rules

  private func rules(_ table: String, _ chain: Chain) -> [NetfilterMessage] {
    // What is let through whatever it says: everything while the lease runs, the frames of a VLAN, which
    // are its own interface's, and on `lo` link-local addresses, which several interfaces may have.
    let passing: [TableExpression] =
      switch chain {
      case .loopbackIn:
        [.isProtocol(0x86dd), .network(24, 2), .masked([0xff, 0xc0]), .equals([0xfe, 0x80])]
      case .incoming, .out:
        [
          .link(12, 2), .equals([0x81, 0]), .link(14, 2), .masked([0x0f, 0xff]),
          .differs([0, 0]),
        ]
      }
    let lease: [TableExpression] = [.constant(Self.leaseKey), .isIn(Self.leaseSet, 2)]
    return [lease, passing].map { Self.rule(table, chain, $0 + [.verdict(accept: true)]) }
      + dropping(table, chain)
  }

  private func dropping(_ table: String, _ chain: Chain) -> [NetfilterMessage] {
    let isOut = chain == .out
    let member = [TableExpression.isIn(Self.addressSet, 1), .verdict(accept: false)]
    switch identifier.family {
    case .ipv4:
      // An ARP frame that comes in may tell this host of the new holder; answers do not get out.
      let arp = Self.rule(table, chain, [.isProtocol(0x0806), .network(14, 4)] + member)
      let ip = Self.rule(
        table, chain, [.isProtocol(0x0800), .network(isOut ? 12 : 16, 4)] + member)
      return isOut ? [arp, ip] : [ip]
    case .ipv6:
      // Neighbor Advertisement 136 and Solicitation 135 name the address behind their header.
      return [
        Self.rule(
          table, chain, [.isProtocol(0x86dd), .network(isOut ? 8 : 24, 16)] + member),
        Self.rule(
          table, chain,
          [
            .isProtocol(0x86dd), .network(6, 1), .equals([58]), .network(40, 1),
            .equals([isOut ? 136 : 135]), .network(48, 16),
          ] + member),
      ]
    }
  }

  private static func rule(
    _ table: String, _ chain: Chain, _ expressions: [TableExpression]
  ) -> NetfilterMessage {
    var message = NetfilterMessage(.newRule, flags: NLM_F_CREATE | NLM_F_APPEND)
    message.text(Attribute.ruleTable, table)
    message.text(Attribute.ruleChain, chain.rawValue)
    message.nested(Attribute.ruleExpressions) { list in
      for expression in expressions { expression.append(to: &list) }
    }
    return message
  }
}

extension NetfilterMessage {
  fileprivate mutating func key(_ value: [UInt8]) {
    nested(TableRules.Attribute.elementKey) { $0.value(TableRules.Attribute.dataValue, value) }
  }
}
