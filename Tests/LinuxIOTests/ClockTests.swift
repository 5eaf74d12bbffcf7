import Testing

@testable import LinuxIO

@Suite struct ClockTests {
  @Test func `The clock never goes back`() {
    let first = Clock.now()
    let second = Clock.now()
    #expect(first <= second)
    #expect(first.sinceBoot > .zero)
  }

  @Test(arguments: [
    (WallTime(seconds: 0, nanoseconds: 0), "1970-01-01T00:00:00.000Z"),
    (WallTime(seconds: 1_769_860_800, nanoseconds: 123_999_999), "2026-01-31T12:00:00.123Z"),
    (WallTime(seconds: 951_782_399, nanoseconds: 7_000_000), "2000-02-28T23:59:59.007Z"),
    (WallTime(seconds: 4_102_444_799, nanoseconds: 999_999_999), "2099-12-31T23:59:59.999Z"),
  ])
  func `A time of day is ISO 8601 in UTC with milliseconds`(time: WallTime, text: String) {
    #expect(time.description == text)
  }

  @Test func `A year that no calendar holds is still printed`() {
    #expect(WallTime(seconds: .max, nanoseconds: 0).description == "9223372036854775807s")
  }
}
