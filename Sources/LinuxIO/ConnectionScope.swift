import VRRP

/// Which connections of this host are meant: those of one virtual router.
public struct ConnectionScope: Hashable, Sendable {
  /// The local addresses.
  public var addresses: [IPAddress]
  /// The interface that a link-local address counts on.
  public var interfaceIndex: Int32
  /// The local ports; empty for all.
  public var ports: Set<UInt16>
  /// Whether half-open connections (SYN-RECEIVED) are not meant.
  public var sparesHalfOpen: Bool

  public init(
    addresses: [IPAddress], interfaceIndex: Int32, ports: Set<UInt16> = [],
    sparesHalfOpen: Bool = false
  ) {
    self.addresses = addresses
    self.interfaceIndex = interfaceIndex
    self.ports = ports
    self.sparesHalfOpen = sparesHalfOpen
  }
}

/// Several scopes, ready to be asked about each connection.
struct ConnectionScopes {
  /// A link-local address is another one on each interface; else the interface is 0.
  private struct Place: Hashable {
    let address: IPAddress
    let interfaceIndex: Int32
  }

  let scopes: [ConnectionScope]
  private let places: [Place: Int]

  /// An address that is in two scopes belongs to the first.
  init(_ scopes: [ConnectionScope]) {
    self.scopes = scopes
    var places: [Place: Int] = [:]
    for (number, scope) in scopes.enumerated() {
      for address in scope.addresses {
        let place = Place(
          address: address, interfaceIndex: address.isLinkLocal ? scope.interfaceIndex : 0)
        if places[place] == nil { places[place] = number }
      }
    }
    self.places = places
  }

  /// All their addresses, for the kernel to pick by.
  var addresses: [IPAddress] { Array(Set(scopes.flatMap(\.addresses))) }

  /// The families whose sockets can have such addresses: those of IPv6 can have any.
  var families: [AddressFamily] {
    let used = Set(addresses.map(\.family))
    if used.isEmpty { return [] }
    return used.contains(.ipv4) ? [.ipv4, .ipv6] : [.ipv6]
  }

  /// The scope that a connection is in; nil for none.
  func place(of listed: ListedConnection) -> Int? {
    let (connection, local) = (listed.connection, listed.connection.local)
    let place = Place(
      address: local, interfaceIndex: local.isLinkLocal ? listed.interfaceIndex : 0)
    guard let number = places[place] else { return nil }
    let scope = scopes[number]
    guard scope.ports.isEmpty || scope.ports.contains(connection.localPort) else { return nil }
    return listed.isHalfOpen && scope.sparesHalfOpen ? nil : number
  }
}
