extension Duration {
  /// Whole milliseconds, rounded down.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    return product + attoseconds / 1_000_000_000_000_000
  }
}

/// A duration as a person reads it, its two largest units: `120 ms`, `4 s`, `3 m 12 s`, `2 d 5 h`.
public func durationText(_ duration: Duration) -> String {
  durationText(milliseconds: duration.milliseconds)
}

/// The same of a number of milliseconds; below zero reads as zero.
public func durationText(milliseconds: Int64) -> String {
  guard milliseconds >= 1000 else { return "\(max(0, milliseconds)) ms" }
  let seconds = milliseconds / 1000
  if seconds < 60 { return "\(seconds) s" }
  if seconds < 3600 { return "\(seconds / 60) m \(seconds % 60) s" }
  if seconds < 86_400 { return "\(seconds / 3600) h \(seconds / 60 % 60) m" }
  return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
}

/// A gap in the service, in milliseconds, with as many digits as matter: `0.412 ms`, `43.2 ms`,
/// `1.204 s`.
func gapText(_ milliseconds: Double) -> String {
  // A day; also for what is no number.
  let bounded = min(max(milliseconds, 0), 86_400_000)
  let microseconds = bounded.isNaN ? 0 : Int((bounded * 1000).rounded())
  switch microseconds {
  case ..<10_000: return "\(fixed(microseconds, digits: 3)) ms"
  case ..<1_000_000: return "\(fixed(microseconds / 100, digits: 1)) ms"
  default: return "\(fixed(microseconds / 1000, digits: 3)) s"
  }
}

/// `number` with its last `digits` digits behind a point.
private func fixed(_ number: Int, digits: Int) -> String {
  let text = String(number)
  let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
  return padded.dropLast(digits) + "." + padded.suffix(digits)
}

/// Reads a duration written with units, largest first: `100ms`, `120s`, `1m30s`, `1h`.
///
/// nil for anything else: a bare number, a unit twice, more than 24 hours.
public func milliseconds(ofDuration text: String) -> Int? {
  let units = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)]
  var rest = Array(text.utf8)[...]
  var next = 0
  var total = 0
  guard !rest.isEmpty else { return nil }
  while !rest.isEmpty {
    let digits = rest.prefix { (48...57).contains($0) }
    let letters = rest.dropFirst(digits.count).prefix { !(48...57).contains($0) }
    rest = rest.dropFirst(digits.count + letters.count)
    let name = String(decoding: letters, as: UTF8.self)
    guard !digits.isEmpty, digits.count <= 9,
      let number = Int(String(decoding: digits, as: UTF8.self)),
      let unit = units[next...].firstIndex(where: { $0.0 == name })
    else { return nil }
    total += number * units[unit].1
    next = unit + 1
  }
  return total <= 86_400_000 ? total : nil
}
