import Testing

@testable import Configuration

@Test func `Every beginning of a right file is read or refused`() {
  let bytes = Array(everyKey.utf8)
  var refused = 0
  for length in bytes.indices where !mistakes(Array(bytes[..<length])).isEmpty { refused += 1 }
  #expect(refused > bytes.count / 2)
}

@Test(arguments: 1...4 as ClosedRange<UInt64>)
func `A right file with one wrong byte is read or refused`(seed: UInt64) {
  // Marsaglia's xorshift64: the same bytes in every run.
  var state = seed &* 0x9e37_79b9_7f4a_7c15
  func next() -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(truncatingIfNeeded: state >> 33)
  }
  let bytes = Array(everyKey.utf8)
  let telling = Array(":-[]{}'\"#&*!|>%@`\t\r\n\0 ,?0\u{ff}".utf8)
  for round in 0..<1_000 {
    var damaged = bytes
    let place = next() % bytes.count
    switch round % 3 {
    case 0: damaged[place] = telling[next() % telling.count]
    case 1: damaged.insert(UInt8(truncatingIfNeeded: next()), at: place)
    default: damaged.remove(at: place)
    }
    for error in mistakes(damaged) {
      #expect(error.contains("; "), "seed \(seed), round \(round)")
    }
  }
}

/// A text that is short to write and long to read.
private struct HostileText: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var text: String

  init(_ name: String, _ text: String) {
    testDescription = name
    self.text = text
  }
}

private let hostile: [HostileText] = [
  HostileText("lists in lists", String(repeating: "[", count: 1_000_000)),
  HostileText("block lists in block lists", String(repeating: "- ", count: 500_000)),
  HostileText("mappings in mappings", String(repeating: "{a: ", count: 250_000)),
  HostileText("keys in keys", String(repeating: "? ", count: 500_000)),
  HostileText("one text of many lines", String(repeating: "a\n", count: 500_000)),
  HostileText("aliases", String(repeating: "*a ", count: 300_000)),
  HostileText(
    "many values below a long key",
    "? " + String(repeating: "k", count: 500_000) + "\n: ["
      + String(repeating: "&a 0,", count: 90_000)
      + "]"),
  HostileText("escapes", "\"" + String(repeating: "\\x41", count: 200_000) + "\""),
  HostileText(
    "unknown keys", (0..<90_000).map { "k\($0): " }.joined(separator: "\n")),
  HostileText(
    "addresses",
    "virtual_routers: {a: {addresses: [" + String(repeating: "1,", count: 90_000) + "]}}"
  ),
]

@Test(arguments: hostile)
private func `A hostile text is refused in time`(hostile: HostileText) {
  let clock = ContinuousClock()
  let time = clock.measure { #expect(!mistakes(hostile.text).isEmpty) }
  // A tenth of that is usual; what is quadratic takes minutes.
  #expect(time < .seconds(30))
}
