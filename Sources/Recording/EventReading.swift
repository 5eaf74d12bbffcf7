import Failover
import VRRP

extension RecordedEvent {
  func event() throws(RecordingError) -> Participant.Event {
    switch self {
    case .start: return .start
    case .neighbor(let claim): return .neighbor(try claim.claim())
    case .hardware(let addresses):
      var read: Set<HardwareAddress> = []
      for address in addresses { read.insert(try .recorded(address)) }
      return .hardware(read)
    case .link(let faults, let source):
      var read: Set<Fault> = []
      for fault in faults { read.insert(try fault.fault()) }
      guard let source else { return .link(read, source: nil) }
      return .link(read, source: try .recorded(source))
    case .advertisement(let advertisement):
      return .advertisement(
        try advertisement.advertisement(), from: try .recorded(advertisement.source))
    case .timer: return .timer
    case .installed(let failure): return .installed(failure: failure)
    case .removed(let failure): return .removed(failure: failure)
    case .addressesLost: return .addressesLost
    case .beatFailed(let why): return .beatFailed(why)
    case .leaseLost: return .leaseLost
    case .leaseRefused(let why): return .leaseRefused(why)
    case .hookEnded(let run, let end): return .hookEnded(HookRun.Identifier(run), end.end)
    case .checkEnded(let place, let failure): return .checkEnded(place, failure: failure)
    case .failover(let operation, let to, let isForced):
      return .failover(
        FailoverOrder(OperationIdentifier(operation), to: to, isForced: isForced))
    case .peerReport(let report, let name, let notBefore):
      return .peerReport(
        try report.report(), from: name,
        notBefore: Instant(sinceBoot: .nanoseconds(notBefore)))
    case .peerLost(let name): return .peerLost(name)
    case .peerInformed(let operation): return .peerInformed(OperationIdentifier(operation))
    case .connectionsReset(let reset, let left):
      return .connectionsReset(reset: reset, left: left)
    case .connectionsTold(let count): return .connectionsTold(count)
    case .maintenance(let isOn): return .maintenance(isOn: isOn)
    case .announce: return .announce
    case .advertisementsMissed: return .advertisementsMissed
    case .advertisementsUnreadable: return .advertisementsUnreadable
    case .settings(let settings): return .settings(try settings.settings())
    case .shutdown(let operation): return .shutdown(operation.map { OperationIdentifier($0) })
    case .suspend: return .suspend
    }
  }
}

extension RecordedAdvertisement {
  func advertisement() throws(RecordingError) -> Advertisement {
    guard let version = ProtocolVersion(rawValue: version) else {
      throw RecordingError("there is no version \(self.version)")
    }
    guard let identifier = VirtualRouterIdentifier(vrid) else {
      throw RecordingError("there is no VRID \(vrid)")
    }
    return Advertisement(
      version: version, identifier: identifier, priority: Priority(priority),
      interval: try .recorded(intervalCs, version),
      checksumForm: hasPseudoHeader ? .pseudoHeader : .message, addressCount: addressCount)
  }
}

extension RecordedClaim {
  func claim() throws(RecordingError) -> NeighborClaim {
    NeighborClaim(
      address: try .recorded(address), hardware: try .recorded(hardware),
      kind: claims ? .claims : .probes, mark: try mark?.mark())
  }
}

extension RecordedClaim.Mark {
  func mark() throws(RecordingError) -> ClaimMark {
    guard let identifier = VirtualRouterIdentifier(vrid) else {
      throw RecordingError("there is no VRID \(vrid)")
    }
    return ClaimMark(
      identifier: identifier, priority: Priority(priority), primary: try .recorded(primary))
  }
}

extension HardwareAddress {
  static func recorded(_ text: String) throws(RecordingError) -> HardwareAddress {
    guard let address = HardwareAddress(text) else {
      throw RecordingError("\(text) is not a hardware address")
    }
    return address
  }
}

extension RecordedEnd {
  var end: ProgramEnd {
    switch self {
    case .exited(let status): .exited(status)
    case .signalled(let signal): .signalled(signal)
    case .notStarted(let why): .notStarted(why)
    }
  }
}

extension RecordedFault {
  func fault() throws(RecordingError) -> Fault {
    switch kind {
    case "interface_missing": return .interfaceMissing(text)
    case "interface_down": return .interfaceDown(text)
    case "no_carrier": return .noCarrier(text)
    case "no_source_address": return .noSourceAddress(text)
    case "identifier_taken": return .identifierTaken(text)
    case "check": return .check(text)
    case "promote_failed": return .promoteFailed(text)
    case "addresses_refused": return .addressesRefused(text)
    case "lease_refused": return .leaseRefused(text)
    case "advertisements_refused": return .advertisementsRefused(text)
    case "conflict":
      let words = text.split(separator: " ").map(String.init)
      guard words.count == 2 else { throw RecordingError("\(text) is not a conflict") }
      return .conflict(try .recorded(words[0]), try .recorded(words[1]))
    case "socket_refused": return .socketRefused(text)
    default: throw RecordingError("there is no fault \(kind)")
    }
  }
}
