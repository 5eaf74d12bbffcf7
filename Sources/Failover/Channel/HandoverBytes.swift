// A step of a planned failover as the peer channel carries it.

extension Handover {
  /// Bytes of a sentence at most; a longer one is cut.
  static let longestSentence = 255

  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    let operation = OperationIdentifier(try reader.number(8))
    let partner = try reader.text(1...PeerHeader.longestName)
    guard let reason = Cause(rawValue: try reader.byte()) else { throw .malformedSection }
    self.init(operation: operation, partner: partner, reason: reason, step: try Step(&reader))
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(operation.number, bytes: 8)
    bytes.append(text: partner, limit: PeerHeader.longestName)
    bytes.append(reason.rawValue)
    step.append(to: &bytes)
  }
}

extension Handover.Step {
  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    let code = try reader.byte()
    let sentence = 0...Handover.longestSentence
    switch code {
    case 1:
      self = .requested(
        candidate: try reader.text(1...PeerHeader.longestName), isForced: try reader.byte() != 0)
    case 2: self = .preparing(isForced: try reader.byte() != 0)
    case 3: self = .checking
    case 4: self = .ready
    case 5: self = .refused(try reader.text(sentence))
    case 6: self = .demoting
    case 7: self = .handing
    case 8: self = .informed
    case 9:
      let term = try reader.number(8)
      guard term <= Participant.lastTerm else { throw .malformedSection }
      self = .released(term: term)
    case 10: self = .taking
    case 11: self = .held(told: Int(try reader.number(4)))
    case 12: self = .failed(try reader.text(sentence))
    case 13: self = .moved(try Passage(&reader))
    case 14: self = .withdrawn(try reader.text(sentence))
    default: throw .malformedSection
    }
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(code)
    switch self {
    case .requested(let candidate, let isForced):
      bytes.append(text: candidate, limit: PeerHeader.longestName)
      bytes.append(isForced ? 1 : 0)
    case .preparing(let isForced): bytes.append(isForced ? 1 : 0)
    case .refused(let why), .failed(let why), .withdrawn(let why):
      bytes.append(text: why, limit: Handover.longestSentence)
    case .released(let term): bytes.append(term, bytes: 8)
    case .held(let told): bytes.append(UInt32(clamping: told), bytes: 4)
    case .moved(let passage): passage.append(to: &bytes)
    case .checking, .ready, .demoting, .handing, .informed, .taking: break
    }
  }

  private var code: UInt8 {
    switch self {
    case .requested: 1
    case .preparing: 2
    case .checking: 3
    case .ready: 4
    case .refused: 5
    case .demoting: 6
    case .handing: 7
    case .informed: 8
    case .released: 9
    case .taking: 10
    case .held: 11
    case .failed: 12
    case .moved: 13
    case .withdrawn: 14
    }
  }
}

extension Passage {
  /// In place of a gap that nobody told.
  private static let unknown = UInt64.max

  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    let gap = try reader.number(8)
    self.init(
      gap: gap == Self.unknown ? nil : .nanoseconds(Int64(clamping: gap)),
      reset: Int(try reader.number(4)), left: Int(try reader.number(4)),
      told: Int(try reader.number(4)))
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(gap.map(nanoseconds) ?? Self.unknown, bytes: 8)
    for count in [reset, left, told] { bytes.append(UInt32(clamping: count), bytes: 4) }
  }

  /// Up to 292 years, none below zero.
  private func nanoseconds(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    let (product, overflow) = max(0, seconds).multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow, seconds >= 0 else { return seconds < 0 ? 0 : UInt64(Int64.max) }
    return UInt64(product) + UInt64(attoseconds / 1_000_000_000)
  }
}
