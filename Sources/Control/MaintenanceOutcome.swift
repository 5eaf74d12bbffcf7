/// What came of `godwit maintenance on` or `off`, for each virtual router that was meant.
public struct MaintenanceOutcome: Codable, Equatable, Sendable {
  public var routers: [Router]

  public struct Router: Codable, Equatable, Sendable {
    public var name: String
    /// Whether maintenance is on now.
    public var isOn: Bool
    /// The peers that have confirmed it, by name.
    public var told: [String]
    /// The peers that have not.
    public var untold: [String]
    /// Whether the address stays where it is while its daemon is not there.
    public var keepsAddress: Bool
    /// For how long it may; 0 for not at all.
    public var leaseMilliseconds: Int
    /// For a person; may be empty.
    public var detail: String

    public init(
      name: String, isOn: Bool, told: [String] = [], untold: [String] = [],
      keepsAddress: Bool, leaseMilliseconds: Int, detail: String = ""
    ) {
      self.name = name
      self.isOn = isOn
      self.told = told
      self.untold = untold
      self.keepsAddress = keepsAddress
      self.leaseMilliseconds = leaseMilliseconds
      self.detail = detail
    }

    private enum CodingKeys: String, CodingKey {
      case name, told, untold, detail
      case isOn = "on"
      case keepsAddress = "keeps_address"
      case leaseMilliseconds = "lease_ms"
    }
  }

  public init(routers: [Router]) { self.routers = routers }
}
