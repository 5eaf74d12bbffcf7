import Foundation

/// What `godwit status --json` says, as far as tests ask. Keys that are not there are nil.
public struct GodwitStatus: Decodable, Sendable {
  public struct Router: Decodable, Sendable {
    public var name: String
    public var state: String
    public var vrid: Int?
    public var effectivePriority: Int?
    public var addresses: [String]?
    public var addressesHeld: Bool?
    public var term: Int?
    public var reason: String?
    public var faultReasons: [String]?
    public var activeRouter: String?
    public var hook: String?
    public var lease: Lease?
    public var counters: Counters?
  }

  public struct Counters: Decodable, Sendable {
    public var advertisementsReceived: Int?
  }

  public struct Lease: Decodable, Sendable {
    public var mechanism: String
    public var durationMs: Int
  }

  public var node: String
  public var version: String?
  public var virtualRouters: [Router]

  public init(json: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      self = try decoder.decode(GodwitStatus.self, from: Data(json.utf8))
    } catch {
      throw LabError("not the JSON of `godwit status`: \(error)\n\(json.prefix(2000))")
    }
  }
}

extension GodwitStatus.Router {
  private enum CodingKeys: String, CodingKey {
    case name, state, vrid, effectivePriority, addresses, addressesHeld, term, reason
    case faultReasons, activeRouter, hook, lease, counters
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    name = try values.decode(String.self, forKey: .name)
    state = try values.decode(String.self, forKey: .state)
    vrid = try values.decodeIfPresent(Int.self, forKey: .vrid)
    effectivePriority = try values.decodeIfPresent(Int.self, forKey: .effectivePriority)
    addresses = try values.decodeIfPresent([String].self, forKey: .addresses)
    addressesHeld = try values.decodeIfPresent(Bool.self, forKey: .addressesHeld)
    term = try values.decodeIfPresent(Int.self, forKey: .term)
    reason = try values.decodeIfPresent(String.self, forKey: .reason)
    faultReasons = try values.decodeIfPresent([String].self, forKey: .faultReasons)
    activeRouter = try values.decodeIfPresent(String.self, forKey: .activeRouter)
    lease = try values.decodeIfPresent(GodwitStatus.Lease.self, forKey: .lease)
    counters = try values.decodeIfPresent(GodwitStatus.Counters.self, forKey: .counters)
    // The hook that runs may be told as its event or as an object of facts about it.
    hook = try? values.decodeIfPresent(String.self, forKey: .hook)
  }
}
