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

  @Test("Clients that become known later have five rounds of their own, the others theirs")
  func added() {
    var telling = ClientTelling([connection(1)], at: at(0))
    var sent: [(time: Int, clients: [TCPConnection])] = []
    func pass(_ time: Int) {
      while telling.beginsToLook(at: at(time)) {
        telling.looked([], at: at(time))
        let due = Array(telling.due(at: at(time), limit: 64))
        sent.append((time, due))
        telling.sent(due.count, isQueueFull: false, at: at(time))
      }
    }
    pass(0)
    let count = telling.add([connection(1), connection(2)], at: at(5))
    #expect(count == 1)
    #expect(telling.nextDeadline == at(5))
    for time in [5, 20, 25, 100, 105, 300, 305, 1000] { pass(time) }
    #expect(!telling.isOver)
    #expect(telling.nextDeadline == at(1005))
    pass(1005)
    #expect(telling.isOver)
    #expect(telling.nextDeadline == nil)
    let (first, second) = ([connection(1)], [connection(2)])
    #expect(sent.map(\.time) == [0, 5, 20, 25, 100, 105, 300, 305, 1000, 1005])
    #expect(
      sent.map(\.clients)
        == [first, second, first, second, first, second, first, second, first, second])
  }

  @Test("Clients that are added while others are being sent wait for the end of that round")
  func addedWhileSending() {
    var telling = ClientTelling([connection(1)], at: at(0))
    _ = telling.beginsToLook(at: at(0))
    let whileLooking = telling.add([connection(2)], at: at(0))
    #expect(whileLooking == 1)
    telling.looked([], at: at(1))
    let whileSending = telling.add([connection(3)], at: at(1))
    #expect(whileSending == 1)
    #expect(telling.due(at: at(1), limit: 64) == [connection(1)])
    telling.sent(1, isQueueFull: false, at: at(1))
    #expect(telling.clients == [connection(1)])
    _ = telling.beginsToLook(at: at(1))
    telling.looked([], at: at(1))
    #expect(telling.due(at: at(1), limit: 64) == [connection(2)])
  }

  @Test("Four groups at most are told beside each other")
  func groups() {
    var telling = ClientTelling([connection(1)], at: at(0))
    let counts = (2...5).map { telling.add([connection($0)], at: at(0)) }
    #expect(counts == [1, 1, 1, 0])
  }

  @Test("Without clients there is nothing to do")
  func none() {
    let telling = ClientTelling([], at: at(0))
    #expect(telling.isOver)
    #expect(telling.nextDeadline == nil)
  }
}
