import Failover
import VRRP

/// `ParticipantSettings` as it stands in a recording; durations in nanoseconds.
struct RecordedSettings: Codable, Equatable, Sendable {
  struct Router: Codable, Equatable, Sendable {
    var vrid: UInt8
    /// 2 or 3.
    var version: UInt8
    var addresses: [String]
    var priority: UInt8
    var intervalCs: UInt16
    var preemption: RecordedPreemption
    var hasPseudoHeader: Bool
  }

  struct Lease: Codable, Equatable, Sendable {
    var durationNs: Int64
    var isEnforced: Bool
    var addressLifetimeNs: Int64?
  }

  struct Check: Codable, Equatable, Sendable {
    var name: String
    var probe: RecordedProbe
    var intervalNs: Int64
    var timeoutNs: Int64
    var rise: Int
    var fall: Int
    /// nil for a fault.
    var priorityChange: Int?
    var user: String?
  }

  struct Hook: Codable, Equatable, Sendable {
    struct Timeout: Codable, Equatable, Sendable {
      var event: String
      var durationNs: Int64
    }

    struct Variable: Codable, Equatable, Sendable {
      var name: String
      var value: String
    }

    var command: [String]
    var events: [String]
    var timeouts: [Timeout]
    var user: String?
    var environment: [Variable]
  }

  var router: Router
  var node: String
  var isPair: Bool
  var peers: [String]
  var maintenanceLeaseNs: Int64
  var precheckIntervalNs: Int64
  var lease: Lease
  var detectsConflicts: Bool
  var announcementRefreshNs: Int64
  var checks: [Check]
  var hooks: [Hook]
}

enum RecordedPreemption: Codable, Equatable, Sendable {
  case never, always
  case after(ns: Int64)
}

enum RecordedProbe: Codable, Equatable, Sendable {
  case command(arguments: [String])
  case tcp(endpoint: String)
  case http(url: String)
  case process(name: String)
  case file(path: String)
}

// MARK: Writing

extension RecordedSettings {
  init(_ settings: ParticipantSettings) {
    router = Router(settings.router)
    node = settings.node
    isPair = settings.isPair
    peers = settings.peers
    maintenanceLeaseNs = settings.maintenanceLease.nanoseconds
    precheckIntervalNs = settings.precheckInterval.nanoseconds
    lease = Lease(
      durationNs: settings.lease.duration.nanoseconds, isEnforced: settings.lease.isEnforced,
      addressLifetimeNs: settings.lease.addressLifetime?.nanoseconds)
    detectsConflicts = settings.detectsConflicts
    announcementRefreshNs = settings.announcementRefresh.nanoseconds
    checks = settings.checks.map(Check.init)
    hooks = settings.hooks.map(Hook.init)
  }
}

extension RecordedSettings.Router {
  init(_ settings: VirtualRouterSettings) {
    vrid = settings.identifier.number
    version = settings.version.rawValue
    addresses = settings.addresses.map(\.description)
    priority = settings.priority.number
    intervalCs = settings.advertisementInterval.centiseconds
    preemption =
      switch settings.preemption {
      case .never: .never
      case .always: .always
      case .after(let delay): .after(ns: delay.nanoseconds)
      }
    hasPseudoHeader = settings.checksumForm == .pseudoHeader
  }
}

extension RecordedSettings.Check {
  init(_ settings: CheckSettings) {
    name = settings.name
    probe =
      switch settings.probe {
      case .command(let arguments): .command(arguments: arguments)
      case .tcp(let endpoint): .tcp(endpoint: endpoint)
      case .http(let url): .http(url: url)
      case .process(let name): .process(name: name)
      case .file(let path): .file(path: path)
      }
    intervalNs = settings.interval.nanoseconds
    timeoutNs = settings.timeout.nanoseconds
    rise = settings.rise
    fall = settings.fall
    if case .priority(let change) = settings.onFailure { priorityChange = change }
    user = settings.user
  }
}

extension RecordedSettings.Hook {
  init(_ settings: HookSettings) {
    command = settings.command
    events = settings.events.map(\.rawValue).sorted()
    timeouts = settings.timeouts.map { Timeout(event: $0.rawValue, durationNs: $1.nanoseconds) }
      .sorted { $0.event < $1.event }
    user = settings.user
    environment = settings.environment.map { Variable(name: $0, value: $1) }
      .sorted { $0.name < $1.name }
  }
}

extension Duration {
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
