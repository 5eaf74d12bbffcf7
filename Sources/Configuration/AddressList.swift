import VRRP

/// The `addresses` of a virtual router.
struct AddressList {
  /// What the count of an advertisement holds (RFC 9568 section 5.2.5).
  private static let maximumAddresses = 255
  /// What one packet of 1500 bytes holds over IPv6: (1500 - 40 - 8) / 16.
  private static let maximumAddressesIPv6 = 90

  /// The readable ones in the order of the file, each with its place.
  let listed: [(InterfaceAddress, Field)]
  /// Whether all of them are right.
  private let isRight: Bool

  var family: AddressFamily? { listed.first?.0.address.family }

  /// Reports what is wrong with each of them and with all of them.
  init(_ section: Section) {
    let remedy = "add it, like `addresses: [192.0.2.100/24]`"
    guard let field = section.required("addresses", remedy),
      let elements = field.list(of: "addresses")
    else {
      listed = []
      isRight = false
      return
    }
    // What is past the limit is reported as one mistake, not as thousands.
    listed = elements.prefix(Self.maximumAddresses).compactMap { element in
      element.interfaceAddress().map { ($0, element) }
    }
    if elements.isEmpty { field.refuse("the list is empty", "add at least one address") }
    isRight = listed.count == elements.count && !elements.isEmpty
    Self.refuseDuplicates(listed)
    refuseMixedFamilies()
    refuseMisplacedLinkLocal()
    refuseTooMany(elements.count, field)
  }

  /// The addresses as they are advertised: over IPv6 with the link-local one first (RFC 9568
  /// section 5.2.9); nil when one of the file's is wrong.
  func complete(_ identifier: VirtualRouterIdentifier) -> [InterfaceAddress]? {
    guard isRight else { return nil }
    let addresses = listed.map(\.0)
    return derived(identifier).map { [$0] + addresses } ?? addresses
  }

  /// The link-local address made from the VRID; nil over IPv4, and when the file lists one.
  func derived(_ identifier: VirtualRouterIdentifier) -> InterfaceAddress? {
    guard family == .ipv6, !listed.contains(where: \.0.address.isLinkLocal) else { return nil }
    let linkLocal = IPv6Address(
      high: 0xfe80_0000_0000_0000, low: 0x5e00_0200 + UInt64(identifier.number))
    return InterfaceAddress(.v6(linkLocal), prefixLength: 64)
  }

  private static func refuseDuplicates(_ listed: [(InterfaceAddress, Field)]) {
    var seen: Set<IPAddress> = []
    for (address, field) in listed where !seen.insert(address.address).inserted {
      field.refuse("\(address.address) is listed twice", "remove one")
    }
  }

  private func refuseMixedFamilies() {
    guard let family else { return }
    for (address, field) in listed where address.address.family != family {
      field.refuse(
        "\(address.address) is \(address.address.family.name), the first address is \(family.name)",
        "move it to a virtual router of its own")
    }
  }

  private func refuseMisplacedLinkLocal() {
    guard family == .ipv6, listed.first?.0.address.isLinkLocal == false else { return }
    for (address, field) in listed where address.address.isLinkLocal {
      field.refuse(
        "the link-local address \(address.address) is not the first", "move it to the first place")
    }
  }

  private func refuseTooMany(_ count: Int, _ field: Field) {
    var limit = Self.maximumAddresses
    var reason = ""
    if family == .ipv6 {
      let isListed = listed.contains { $0.0.address.isLinkLocal }
      limit = Self.maximumAddressesIPv6 - (isListed ? 0 : 1)
      reason = " in one IPv6 advertisement" + (isListed ? "" : ", besides the link-local one")
    }
    guard count > limit else { return }
    field.refuse(
      "\(count) addresses are too many", "list 1-\(limit)\(reason), or use several virtual routers")
  }
}

extension AddressFamily {
  /// `IPv4` or `IPv6`.
  public var name: String { self == .ipv4 ? "IPv4" : "IPv6" }
}

extension Field {
  /// The source of advertisements: of the family of the addresses, link-local over IPv6 (RFC 9568
  /// section 5.1.2.1), and one of the addresses only for their owner.
  func sourceAddress(
    for list: AddressList, derived: InterfaceAddress?, isOwner: Bool
  ) -> IPAddress? {
    guard let address = hostAddress() else { return nil }
    guard address.family == list.family ?? address.family else {
      refuse(
        "\(address) is \(address.family.name), the addresses are not",
        "use an address of the same family")
      return nil
    }
    guard address.family == .ipv4 || address.isLinkLocal else {
      refuse("\(address) is not link-local", "use an address of the interface in fe80::/10")
      return nil
    }
    let virtual = list.listed.map(\.0.address) + (derived.map { [$0.address] } ?? [])
    guard isOwner || !virtual.contains(address) else {
      refuse(
        "\(address) is one of the virtual router's own addresses",
        "use an address that only this node has")
      return nil
    }
    return address
  }
}
