import Failover
import VRRP

extension RecordedSettings {
  func settings() throws(RecordingError) -> ParticipantSettings {
    var hooks: [HookSettings] = []
    for hook in self.hooks { hooks.append(try hook.settings()) }
    var lease = LeaseSettings(
      duration: .nanoseconds(lease.durationNs), isEnforced: lease.isEnforced)
    lease.addressLifetime = self.lease.addressLifetimeNs.map { .nanoseconds($0) }
    return ParticipantSettings(
      router: try router.settings(), node: node, isPair: isPair, peers: peers, lease: lease,
      detectsConflicts: detectsConflicts, maintenanceLease: .nanoseconds(maintenanceLeaseNs),
      precheckInterval: .nanoseconds(precheckIntervalNs),
      announcementRefresh: .nanoseconds(announcementRefreshNs),
      checks: checks.map { $0.settings() }, hooks: hooks)
  }
}

extension RecordedSettings.Router {
  func settings() throws(RecordingError) -> VirtualRouterSettings {
    guard let version = ProtocolVersion(rawValue: version) else {
      throw RecordingError("there is no version \(self.version)")
    }
    guard let identifier = VirtualRouterIdentifier(vrid) else {
      throw RecordingError("there is no VRID \(vrid)")
    }
    let preemption: Preemption =
      switch preemption {
      case .never: .never
      case .always: .always
      case .after(let delay): .after(.nanoseconds(delay))
      }
    return VirtualRouterSettings(
      identifier: identifier, version: version,
      addresses: try addresses.map(IPAddress.recorded),
      priority: Priority(priority), advertisementInterval: try .recorded(intervalCs, version),
      preemption: preemption, checksumForm: hasPseudoHeader ? .pseudoHeader : .message)
  }
}

extension RecordedSettings.Check {
  func settings() -> CheckSettings {
    let probe: CheckSettings.Probe =
      switch probe {
      case .command(let arguments): .command(arguments)
      case .tcp(let endpoint): .tcp(endpoint)
      case .http(let url): .http(url)
      case .process(let name): .process(name)
      case .file(let path): .file(path)
      }
    return CheckSettings(
      name: name, probe: probe, interval: .nanoseconds(intervalNs),
      timeout: .nanoseconds(timeoutNs), rise: rise, fall: fall,
      onFailure: priorityChange.map { .priority($0) } ?? .fault, user: user)
  }
}

extension RecordedSettings.Hook {
  func settings() throws(RecordingError) -> HookSettings {
    var events: Set<HookEvent> = []
    for event in self.events { events.insert(try .recorded(event)) }
    var timeouts: [HookEvent: Duration] = [:]
    for timeout in self.timeouts {
      timeouts[try .recorded(timeout.event)] = .nanoseconds(timeout.durationNs)
    }
    return HookSettings(
      command: command, events: events, timeouts: timeouts, user: user,
      environment: Dictionary(
        environment.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
  }
}

extension HookEvent {
  static func recorded(_ word: String) throws(RecordingError) -> HookEvent {
    guard let event = HookEvent(rawValue: word) else {
      throw RecordingError("there is no hook event \(word)")
    }
    return event
  }
}

extension IPAddress {
  static func recorded(_ text: String) throws(RecordingError) -> IPAddress {
    guard let address = IPAddress(text) else { throw RecordingError("\(text) is no address") }
    return address
  }
}

extension AdvertisementInterval {
  static func recorded(
    _ centiseconds: UInt16, _ version: ProtocolVersion
  ) throws(RecordingError) -> AdvertisementInterval {
    let interval =
      switch version {
      case .version3: AdvertisementInterval(centiseconds: centiseconds)
      case .version2:
        centiseconds % 100 == 0 && centiseconds <= 25_500
          ? AdvertisementInterval(seconds: UInt8(centiseconds / 100)) : nil
      }
    guard let interval else { throw RecordingError("there is no interval of \(centiseconds) cs") }
    return interval
  }
}
