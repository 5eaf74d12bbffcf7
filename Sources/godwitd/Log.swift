import Configuration
import LinuxIO
import VRRP

/// The daemon's log: one line per happening, in plain words, at or above the configured level.
final class Log {
  private var output = LogOutput()
  var level: LogLevel
  private var limits: [String: RateLimit] = [:]

  init(level: LogLevel) { self.level = level }

  func write(_ level: LogLevel, _ text: String) {
    guard level.priority <= self.level.priority else { return }
    for line in text.split(separator: "\n") {
      output.write(String(line), priority: level.priority)
    }
  }

  /// A line that input from outside can cause: at most one per `subject` in ten seconds, and the
  /// next one tells how many there were.
  func writeLimited(_ level: LogLevel, about subject: String, at now: Instant, _ text: String) {
    guard level.priority <= self.level.priority else { return }
    // The subjects are made of names of the configuration and of fixed words; the bound is a belt.
    if limits.count > 10_000 { limits.removeAll() }
    guard let suppressed = limits[subject, default: RateLimit()].admit(at: now) else { return }
    write(
      level, suppressed == 0 ? text : "\(text) (\(suppressed) more like it since the last line)")
  }
}

/// One line in ten seconds, and how many were kept back.
struct RateLimit {
  static let spacing = Duration.seconds(10)
  private var next: Instant?
  private var suppressed = 0

  /// How many were kept back before this one; nil when this one is kept back too.
  mutating func admit(at now: Instant) -> Int? {
    if let next, now < next {
      suppressed += 1
      return nil
    }
    next = now + Self.spacing
    defer { suppressed = 0 }
    return suppressed
  }
}

extension LogLevel {
  /// The priority of syslog(3): 7 for debug to 3 for error.
  var priority: Int {
    switch self {
    case .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    }
  }
}
