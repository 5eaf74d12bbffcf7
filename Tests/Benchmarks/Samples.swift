import Foundation

/// What one quantity was in every round.
struct Samples {
  private(set) var values: [Double] = []

  mutating func add(_ value: Double) { values.append(value) }

  /// In milliseconds.
  mutating func add(_ duration: Duration) { values.append(duration / .milliseconds(1)) }

  var median: Double { quantile(0.5) }

  /// The value below which that part of the samples lies, between neighbours by proportion; 0
  /// without samples.
  func quantile(_ part: Double) -> Double {
    let sorted = values.sorted()
    guard let last = sorted.last else { return 0 }
    let place = part * Double(sorted.count - 1)
    let lower = Int(place)
    guard lower + 1 < sorted.count else { return last }
    return sorted[lower] + (sorted[lower + 1] - sorted[lower]) * (place - Double(lower))
  }

  /// `median (least, greatest)`.
  var text: String {
    guard let least = values.min(), let greatest = values.max() else { return "-" }
    return "\(number(median)) (\(number(least)), \(number(greatest)))"
  }

  /// This median in relation to another; a dash where the other is 0.
  func ratio(to other: Samples) -> String {
    guard !values.isEmpty, other.median > 0 else { return "-" }
    return String(format: "%.2f", median / other.median)
  }
}

/// Three significant digits, without an exponent.
func number(_ value: Double) -> String {
  let size = abs(value)
  if size == 0 { return "0" }
  let digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return String(format: "%.\(digits)f", value)
}
