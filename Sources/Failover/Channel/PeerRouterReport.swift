import VRRP

/// What a node says of one virtual router: its report, and hashes of what both have to configure
/// alike.
public struct PeerRouterReport: Hashable, Sendable {
  /// 1-64 bytes.
  public var name: String
  public var report: PeerReport
  public var configuration: SharedConfiguration

  public init(name: String, report: PeerReport, configuration: SharedConfiguration) {
    self.name = name
    self.report = report
    self.configuration = configuration
  }

  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    name = try reader.text(1...PeerHeader.longestName)
    report = try PeerReport(&reader)
    configuration = try SharedConfiguration(&reader)
  }

  var content: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(text: name, limit: PeerHeader.longestName)
    report.append(to: &bytes)
    configuration.append(to: &bytes)
    return bytes
  }
}

extension PeerReport {
  private enum Flag {
    static let fit: UInt64 = 1
    static let holding: UInt64 = 2
    static let maintenance: UInt64 = 4
    static let handover: UInt64 = 8
  }

  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    guard let state = RoleState(code: try reader.byte()) else { throw .malformedSection }
    let priority = Priority(try reader.byte())
    let flags = try reader.number(1)
    let term = try reader.number(8)
    let version = try reader.number(8)
    guard term <= Participant.lastTerm, version <= Participant.lastTerm else {
      throw .malformedSection
    }
    let source: IPAddress?
    switch try reader.byte() {
    case 0: source = nil
    case 4: source = IPAddress(bytes: try reader.array(4))
    case 6: source = IPAddress(bytes: try reader.array(16))
    default: throw .malformedSection
    }
    self.init(
      state: state, effectivePriority: priority, isFit: flags & Flag.fit != 0, term: term,
      isHolding: flags & Flag.holding != 0, source: source,
      maintenance: MaintenanceMark(version: version, isOn: flags & Flag.maintenance != 0),
      handover: flags & Flag.handover != 0 ? try Handover(&reader) : nil)
  }

  func append(to bytes: inout [UInt8]) {
    let flags =
      (isFit ? Flag.fit : 0) | (isHolding ? Flag.holding : 0)
      | (maintenance.isOn ? Flag.maintenance : 0) | (handover == nil ? 0 : Flag.handover)
    bytes += [state.code, effectivePriority.number]
    bytes.append(flags, bytes: 1)
    bytes.append(term, bytes: 8)
    bytes.append(maintenance.version, bytes: 8)
    bytes.append(source?.family.rawValue ?? 0)
    bytes += source?.bytes ?? []
    handover?.append(to: &bytes)
  }
}

extension RoleState {
  /// The state as the channel has it, 1-6.
  var code: UInt8 {
    switch self {
    case .initialize: 1
    case .backup: 2
    case .claiming: 3
    case .active: 4
    case .releasing: 5
    case .fault: 6
    }
  }

  init?(code: UInt8) {
    switch code {
    case 1: self = .initialize
    case 2: self = .backup
    case 3: self = .claiming
    case 4: self = .active
    case 5: self = .releasing
    case 6: self = .fault
    default: return nil
    }
  }
}
