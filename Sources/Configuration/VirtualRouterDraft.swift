import Failover
import VRRP

/// One virtual router while it is read: what is still wrong is nil, and already reported.
struct VirtualRouterDraft {
  static let keys = [
    "vrid", "version", "interface", "addresses", "priority", "advertisement_interval", "preempt",
    "transport", "source_address", "checksum", "accept_mode", "virtual_mac", "lease",
    "announcements", "conflict_detection", "connections", "checks", "hooks", "track",
    "maintenance_lease", "precheck_interval",
  ]
  static let reservedKeys = ["group"]

  let name: String
  let identifier: VirtualRouterIdentifier?
  let identifierField: Field?
  let interface: InterfaceSelector?
  /// The addresses of the file, each with its place.
  let listed: [(InterfaceAddress, Field)]
  /// The link-local address that the VRID adds to them.
  let derived: InterfaceAddress?
  /// nil when the mapping is none, or a required key is missing or wrong.
  let configuration: VirtualRouterConfiguration?

  /// The family of the addresses, as far as they can be read.
  var family: AddressFamily? { listed.first?.0.address.family }

  /// All of a file, in its order; reports when there is none.
  static func list(_ section: Section) -> [VirtualRouterDraft] {
    guard let field = section.required("virtual_routers", "add at least one virtual router") else {
      return []
    }
    guard let entries = field.entries("a mapping of virtual router names") else { return [] }
    if entries.isEmpty { field.refuse("there is no virtual router", "add at least one") }
    return entries.map { name, field in
      if !isName(name) {
        field.refuseKey("`\(shown(name))` is not a name", Field.nameRemedy)
      }
      return VirtualRouterDraft(name, field)
    }
  }

  private init(_ name: String, _ field: Field) {
    self.name = name
    guard
      let section = Section(
        field, "a mapping of the virtual router's keys", keys: Self.keys,
        reserved: Self.reservedKeys)
    else {
      identifier = nil
      identifierField = nil
      interface = nil
      listed = []
      derived = nil
      configuration = nil
      return
    }
    identifierField = section.required("vrid", "add `vrid`, 1-255")
    identifier = identifierField?.integer(1...255).flatMap {
      VirtualRouterIdentifier(UInt8(truncatingIfNeeded: $0))
    }
    interface = section.required("interface", "add it, like `interface: eth0`")?.interfaceSelector()
    let list = AddressList(section)
    listed = list.listed
    derived = identifier.flatMap(list.derived)
    configuration = Self.configuration(name, section, identifier, interface, list)
    refuseUnavailable(in: section)
  }

  private static func configuration(
    _ name: String, _ section: Section, _ identifier: VirtualRouterIdentifier?,
    _ interface: InterfaceSelector?, _ list: AddressList
  ) -> VirtualRouterConfiguration? {
    let protocolReader = ProtocolReader(section, family: list.family)
    // Everything is read before the guard: one missing key must not hide another mistake.
    let preemption = readPreemption(section)
    let priority = section["priority"]?.integer(1...255) ?? 100
    let source = section["source_address"]?.sourceAddress(
      for: list, derived: identifier.flatMap(list.derived), isOwner: priority == 255)
    let lease = LeaseSettings.read(section, interval: protocolReader.interval)
    let conflictDetection = section["conflict_detection"]?.boolean() ?? true
    let refresh = announcementRefresh(section)
    let connections = ConnectionSettings.read(section)
    let maintenanceLease = section["maintenance_lease"]?.duration(.seconds(5) ... .seconds(900))
    let precheckInterval = section["precheck_interval"]?.duration(.seconds(1) ... .seconds(3600))
    let checks = CheckReader.list(section)
    let hooks = HookReader.list(section)
    let tracked = trackedInterfaces(section)
    guard let identifier, let interface, let addresses = list.complete(identifier) else {
      return nil
    }
    return VirtualRouterConfiguration(
      name: name, interface: interface, addresses: addresses,
      router: VirtualRouterSettings(
        identifier: identifier, version: protocolReader.version,
        addresses: addresses.map(\.address),
        priority: Priority(UInt8(truncatingIfNeeded: priority)),
        advertisementInterval: protocolReader.interval, preemption: preemption,
        checksumForm: protocolReader.checksum),
      lease: lease, conflictDetection: conflictDetection, sourceAddress: source,
      announcementRefresh: refresh, connections: connections,
      maintenanceLease: maintenanceLease ?? .seconds(60),
      precheckInterval: precheckInterval ?? .seconds(10), checks: checks, hooks: hooks,
      trackedInterfaces: tracked)
  }

  private static func announcementRefresh(_ section: Section) -> Duration {
    let announcements = section["announcements"].flatMap {
      Section($0, "a mapping with `refresh`", keys: ["refresh"], reserved: ["confirm"])
    }
    return announcements?["refresh"]?.duration(.seconds(1) ... .seconds(3600)) ?? .seconds(60)
  }

  private static func trackedInterfaces(_ section: Section) -> [String] {
    let track = section["track"].flatMap {
      Section($0, "a mapping with `interfaces`", keys: ["interfaces"], reserved: ["gateway"])
    }
    var seen: Set<String> = []
    return (track?["interfaces"]?.list(of: "interface names") ?? []).compactMap { field in
      guard let name = field.interfaceName() else { return nil }
      if !seen.insert(name).inserted { field.refuse("`\(name)` is listed twice", "remove one") }
      return name
    }
  }
}

/// Keys of which this version takes only the value that changes nothing.
private func refuseUnavailable(in section: Section) {
  if let field = section["transport"], field.choice(["multicast", "unicast"]) == "unicast" {
    field.refuse("`unicast` is not available yet", "leave the key out or write `multicast`")
  }
  for (key, missing) in [("virtual_mac", true), ("accept_mode", false)] {
    if let field = section[key], field.boolean() == missing {
      field.refuse("`\(missing)` is not available yet", "leave the key out or write `\(!missing)`")
    }
  }
}
