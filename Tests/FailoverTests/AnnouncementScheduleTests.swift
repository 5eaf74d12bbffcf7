import Testing
import VRRP

@testable import Failover

@Suite struct AnnouncementScheduleTests {
  @Test("the rounds of a few addresses, then the refresh")
  func burst() {
    var schedule = AnnouncementSchedule(addressCount: 3, refresh: .seconds(60), at: at(10))
    var times: [Double] = []
    for _ in 0..<17 {
      let due = schedule.nextDeadline
      times.append((due - at(10)) / .milliseconds(1))
      #expect(schedule.deadlineReached(at: due) == 0..<3)
    }
    #expect(
      times == [
        0, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 1300, 2400, 3500, 63_500, 123_500, 183_500,
      ])
  }

  @Test("64 addresses still have the full burst, in one piece each")
  func fullBurst() {
    var schedule = AnnouncementSchedule(addressCount: 64, refresh: .seconds(60), at: at(0))
    #expect(schedule.deadlineReached(at: at(0)) == 0..<64)
    #expect(schedule.nextDeadline == at(0.002))
  }

  @Test("many addresses have fewer rounds, in pieces that are each due at once")
  func pieces() {
    var schedule = AnnouncementSchedule(addressCount: 150, refresh: .seconds(60), at: at(0))
    var pieces: [(Double, Range<Int>)] = []
    for _ in 0..<18 {
      let due = schedule.nextDeadline
      pieces.append(((due - at(0)) / .milliseconds(1), schedule.deadlineReached(at: due)))
    }
    let times = [0.0, 50, 200, 1300, 2400, 62_400]
    for (index, piece) in pieces.enumerated() {
      #expect(piece.0 == times[index / 3])
      #expect(piece.1 == [0..<64, 64..<128, 128..<150][index % 3])
    }
  }

  @Test("nothing is announced before its time")
  func early() {
    var schedule = AnnouncementSchedule(addressCount: 1, refresh: .seconds(60), at: at(1))
    #expect(schedule.deadlineReached(at: at(0.999)) == 0..<0)
    #expect(schedule.deadlineReached(at: at(1)) == 0..<1)
    #expect(schedule.deadlineReached(at: at(1.001)) == 0..<0)
  }

  @Test("rounds that a pause ate are not made up for")
  func noBurstAfterPause() {
    var schedule = AnnouncementSchedule(addressCount: 1, refresh: .seconds(60), at: at(0))
    _ = schedule.deadlineReached(at: at(0))
    // Everything up to 100 ms is overdue: one round, and on with 150 ms.
    #expect(schedule.deadlineReached(at: at(0.12)) == 0..<1)
    #expect(schedule.nextDeadline == at(0.15))
    // The whole burst is overdue: one round, and the refresh from now.
    #expect(schedule.deadlineReached(at: at(100)) == 0..<1)
    #expect(schedule.nextDeadline == at(160))
    #expect(schedule.deadlineReached(at: at(500)) == 0..<1)
    #expect(schedule.nextDeadline == at(560))
  }

  @Test("without addresses there is nothing to announce, and no deadline that stays due")
  func noAddresses() {
    var schedule = AnnouncementSchedule(addressCount: 0, refresh: .seconds(60), at: at(0))
    #expect(schedule.deadlineReached(at: at(0)) == 0..<0)
    #expect(schedule.nextDeadline > at(0))
  }
}
