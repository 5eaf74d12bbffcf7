import Testing
import VRRP

@testable import Failover

/// `milliseconds` on the test's clock.
private func at(_ milliseconds: Int) -> Instant {
  Instant(sinceBoot: .milliseconds(milliseconds))
}

private func unasked() -> UInt64 {
  Issue.record("no random number is needed here")
  return 0
}

private func answer(_ session: inout PeerSession, _ now: Instant) throws -> PeerStamp {
  let stamp = session.takeAnswer(at: now)
  return try #require(stamp)
}

/// Two sessions, 0xa and 0xb, that have opened a connection at 0 ms.
private func connected() throws -> (a: PeerSession, b: PeerSession) {
  var a = PeerSession(session: 0xa)
  var b = PeerSession(session: 0xb)
  let hello = a.next(at: at(0))
  #expect(throws: PeerDiscardReason.staleSession) {
    try b.receive(hello, path: 0, at: at(0), fresh: unasked)
  }
  let offer = try answer(&b, at(0))
  let opening = try a.receive(offer, path: 0, at: at(0), fresh: { 0xa2 })
  #expect(opening.opensConnection)
  let first = try answer(&a, at(0))
  let opened = try b.receive(first, path: 0, at: at(0), fresh: { 0xb2 })
  #expect(opened.opensConnection)
  let second = try answer(&b, at(10))
  let proof = try a.receive(second, path: 0, at: at(10), fresh: unasked)
  #expect(!proof.opensConnection)
  return (a, b)
}

@Suite struct PeerSessionTests {
  @Test("A first message echoes nothing, counts for nothing, and is answered by an offer")
  func hello() throws {
    var session = PeerSession(session: 0xa)
    let first = session.next(at: at(0))
    #expect(first == PeerStamp(session: 0xa, counter: 1))
    let hello = PeerStamp(session: 0xb, counter: 7)
    #expect(throws: PeerDiscardReason.staleSession) {
      try session.receive(hello, path: 0, at: at(1), fresh: unasked)
    }
    #expect(session.nextDeadline == at(1))
    let answer = session.takeAnswer(at: at(1))
    #expect(
      answer
        == PeerStamp(session: 0xa, counter: 2, echoSession: 0xb, echoCounter: 7))
    #expect(session.nextDeadline == nil)
    #expect(!session.isConnected)
  }

  @Test("Messages of a connection count, and name the time at which we sent what they echo")
  func notBefore() throws {
    var (a, b) = try connected()
    let question = a.next(at: at(1000))
    let asked = try b.receive(question, path: 0, at: at(1001), fresh: unasked)
    #expect(asked.counter == 3)
    let answer = b.next(at: at(1300))
    _ = a.next(at: at(1299))
    let proof = try a.receive(answer, path: 0, at: at(1302), fresh: unasked)
    #expect(proof.notBefore == at(1000))
    #expect(a.lastProved == at(1302))
  }

  @Test("An echo of more than 256 messages ago tells no time")
  func forgotten() throws {
    var (a, b) = try connected()
    let question = a.next(at: at(100))
    _ = try b.receive(question, path: 0, at: at(100), fresh: unasked)
    for step in 0..<255 { _ = a.next(at: at(200 + step)) }
    let inTime = try a.receive(b.next(at: at(600)), path: 0, at: at(600), fresh: unasked)
    #expect(inTime.notBefore == at(100))
    _ = a.next(at: at(601))
    let tooLate = try a.receive(b.next(at: at(602)), path: 0, at: at(603), fresh: unasked)
    #expect(tooLate.notBefore == nil)
  }

  @Test("What was heard on a path is replayed; each path counts for itself")
  func replayed() throws {
    var (a, b) = try connected()
    let first = b.next(at: at(20))
    let second = b.next(at: at(20))
    _ = try a.receive(second, path: 0, at: at(21), fresh: unasked)
    for stamp in [first, second] {
      #expect(throws: PeerDiscardReason.replayed) {
        try a.receive(stamp, path: 0, at: at(22), fresh: unasked)
      }
    }
    let late = try a.receive(first, path: 1, at: at(23), fresh: unasked)
    #expect(late.counter == first.counter)
    #expect(throws: PeerDiscardReason.replayed) {
      try a.receive(first, path: 1, at: at(24), fresh: unasked)
    }
    #expect(a.nextDeadline == nil, "a replayed message is not answered")
  }

  @Test("A peer that restarted opens a new connection with five messages")
  func restart() throws {
    var (a, old) = try connected()
    let recorded = old.next(at: at(500))
    var b = PeerSession(session: 0xc)
    #expect(throws: PeerDiscardReason.staleSession) {
      try a.receive(b.next(at: at(1000)), path: 0, at: at(1000), fresh: unasked)
    }
    // It may be recorded, so the connection stays what it is.
    let present = try answer(&a, at(1000))
    #expect(present.session == 0xa)
    #expect(throws: PeerDiscardReason.staleSession) {
      try b.receive(present, path: 0, at: at(1000), fresh: unasked)
    }
    let asking = try answer(&b, at(1000))
    #expect(throws: PeerDiscardReason.staleSession) {
      try a.receive(asking, path: 0, at: at(1000), fresh: unasked)
    }
    let early = a.takeAnswer(at: at(1009))
    #expect(early == nil, "answers are 10 ms apart")
    let offer = try answer(&a, at(1010))
    #expect(offer.session == 0xa2)
    let opening = try b.receive(offer, path: 0, at: at(1010), fresh: { 0xc2 })
    #expect(opening.opensConnection)
    let first = try answer(&b, at(1010))
    let opened = try a.receive(first, path: 0, at: at(1011), fresh: { 0xa3 })
    #expect(opened.opensConnection)
    #expect(throws: PeerDiscardReason.staleSession) {
      try a.receive(recorded, path: 0, at: at(1012), fresh: unasked)
    }
  }

  @Test("A recorded message never ends a connection, nor makes it begin again")
  func recorded() throws {
    var (a, b) = try connected()
    let recordings = [
      PeerStamp(session: 0x99, counter: 5), PeerStamp(session: 0x99, counter: 6, echoSession: 0xa),
      PeerStamp(session: 0xb, counter: 1, echoSession: 0x98, echoCounter: 4),
    ]
    for round in 0..<50 {
      for recording in recordings {
        _ = try? a.receive(recording, path: 0, at: at(100 + round), fresh: unasked)
      }
      if let answer = a.takeAnswer(at: at(100 + round)) {
        if (try? b.receive(answer, path: 0, at: at(100 + round), fresh: unasked)) == nil {
          // The peer does not know that offer, and answers by the connection.
          #expect(answer.session == 0xa2)
        }
      }
      if let answer = b.takeAnswer(at: at(100 + round)) {
        _ = try a.receive(answer, path: 0, at: at(100 + round), fresh: unasked)
      }
      _ = try a.receive(b.next(at: at(100 + round)), path: 0, at: at(100 + round), fresh: unasked)
    }
    let last = (a.next(at: at(200)), b.next(at: at(200)))
    #expect(last.0.session == 0xa && last.0.echoSession == 0xb)
    #expect(last.1.session == 0xb && last.1.echoSession == 0xa)
  }

  @Test("A flood of messages that count for nothing is answered once in 10 ms")
  func flood() throws {
    var session = PeerSession(session: 0xa)
    var answers = 0
    for step in 0..<10_000 {
      let now = Instant(sinceBoot: .microseconds(step * 10))
      _ = try? session.receive(
        PeerStamp(session: UInt64(step + 1000), counter: 1), path: 0, at: now, fresh: unasked)
      if session.takeAnswer(at: now) != nil { answers += 1 }
    }
    #expect(answers == 10)
  }

  @Test("A connection that is renewed goes on until the next one is open on both sides")
  func renewed() throws {
    var (a, b) = try connected()
    a.renew(at: at(1000))
    let offer = try answer(&a, at(1000))
    #expect(offer.session == 0xa2)
    #expect(throws: PeerDiscardReason.staleSession) {
      try b.receive(offer, path: 0, at: at(1001), fresh: unasked)
    }
    let meanwhile = try a.receive(b.next(at: at(1001)), path: 0, at: at(1001), fresh: unasked)
    #expect(!meanwhile.opensConnection)
    let counterOffer = try answer(&b, at(1001))
    let opening = try a.receive(counterOffer, path: 0, at: at(1002), fresh: { 0xa3 })
    #expect(opening.opensConnection)
    let opened = try b.receive(try answer(&a, at(1010)), path: 0, at: at(1010), fresh: { 0xb3 })
    #expect(opened.opensConnection)
    let after = try a.receive(b.next(at: at(1011)), path: 0, at: at(1011), fresh: unasked)
    #expect(!after.opensConnection)
  }

  @Test("Without a connection there is nothing to renew")
  func nothingToRenew() {
    var session = PeerSession(session: 0xa)
    session.renew(at: at(0))
    #expect(session.nextDeadline == nil)
  }
}
