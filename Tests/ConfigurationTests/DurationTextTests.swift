import Testing

@testable import Configuration

private let right: [(String, Int64)] = [
  ("10ms", 10), ("1s", 1_000), ("1m30s", 90_000), ("2h", 7_200_000), ("1.5s", 1_500),
  ("0.001s", 1), ("0.5m", 30_000), ("1h2m3s4ms", 3_723_004), ("90s", 90_000), ("0s", 0),
  ("1m0.5s", 60_500), ("40.95s", 40_950), ("0010ms", 10),
]

@Test(arguments: right)
func `A duration is a number with a unit, longer units first`(text: String, milliseconds: Int64)
  throws
{
  #expect(try DurationText.milliseconds(text) == milliseconds)
}

private let wrong: [(String, DurationProblem)] = [
  ("1", .noUnit), ("1.5", .noUnit), ("1.0005s", .tooFine), ("0.5ms", .tooFine),
  ("1s1m", .malformed), ("1s1s", .malformed), ("1.5m30s", .malformed), ("1d", .malformed),
  ("1 s", .malformed), ("-1s", .malformed), ("s", .malformed), (".5s", .malformed),
  ("1.s", .malformed), ("1S", .malformed), ("1m30", .malformed), ("", .malformed),
  ("99999999999h", .malformed), ("1us", .malformed), ("1s ", .malformed), ("one", .malformed),
]

@Test(arguments: wrong)
func `What is not exactly a duration is none`(text: String, problem: DurationProblem) {
  #expect(throws: problem) { try DurationText.milliseconds(text) }
}

@Test(arguments: [
  (Int64(0), "0s"), (10, "10ms"), (999, "999ms"), (1_000, "1s"), (1_500, "1.5s"),
  (40_950, "40.95s"), (60_000, "1m"), (61_000, "61s"), (3_600_000, "1h"), (86_400_000, "24h"),
])
func `A duration is spelled in one unit`(milliseconds: Int64, text: String) {
  #expect(DurationText.spelled(.milliseconds(milliseconds)) == text)
}
