import Failover

extension ConnectionSettings {
  /// `connections`: what happens to the TCP connections of the addresses.
  static func read(_ section: Section) -> ConnectionSettings {
    var settings = ConnectionSettings()
    let connections = section["connections"].flatMap {
      Section(
        $0, "a mapping with `on_release`, `on_takeover` and `ports`",
        keys: ["on_release", "on_takeover", "ports"])
    }
    guard let connections else { return settings }
    if let word = connections["on_release"]?.choice(Release.allCases.map(\.rawValue)) {
      settings.onRelease = Release(rawValue: word) ?? .reset
    }
    if let word = connections["on_takeover"]?.choice(Takeover.allCases.map(\.rawValue)) {
      settings.onTakeover = Takeover(rawValue: word) ?? .tickle
    }
    if let field = connections["ports"] { settings.ports = ports(field) }
    return settings
  }

  private static func ports(_ field: Field) -> Set<UInt16> {
    guard let fields = field.list(of: "ports") else { return [] }
    guard !fields.isEmpty else {
      field.refuse("there is no port", "list one at least, or leave the key out for all ports")
      return []
    }
    guard fields.count <= mostPorts else {
      field.refuse(
        "there are \(fields.count) ports", "list at most \(mostPorts), or leave the key out for all"
      )
      return []
    }
    var ports: Set<UInt16> = []
    for field in fields {
      guard let number = field.integer(1...65_535) else { continue }
      if !ports.insert(UInt16(truncatingIfNeeded: number)).inserted {
        field.refuse("\(number) is listed twice", "remove one")
      }
    }
    return ports
  }
}
