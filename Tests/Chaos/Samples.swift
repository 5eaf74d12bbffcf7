import Foundation
import Lab

/// What one quantity was, in milliseconds.
struct Samples {
  private(set) var values: [Double] = []

  mutating func add(_ duration: Duration) { values.append(duration.inMilliseconds) }

  /// `median (least, greatest)`.
  var text: String {
    let sorted = values.sorted()
    guard let least = sorted.first, let greatest = sorted.last else { return "-" }
    let median = (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
    return String(format: "%.1f (%.1f, %.1f)", median, least, greatest)
  }
}
