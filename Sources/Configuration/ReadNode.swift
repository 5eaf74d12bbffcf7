/// The module turns a text into a `NodeConfiguration`, or into every mistake of it with its place.
///
/// In three steps: `YAMLDocument` makes a tree of nodes with marks from libyaml's events; `Field` and
/// `Section` read it, type by type and key by key, and report what is wrong instead of stopping; the
/// checks across virtual routers come last. Nothing here looks at the host, except `load`, which
/// reads one file.
extension NodeConfiguration {
  /// Reads the text of a configuration file.
  ///
  /// - Parameters:
  ///   - file: what the errors call it.
  ///   - hostName: this host's name up to its first dot, the default of `node`.
  public static func read(
    _ text: [UInt8], file: String, hostName: String
  ) throws(ConfigurationErrors) -> NodeConfiguration {
    let findings = Findings(file: file)
    let document = YAMLDocument(text)
    for problem in document.problems { findings.add(problem) }
    let configuration = document.root.flatMap { root in
      NodeConfiguration(
        Field(node: root, keyMark: .start, keyPath: "", findings: findings), hostName: hostName)
    }
    if let errors = findings.inOrder { throw errors }
    guard let configuration else {
      throw ConfigurationErrors(
        ConfigurationError(
          file: file, problem: "the file could not be understood",
          remedy: "compare it with an example"))
    }
    return configuration
  }

  private static let keys = [
    "node", "peers", "peer_port", "authentication", "control_socket", "control_group",
    "control_admin_group", "state_directory",
    "log_level", "realtime_priority", "lock_memory", "lease_mechanism", "virtual_routers",
  ]

  /// nil when something is missing; then it is reported.
  private init?(_ root: Field, hostName: String) {
    guard
      let section = Section(
        root, "a mapping of keys to values", keys: Self.keys)
    else { return nil }
    node = Self.node(section, hostName: hostName)
    let drafts = VirtualRouterDraft.list(section)
    peers = Self.peers(section, node: node, drafts: drafts)
    peerPort = UInt16(clamping: section["peer_port"]?.integer(1...65_535) ?? 9112)
    authentication = section["authentication"].flatMap(AuthenticationConfiguration.read)
    controlSocket =
      section["control_socket"].map { $0.path(maximumBytes: 107) ?? "" }
      ?? "/run/godwit/control.sock"
    controlGroup = section["control_group"].map { $0.accountName() ?? "" } ?? "godwit"
    controlAdminGroup = section["control_admin_group"]?.accountName()
    stateDirectory = section["state_directory"].map { $0.path() ?? "" } ?? "/var/lib/godwit"
    logLevel =
      section["log_level"]?.choice(LogLevel.allCases.map(\.rawValue))
      .flatMap(LogLevel.init(rawValue:)) ?? .info
    realtimePriority = section["realtime_priority"]?.integer(0...99) ?? 0
    lockMemory = section["lock_memory"]?.boolean() ?? true
    leaseMechanism =
      section["lease_mechanism"]?.choice(LeaseMechanismSetting.allCases.map(\.rawValue))
      .flatMap(LeaseMechanismSetting.init(rawValue:)) ?? .automatic
    refuseOverlaps(drafts)
    if section["authentication"] != nil { refuseAddressesWithoutRoom(drafts) }
    virtualRouters = drafts.compactMap(\.configuration)
    for place in virtualRouters.indices {
      virtualRouters[place].node = node
      virtualRouters[place].peers = peers.map(\.name)
    }
    // None is dropped, whatever a reader forgot to report.
    guard virtualRouters.count == drafts.count,
      (authentication == nil) == (section["authentication"] == nil)
    else { return nil }
  }

  private static func node(_ section: Section, hostName: String) -> String {
    if let field = section["node"] { return field.name() ?? "" }
    if !isName(hostName) {
      section.refuse(
        "node", "the host name `\(shown(hostName))` is not a name for a node",
        "set `node` to 1-64 letters, digits, `-`, `_` and `.`")
    }
    return hostName
  }

  private static func peers(
    _ section: Section, node: String, drafts: [VirtualRouterDraft]
  ) -> [PeerConfiguration] {
    var virtual: [String: String] = [:]
    for draft in drafts {
      for (address, _) in draft.listed {
        virtual[address.address.description] = draft.name
      }
    }
    var seen: [String: String] = [:]
    return (section["peers"]?.entries("a mapping of node names") ?? []).map { name, field in
      if !isName(name) {
        field.refuseKey("`\(shown(name))` is not a name", Field.nameRemedy)
      } else if name == node {
        field.refuseKey(
          "`\(name)` is this node itself", "list the other nodes only, or correct `node`")
      }
      let peer = Section(field, "a mapping with `addresses`", keys: ["addresses"])
      let field = peer?.required("addresses", "add one at least, like `addresses: [192.0.2.2]`")
      let addresses = field?.list(of: "addresses")
      // Nothing could be sent to it, and every list of nodes would count it.
      if addresses?.isEmpty == true {
        field?.refuse("the list is empty", "add at least one address")
      }
      return PeerConfiguration(
        name: name,
        addresses: (addresses ?? []).compactMap { field in
          guard let address = field.hostAddress() else { return nil }
          if let router = virtual[address.description] {
            field.refuse(
              "\(address) is an address of the virtual router `\(router)`, which moves",
              "use an address that the peer always has")
          }
          if let other = seen.updateValue(name, forKey: address.description) {
            field.refuse("\(address) is already an address of the peer `\(other)`", "remove one")
          }
          return address
        })
    }
  }
}
