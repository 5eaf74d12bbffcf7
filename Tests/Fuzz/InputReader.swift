/// Takes an input apart from its front; past its end there are zeros.
struct InputReader {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ input: Span<UInt8>) { bytes = input.elements }

  var isAtEnd: Bool { offset >= bytes.count }

  mutating func byte() -> UInt8 {
    guard !isAtEnd else { return 0 }
    offset += 1
    return bytes[offset - 1]
  }

  mutating func word() -> UInt16 { UInt16(byte()) << 8 | UInt16(byte()) }

  /// Up to `count` bytes.
  mutating func take(_ count: Int) -> [UInt8] {
    let taken = bytes[min(offset, bytes.count)...].prefix(count)
    offset += taken.count
    return Array(taken)
  }

  mutating func flag() -> Bool { byte() & 1 != 0 }
}
