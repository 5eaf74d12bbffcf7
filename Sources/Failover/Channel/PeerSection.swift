/// A part of a datagram of the peer channel: a type in one byte, a length in two, and as many bytes.
public enum PeerSection: Hashable, Sendable {
  case node(PeerNodeReport)
  case router(PeerRouterReport)
  case chunk(ParcelChunk)
  case acknowledgement(ParcelAcknowledgement)

  private enum Kind: UInt8 {
    case node = 1
    case router, chunk, acknowledgement
  }

  /// The section with its type and length.
  public var encoded: [UInt8] {
    switch self {
    case .node(let report): Self.section(.node, report.content)
    case .router(let report): Self.section(.router, report.content)
    case .chunk(let chunk): Self.section(.chunk, chunk.content)
    case .acknowledgement(let answer): Self.section(.acknowledgement, answer.content)
    }
  }

  private static func section(_ kind: Kind, _ content: [UInt8]) -> [UInt8] {
    var bytes = [kind.rawValue]
    bytes.append(content.count, bytes: 2)
    return bytes + content
  }

  /// The sections behind `header` up to the code, in their order. Those of a type that nobody knows
  /// here are passed over, and so is what a newer node adds at the end of one.
  public static func list(
    in datagram: Span<UInt8>, behind header: PeerHeader
  ) throws(PeerDiscardReason) -> [PeerSection] {
    let end = PeerHeader.codeOffset(in: datagram)
    guard header.length <= end else { throw .tooShort }
    let body = datagram.extracting(header.length..<end)
    var found: [PeerSection] = []
    var offset = 0
    while offset < body.count {
      guard body.count - offset >= 3 else { throw .malformedSection }
      let length = Int(body[offset + 1]) << 8 | Int(body[offset + 2])
      guard length <= body.count - offset - 3 else { throw .malformedSection }
      var reader = PeerBytesReader(body.extracting(offset + 3..<offset + 3 + length))
      switch Kind(rawValue: body[offset]) {
      case .node: found.append(.node(try PeerNodeReport(&reader)))
      case .router: found.append(.router(try PeerRouterReport(&reader)))
      case .chunk: found.append(.chunk(try ParcelChunk(&reader)))
      case .acknowledgement: found.append(.acknowledgement(try ParcelAcknowledgement(&reader)))
      case nil: break
      }
      offset += 3 + length
    }
    return found
  }

  /// Shares encoded sections out over as few datagrams as their order allows; `room` is
  /// `PeerHeader.room`. Always at least one, which may be empty.
  public static func pack(_ sections: [[UInt8]], room: Int) -> [ArraySlice<[UInt8]>] {
    var packed: [ArraySlice<[UInt8]>] = []
    var first = 0
    var used = 0
    for (place, section) in sections.enumerated() {
      if used + section.count > room, place > first {
        packed.append(sections[first..<place])
        first = place
        used = 0
      }
      used += section.count
    }
    if first < sections.count || packed.isEmpty { packed.append(sections[first...]) }
    return packed
  }
}

/// What a node says of itself.
public struct PeerNodeReport: Hashable, Sendable {
  /// Of the product, like `0.1.0`; at most 64 bytes.
  public var version: String
  /// What it can do beside what this version of the protocol asks for; a bit each, none so far.
  public var capabilities: UInt32
  /// The paths of the receiver's that the sender hears it on: by `PeerHeader.path`.
  public var heardPaths: [UInt8]

  public init(version: String, capabilities: UInt32 = 0, heardPaths: [UInt8] = []) {
    self.version = version
    self.capabilities = capabilities
    self.heardPaths = heardPaths
  }

  init(_ reader: inout PeerBytesReader) throws(PeerDiscardReason) {
    version = try reader.text(0...64)
    capabilities = UInt32(try reader.number(4))
    heardPaths = try reader.array(Int(try reader.byte()))
  }

  var content: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(text: version, limit: 64)
    bytes.append(capabilities, bytes: 4)
    bytes.append(UInt8(clamping: heardPaths.count))
    return bytes + heardPaths.prefix(255)
  }
}
