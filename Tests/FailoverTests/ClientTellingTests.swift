import Testing
import VRRP

@testable import Failover

private func at(_ milliseconds: Int) -> Instant {
  Instant(sinceBoot: .milliseconds(5000 + milliseconds))
}

@Suite("Telling the clients of a former holder")
struct ClientTellingTests {
  @Test("Five rounds begin at 0, 20, 100, 300 and 1000 ms, each after a look, and then it is over")
  func rounds() {
    var telling = ClientTelling([connection(1), connection(2)], at: at(0))
    for (number, time) in [0, 20, 100, 300, 1000].enumerated() {
      #expect(telling.nextDeadline == at(time))
      if time > 0 {
        let begins = telling.beginsToLook(at: at(time - 1))
        #expect(!begins)
      }
      let begins = telling.beginsToLook(at: at(time))
      #expect(begins)
      #expect(telling.nextDeadline == nil)
      #expect(telling.due(at: at(time), limit: 64).isEmpty)
      telling.looked([], at: at(time + 1))
      #expect(telling.due(at: at(time + 1), limit: 64).count == 2)
      telling.sent(2, isQueueFull: false, at: at(time + 1))
      #expect(telling.roundsSent == number + 1)
    }
    #expect(telling.isOver)
    #expect(telling.nextDeadline == nil)
  }

  @Test("What this host has a connection to is left out, looked up anew in each round")
  func own() {
    var telling = ClientTelling([connection(1), connection(2)], at: at(0))
    _ = telling.beginsToLook(at: at(0))
    telling.looked([connection(1)], at: at(0))
    #expect(telling.due(at: at(0), limit: 64) == [connection(2)])
    telling.sent(1, isQueueFull: false, at: at(0))
    _ = telling.beginsToLook(at: at(20))
    telling.looked([connection(1), connection(2)], at: at(20))
    #expect(telling.roundsSent == 2)
    #expect(telling.nextDeadline == at(100))
  }

  @Test("A round is sent in pieces, and a full queue is given a millisecond")
  func pieces() {
    var telling = ClientTelling((0..<5).map { connection($0) }, at: at(0))
    _ = telling.beginsToLook(at: at(0))
    telling.looked([], at: at(0))
    #expect(telling.due(at: at(0), limit: 2) == [connection(0), connection(1)])
    telling.sent(2, isQueueFull: false, at: at(0))
    #expect(telling.nextDeadline == at(0))
    telling.sent(1, isQueueFull: true, at: at(0))
    #expect(telling.nextDeadline == at(1))
    #expect(telling.due(at: at(0), limit: 64).isEmpty)
    #expect(telling.due(at: at(1), limit: 64) == [connection(3), connection(4)])
  }

  @Test("A round that comes late is followed by the next at once")
  func late() {
    var telling = ClientTelling([connection(1)], at: at(0))
    _ = telling.beginsToLook(at: at(500))
    telling.looked([], at: at(500))
    telling.sent(1, isQueueFull: false, at: at(500))
    #expect(telling.nextDeadline == at(20))
    let begins = telling.beginsToLook(at: at(500))
    #expect(begins)
  }

  @Test("Without clients there is nothing to do")
  func none() {
    let telling = ClientTelling([], at: at(0))
    #expect(telling.isOver)
    #expect(telling.nextDeadline == nil)
  }
}
