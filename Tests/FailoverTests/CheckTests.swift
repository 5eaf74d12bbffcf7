import Testing
import VRRP

@testable import Failover

/// A check every 2 s that may take 1 s, rises with 2 passes and falls with 3 failures.
@Suite struct CheckTests {
  static let settings = CheckSettings(name: "answers", probe: .command(["true"]))

  @Test("a check counts as failed until its first run has passed")
  func failsClosed() {
    let check = Check(Self.settings, at: at(10))
    #expect(!check.isPassing)
    #expect(!check.hasRun)
    #expect(check.detail == "has not run yet")
    #expect(check.nextDeadline == at(10))
  }

  @Test("the first pass of all counts at once")
  func firstPass() {
    var check = Check(Self.settings, at: at(10))
    #expect(check.deadlineReached(at: at(10)) == [.start])
    #expect(check.ended(failure: nil, at: at(10.1)) == [.changed(passing: true)])
    #expect(check.isPassing)
    #expect(check.since == at(10.1))
    #expect(check.detail == "")
  }

  @Test("the first failure is told although it was assumed, and then rise counts")
  func firstFailure() {
    var check = Check(Self.settings, at: at(10))
    #expect(Self.told(&check, "x", from: 10) == [[.changed(passing: false)]])
    #expect(check.detail == "no answer")
    #expect(Self.told(&check, "++", from: 12) == [[], [.changed(passing: true)]])
  }

  /// Results after a first pass, `+` or `-`, and the state after each.
  static let tables: [(rise: Int, fall: Int, results: String, states: String)] = [
    (2, 3, "--+--+---", "++++++++-"),
    (2, 3, "----++", "++---+"),
    (2, 3, "---+-+-++", "++------+"),
    (1, 1, "-+-+", "-+-+"),
    (3, 2, "--++-+++", "+------+"),
    (1, 3, "---+", "++-+"),
  ]

  @Test("rise passes in a row make it pass, fall failures in a row make it fail", arguments: tables)
  func riseAndFall(rise: Int, fall: Int, results: String, states: String) {
    var settings = Self.settings
    settings.rise = rise
    settings.fall = fall
    var check = Check(settings, at: at(0))
    _ = Self.told(&check, "+", from: 0)
    var seen = ""
    for (index, result) in results.enumerated() {
      _ = Self.told(&check, String(result), from: 2 + 2 * index)
      seen += check.isPassing ? "+" : "-"
    }
    #expect(seen == states)
  }

  @Test("a run that takes too long is killed and counts once")
  func timeout() {
    var check = Check(Self.settings, at: at(0))
    _ = Self.told(&check, "+", from: 0)
    #expect(check.deadlineReached(at: at(2)) == [.start])
    #expect(check.nextDeadline == at(3))
    #expect(check.deadlineReached(at: at(2.9)) == [])
    #expect(check.deadlineReached(at: at(3)) == [.kill])
    #expect(check.detail == "took longer than 1.0 seconds")
    // Its end, whatever it says, is not a second result.
    #expect(check.ended(failure: "ended by signal 9", at: at(3.1)) == [])
    #expect(check.detail == "took longer than 1.0 seconds")
    #expect(check.nextDeadline == at(4))
    #expect(Self.told(&check, "-", from: 4) == [[]])
    #expect(check.isPassing)
    #expect(Self.told(&check, "-", from: 6) == [[.changed(passing: false)]])
  }

  @Test("no run begins while another is under way")
  func noOverlap() {
    var settings = Self.settings
    settings.timeout = .seconds(5)
    var check = Check(settings, at: at(0))
    #expect(check.deadlineReached(at: at(0)) == [.start])
    #expect(check.deadlineReached(at: at(2)) == [])
    #expect(check.deadlineReached(at: at(4)) == [])
    #expect(check.ended(failure: nil, at: at(4.5)) == [.changed(passing: true)])
    // The next one is overdue, but only one.
    #expect(check.deadlineReached(at: at(4.5)) == [.start])
    #expect(check.ended(failure: nil, at: at(4.6)) == [])
    #expect(check.nextDeadline == at(6.5))
  }

  @Test("a run that not even SIGKILL ends fails again every interval, until the check falls")
  func hungRun() {
    var check = Check(Self.settings, at: at(0))
    _ = Self.told(&check, "+", from: 0)
    #expect(check.deadlineReached(at: at(2)) == [.start])
    #expect(check.deadlineReached(at: at(3)) == [.kill])
    #expect(check.nextDeadline == at(5))
    #expect(check.deadlineReached(at: at(4)) == [])
    #expect(check.deadlineReached(at: at(5)) == [])
    #expect(check.deadlineReached(at: at(7)) == [.changed(passing: false)])
    #expect(check.detail == "does not end when killed")
    #expect(check.deadlineReached(at: at(9)) == [])
    // Gone at last: the next run begins at once, and passes have to add up again.
    #expect(check.ended(failure: nil, at: at(9.5)) == [])
    #expect(!check.isPassing)
    #expect(check.deadlineReached(at: at(9.5)) == [.start])
  }

  @Test("a run that ended says nothing twice, and one that never began says nothing")
  func strangeEnd() {
    var check = Check(Self.settings, at: at(0))
    #expect(check.ended(failure: nil, at: at(0)) == [])
    #expect(!check.hasRun)
    _ = Self.told(&check, "+", from: 0)
    #expect(check.ended(failure: "late", at: at(1)) == [])
  }

  @Test("a check that a reload brings counts as passing until it has failed often enough")
  func assumedPassing() {
    var check = Check(Self.settings, at: at(0), assumedPassing: true)
    #expect(check.isPassing)
    #expect(
      Self.told(&check, "---", from: 0) == [[], [], [.changed(passing: false)]])
  }

  @Test("the first pass of a check that counts as passing is told")
  func assumedPassingPasses() {
    var check = Check(Self.settings, at: at(0), assumedPassing: true)
    #expect(Self.told(&check, "++", from: 0) == [[.changed(passing: true)], []])
  }

  @Test("the interval counts from start to start")
  func startToStart() {
    var check = Check(Self.settings, at: at(0))
    for second in [0.0, 2, 4, 6] {
      #expect(check.nextDeadline == at(second))
      // A late start does not move the beat.
      #expect(check.deadlineReached(at: at(second + 0.3)) == [.start])
      _ = check.ended(failure: nil, at: at(second + 0.9))
    }
  }

  @Test("after a pause there is one run, not all that were missed")
  func noBurst() {
    var check = Check(Self.settings, at: at(0))
    _ = Self.told(&check, "+", from: 0)
    #expect(check.deadlineReached(at: at(100)) == [.start])
    _ = check.ended(failure: nil, at: at(100.1))
    #expect(check.nextDeadline == at(102))
    #expect(check.deadlineReached(at: at(101)) == [])
  }

  /// One run every 2 s from that second on, `+` passes and `-` fails; what the end of each told.
  static func told(_ check: inout Check, _ results: String, from second: Int) -> [[Check.Effect]] {
    results.enumerated().map { index, result in
      let begin = Double(second + 2 * index)
      #expect(check.deadlineReached(at: at(begin)) == [.start])
      return check.ended(failure: result == "+" ? nil : "no answer", at: at(begin + 0.1))
    }
  }
}
