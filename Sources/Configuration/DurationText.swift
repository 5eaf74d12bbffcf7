/// Why a text is not a duration.
enum DurationProblem: Error {
  /// Only a number: the unit is missing.
  case noUnit
  /// Finer than a millisecond.
  case tooFine
  case malformed
}

/// Durations as people write them: `10ms`, `1.5s`, `1m30s`, `2h`.
enum DurationText {
  /// Units from the longest to the shortest, in milliseconds.
  private static let units: [(name: String, milliseconds: Int64)] = [
    ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// Numbers with a unit each, longer units first, a fraction only in the last; whole milliseconds.
  static func milliseconds(_ text: String) throws(DurationProblem) -> Int64 {
    var rest = Array(text.utf8)[...]
    guard !rest.isEmpty else { throw .malformed }
    var total: Int64 = 0
    var unitsLeft = units[...]
    while !rest.isEmpty {
      let whole = takeDigits(&rest)
      var fraction: [UInt8]?
      if rest.first == UInt8(ascii: ".") {
        rest.removeFirst()
        fraction = takeDigits(&rest)
      }
      // Ten digits of hours are past every range, and far from overflow.
      guard (1...10).contains(whole.count), fraction.map({ (1...9).contains($0.count) }) ?? true
      else { throw .malformed }
      let letters = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
      rest = rest.dropFirst(letters.count)
      if letters.isEmpty, rest.isEmpty, unitsLeft.count == units.count { throw .noUnit }
      let name = String(decoding: letters, as: UTF8.self)
      guard let index = unitsLeft.firstIndex(where: { $0.name == name }),
        fraction == nil || rest.isEmpty
      else { throw .malformed }
      total += try scaled(whole, fraction ?? [], by: units[index].milliseconds)
      unitsLeft = units[(index + 1)...]
    }
    return total
  }

  /// The shortest form of a duration in one unit: `10ms`, `40.95s`, `1m`, `24h`.
  static func spelled(_ duration: Duration) -> String {
    let parts = duration.components
    let milliseconds = parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
    if milliseconds == 0 { return "0s" }
    if let unit = units.first(where: { milliseconds % $0.milliseconds == 0 && $0.name != "ms" }) {
      return "\(milliseconds / unit.milliseconds)\(unit.name)"
    }
    guard milliseconds > 1_000 else { return "\(milliseconds)ms" }
    var fraction = String(String(1_000 + milliseconds % 1_000).dropFirst())
    while fraction.hasSuffix("0") { fraction.removeLast() }
    return "\(milliseconds / 1_000).\(fraction)s"
  }

  private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    rest = rest.dropFirst(digits.count)
    return Array(digits)
  }

  private static func scaled(
    _ whole: [UInt8], _ fraction: [UInt8], by unit: Int64
  ) throws(DurationProblem) -> Int64 {
    var scale: Int64 = 1
    for _ in fraction { scale *= 10 }
    let (parts, remainder) = (number(fraction) * unit).quotientAndRemainder(dividingBy: scale)
    guard remainder == 0 else { throw .tooFine }
    return number(whole) * unit + parts
  }

  private static func number(_ digits: [UInt8]) -> Int64 {
    digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
  }
}
