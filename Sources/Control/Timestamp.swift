import Glibc

/// A moment of the wall clock, to the millisecond; written as `2026-01-31T12:00:00.123Z`.
public struct Timestamp: Codable, Comparable, Hashable, Sendable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01T00:00:00Z, in the years 0-9999.
  public let milliseconds: Int64

  private static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

  /// A moment outside the years 0-9999 becomes the nearest one inside.
  public init(milliseconds: Int64) {
    self.milliseconds = min(max(milliseconds, Self.range.lowerBound), Self.range.upperBound)
  }

  /// What the wall clock says now (`clock_gettime`, CLOCK_REALTIME).
  public static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// nil unless `text` has exactly the form that `description` writes.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 24 else { return nil }
    for (index, separator) in zip([4, 7, 10, 13, 16, 19, 23], "--T::.Z".utf8) {
      guard bytes[index] == separator else { return nil }
    }
    func number(_ range: Range<Int>) -> Int32? {
      var value: Int32 = 0
      for byte in bytes[range] {
        guard (48...57).contains(byte) else { return nil }
        value = value * 10 + Int32(byte - 48)
      }
      return value
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      let fraction = number(20..<23),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
    else { return nil }
    var calendar = tm()
    calendar.tm_year = year - 1900
    calendar.tm_mon = month - 1
    calendar.tm_mday = day
    calendar.tm_hour = hour
    calendar.tm_min = minute
    calendar.tm_sec = second
    self.init(milliseconds: Int64(timegm(&calendar)) * 1000 + Int64(fraction))
    // timegm(3) reads the 30th of February as a day in March.
    guard calendar.tm_mday == day else { return nil }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let moment = Timestamp(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "not a time like 2026-01-31T12:00:00.123Z")
    }
    self = moment
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  public var description: String {
    let (seconds, fraction) = milliseconds.quotientAndRemainder(dividingBy: 1000)
    let before = fraction < 0
    var time = time_t(before ? seconds - 1 : seconds)
    var calendar = tm()
    gmtime_r(&time, &calendar)
    return padded(calendar.tm_year + 1900, 4) + "-" + padded(calendar.tm_mon + 1, 2) + "-"
      + padded(calendar.tm_mday, 2) + "T" + padded(calendar.tm_hour, 2) + ":"
      + padded(calendar.tm_min, 2) + ":" + padded(calendar.tm_sec, 2) + "."
      + padded(Int32(before ? fraction + 1000 : fraction), 3) + "Z"
  }

  private func padded(_ number: Int32, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    left.milliseconds < right.milliseconds
  }
}
