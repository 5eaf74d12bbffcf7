import Control
import Testing

struct ChangeTextTests {
  @Test("Announce and reload say what they touched")
  func text() {
    #expect(
      AnnounceText.render(AnnounceOutcome(announced: ["a", "b"])) == "Announced again: a, b.\n")
    #expect(
      AnnounceText.render(AnnounceOutcome(announced: []))
        == "Nothing to announce: no virtual router is Active on this node.\n")
    #expect(
      ReloadText.render(ReloadOutcome(message: "Applied.", added: ["a"], removed: ["b", "c"]))
        == "Applied.\n  added: a\n  removed: b, c\n")
  }
}

struct DurationTextTests {
  static let texts: [(Int64, String)] = [
    (-5, "0 ms"), (0, "0 ms"), (999, "999 ms"), (1000, "1 s"), (59_999, "59 s"),
    (60_000, "1 m 0 s"), (192_000, "3 m 12 s"), (3_600_000, "1 h 0 m"), (86_399_999, "23 h 59 m"),
    (190_800_000, "2 d 5 h"),
  ]

  @Test("A duration reads in its two largest units", arguments: texts)
  func text(milliseconds: Int64, text: String) {
    #expect(durationText(milliseconds: milliseconds) == text)
  }

  static let durations: [(String, Int?)] = [
    ("100ms", 100), ("120s", 120_000), ("1m30s", 90_000), ("1h", 3_600_000),
    ("1h1m1s1ms", 3_661_001), ("0s", 0), ("", nil), ("5", nil), ("s", nil), ("5 s", nil),
    ("-5s", nil), ("1.5s", nil), ("30s1m", nil), ("1s1s", nil), ("25h", nil),
    ("99999999999999999999s", nil), ("5ß", nil),
  ]

  @Test("A duration is written with units, largest first", arguments: durations)
  func reading(text: String, expected: Int?) {
    #expect(milliseconds(ofDuration: text) == expected)
  }
}
