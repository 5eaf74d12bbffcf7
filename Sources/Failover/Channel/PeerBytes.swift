// Numbers, names and texts in network order, into a buffer and out of a span.

/// Takes bytes apart from their front; whatever does not fit is a malformed section.
struct PeerBytesReader {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: Span<UInt8>) { self.bytes = bytes.withUnsafeBufferPointer { Array($0) } }

  var remaining: Int { bytes.count - offset }

  mutating func number(_ count: Int) throws(PeerDiscardReason) -> UInt64 {
    guard count <= remaining else { throw .malformedSection }
    var number: UInt64 = 0
    for place in offset..<offset + count { number = number << 8 | UInt64(bytes[place]) }
    offset += count
    return number
  }

  mutating func byte() throws(PeerDiscardReason) -> UInt8 { UInt8(try number(1)) }

  mutating func array(_ count: Int) throws(PeerDiscardReason) -> [UInt8] {
    guard count <= remaining else { throw .malformedSection }
    offset += count
    return Array(bytes[offset - count..<offset])
  }

  /// A length in one byte and as much UTF-8.
  mutating func text(_ lengths: ClosedRange<Int>) throws(PeerDiscardReason) -> String {
    let count = Int(try byte())
    guard lengths.contains(count) else { throw .malformedSection }
    guard let text = String(validating: try array(count), as: UTF8.self) else {
      throw .malformedSection
    }
    return text
  }
}

extension [UInt8] {
  /// The lowest `count` bytes of a number.
  mutating func append(_ number: some FixedWidthInteger, bytes count: Int) {
    for place in (0..<count).reversed() {
      append(UInt8(truncatingIfNeeded: number >> (8 * place)))
    }
  }

  /// A length in one byte and as much UTF-8, cut at a character where it is longer than `limit`.
  mutating func append(text: String, limit: Int) {
    var end = text.endIndex
    while text.utf8.distance(from: text.startIndex, to: end) > limit {
      end = text.unicodeScalars.index(before: end)
    }
    let cut = text[..<end].utf8
    append(UInt8(truncatingIfNeeded: cut.count))
    append(contentsOf: cut)
  }
}
