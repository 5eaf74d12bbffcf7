import VRRP

/// Reports what two virtual routers of one node cannot share: a VRID on one interface in one family
/// (RFC 9568 section 3), and an address.
func refuseOverlaps(_ drafts: [VirtualRouterDraft]) {
  refuseSharedIdentifiers(drafts)
  refuseSharedAddresses(drafts)
}

private func refuseSharedIdentifiers(_ drafts: [VirtualRouterDraft]) {
  struct Identity: Hashable {
    var identifier: VirtualRouterIdentifier
    var interface: InterfaceSelector
    var family: AddressFamily
  }
  var seen: [Identity: String] = [:]
  for draft in drafts {
    guard let identifier = draft.identifier, let interface = draft.interface,
      let family = draft.family
    else { continue }
    let identity = Identity(identifier: identifier, interface: interface, family: family)
    if let other = seen[identity] {
      draft.identifierField?.refuse(
        "`\(other)` has the VRID \(identifier) on the same interface over \(family.name) already",
        "use another VRID")
    } else {
      seen[identity] = draft.name
    }
  }
}

private func refuseSharedAddresses(_ drafts: [VirtualRouterDraft]) {
  /// A link-local address belongs to one link, any other to one host.
  struct Place: Hashable {
    var address: IPAddress
    var link: InterfaceSelector?
  }
  var listed: [Place: String] = [:]
  for draft in drafts {
    for (address, field) in draft.listed {
      let link = address.address.isLinkLocal ? draft.interface : nil
      let place = Place(address: address.address, link: link)
      // Twice in one list is reported with that list.
      if let other = listed[place], other != draft.name {
        field.refuse(
          "\(address.address) is already an address of `\(other)`", "keep it in one of them")
      } else {
        listed[place] = draft.name
      }
    }
  }
  // Two derived ones are equal only when the VRIDs are, which is reported with the VRIDs.
  for draft in drafts {
    guard let address = draft.derived?.address,
      let other = listed[Place(address: address, link: draft.interface)]
    else { continue }
    draft.identifierField?.refuse(
      "`\(other)` lists \(address), which this VRID adds", "use another VRID, or list one here")
  }
}
