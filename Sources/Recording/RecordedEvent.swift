import Failover
import VRRP

/// `Participant.Event` as it stands in a recording.
enum RecordedEvent: Codable, Equatable, Sendable {
  case start
  case neighbor(RecordedClaim)
  case hardware(addresses: [String])
  case link(faults: [RecordedFault], source: String?)
  case advertisement(RecordedAdvertisement)
  case timer
  case installed(failure: String?)
  case removed(failure: String?)
  case addressesLost
  case beatFailed(why: String)
  case leaseLost
  case leaseRefused(why: String)
  case hookEnded(run: UInt64, end: RecordedEnd)
  case checkEnded(place: Int, failure: String?)
  case failover(operation: UInt64, to: String?, isForced: Bool)
  case peerReport(report: RecordedReport, from: String, notBeforeNs: Int64)
  case peerLost(name: String)
  case peerInformed(operation: UInt64)
  case connectionsReset(reset: Int, left: Int)
  case connectionsTold(count: Int)
  case maintenance(isOn: Bool)
  case announce
  case advertisementsMissed
  case advertisementsUnreadable
  case settings(RecordedSettings)
  case shutdown(operation: UInt64?)
  case suspend
}

struct RecordedAdvertisement: Codable, Equatable, Sendable {
  /// 2 or 3.
  var version: UInt8
  var vrid: UInt8
  var priority: UInt8
  var intervalCs: UInt16
  var hasPseudoHeader: Bool
  var addressCount: Int
  var source: String
}

struct RecordedClaim: Codable, Equatable, Sendable {
  struct Mark: Codable, Equatable, Sendable {
    var vrid: UInt8
    var priority: UInt8
    var primary: String
  }

  var address: String
  var hardware: String
  /// It says that it has the address, or asks for it.
  var claims: Bool
  var mark: Mark?
}

struct RecordedFault: Codable, Equatable, Sendable {
  var kind: String
  var text: String
}

enum RecordedEnd: Codable, Equatable, Sendable {
  case exited(status: Int32)
  case signalled(signal: Int32)
  case notStarted(why: String)
}

// MARK: Writing

extension RecordedEvent {
  init(_ event: Participant.Event) {
    self =
      switch event {
      case .start: .start
      case .neighbor(let claim): .neighbor(RecordedClaim(claim))
      case .hardware(let addresses):
        .hardware(addresses: addresses.map(\.description).sorted())
      case .link(let faults, let source):
        .link(
          faults: faults.map(RecordedFault.init).sorted { ($0.kind, $0.text) < ($1.kind, $1.text) },
          source: source?.description)
      case .advertisement(let advertisement, let source):
        .advertisement(RecordedAdvertisement(advertisement, from: source))
      case .timer: .timer
      case .installed(let failure): .installed(failure: failure)
      case .removed(let failure): .removed(failure: failure)
      case .addressesLost: .addressesLost
      case .beatFailed(let why): .beatFailed(why: why)
      case .leaseLost: .leaseLost
      case .leaseRefused(let why): .leaseRefused(why: why)
      case .hookEnded(let run, let end): .hookEnded(run: run.number, end: RecordedEnd(end))
      case .checkEnded(let place, let failure): .checkEnded(place: place, failure: failure)
      case .failover(let order):
        .failover(operation: order.operation.number, to: order.to, isForced: order.isForced)
      case .peerReport(let report, let name, let notBefore):
        .peerReport(
          report: RecordedReport(report), from: name,
          notBeforeNs: notBefore.sinceBoot.nanoseconds)
      case .peerLost(let name): .peerLost(name: name)
      case .peerInformed(let operation): .peerInformed(operation: operation.number)
      case .connectionsReset(let reset, let left): .connectionsReset(reset: reset, left: left)
      case .connectionsTold(let count): .connectionsTold(count: count)
      case .maintenance(let isOn): .maintenance(isOn: isOn)
      case .announce: .announce
      case .advertisementsMissed: .advertisementsMissed
      case .advertisementsUnreadable: .advertisementsUnreadable
      case .settings(let settings): .settings(RecordedSettings(settings))
      case .shutdown(let operation): .shutdown(operation: operation?.number)
      case .suspend: .suspend
      }
  }
}

extension RecordedAdvertisement {
  init(_ advertisement: Advertisement, from source: IPAddress) {
    version = advertisement.version.rawValue
    vrid = advertisement.identifier.number
    priority = advertisement.priority.number
    intervalCs = advertisement.interval.centiseconds
    hasPseudoHeader = advertisement.checksumForm == .pseudoHeader
    addressCount = advertisement.addressCount
    self.source = source.description
  }
}

extension RecordedClaim {
  init(_ claim: NeighborClaim) {
    address = claim.address.description
    hardware = claim.hardware.description
    claims = claim.kind == .claims
    mark = claim.mark.map {
      Mark(
        vrid: $0.identifier.number, priority: $0.priority.number,
        primary: $0.primary.description)
    }
  }
}

extension RecordedEnd {
  init(_ end: ProgramEnd) {
    self =
      switch end {
      case .exited(let status): .exited(status: status)
      case .signalled(let signal): .signalled(signal: signal)
      case .notStarted(let why): .notStarted(why: why)
      }
  }
}

extension RecordedFault {
  init(_ fault: Fault) {
    (kind, text) =
      switch fault {
      case .interfaceMissing(let text): ("interface_missing", text)
      case .interfaceDown(let text): ("interface_down", text)
      case .noCarrier(let text): ("no_carrier", text)
      case .noSourceAddress(let text): ("no_source_address", text)
      case .identifierTaken(let text): ("identifier_taken", text)
      case .check(let text): ("check", text)
      case .promoteFailed(let text): ("promote_failed", text)
      case .addressesRefused(let text): ("addresses_refused", text)
      case .leaseRefused(let text): ("lease_refused", text)
      case .advertisementsRefused(let text): ("advertisements_refused", text)
      case .conflict(let address, let hardware): ("conflict", "\(address) \(hardware)")
      case .socketRefused(let text): ("socket_refused", text)
      }
  }
}
