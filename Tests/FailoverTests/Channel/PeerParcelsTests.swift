import Testing
import VRRP

@testable import Failover

private func at(_ milliseconds: Int) -> Instant {
  Instant(sinceBoot: .milliseconds(milliseconds))
}

private func bytes(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

/// One end, so that an expectation can ask something of it that changes it.
private final class End {
  private var parcels: PeerParcels

  init(after number: UInt32 = 0) { parcels = PeerParcels(after: number) }

  var isUsedUp: Bool { parcels.isUsedUp }
  var isIdle: Bool { parcels.isIdle }
  func nextDeadline(at now: Instant) -> Instant? { parcels.nextDeadline(at: now) }
  func reset() { parcels.reset() }
  func enqueue(_ parcel: PeerParcel) -> Bool { parcels.enqueue(parcel) }
  func chunks(limit: Int, at now: Instant) -> [ParcelChunk] {
    parcels.chunks(limit: limit, at: now)
  }
  func take(_ answer: ParcelAcknowledgement, at now: Instant) { parcels.take(answer, at: now) }
  func take(_ chunk: ParcelChunk) -> PeerParcel? { parcels.take(chunk) }
  func takeAcknowledgement() -> ParcelAcknowledgement? { parcels.takeAcknowledgement() }
}

@Suite struct PeerParcelsTests {
  @Test("A short parcel is one piece, arrives once, and is acknowledged as a whole")
  func short() throws {
    let sender = End()
    let receiver = End()
    let parcel = PeerParcel(kind: 1, router: "orders-db", bytes: [7, 8, 9])
    #expect(sender.enqueue(parcel))
    let chunks = sender.chunks(limit: 64, at: at(0))
    #expect(
      chunks == [
        ParcelChunk(
          parcel: 1, total: 14, offset: 0,
          bytes: [1, 9, 0x6f, 0x72, 0x64, 0x65, 0x72, 0x73, 0x2d, 0x64, 0x62, 7, 8, 9])
      ])
    #expect(receiver.take(chunks[0]) == parcel)
    #expect(receiver.take(chunks[0]) == nil, "it arrives once")
    let answer = try #require(receiver.takeAcknowledgement())
    #expect(answer == ParcelAcknowledgement(parcel: 2, offset: 0))
    #expect(receiver.takeAcknowledgement() == nil)
    sender.take(answer, at: at(1))
    #expect(sender.isIdle)
    #expect(sender.nextDeadline(at: at(1)) == nil)
  }

  @Test("At most 64 pieces are on the way")
  func window() throws {
    let sender = End()
    #expect(sender.enqueue(PeerParcel(kind: 1, router: "", bytes: bytes(100_000))))
    #expect(sender.chunks(limit: 100, at: at(0)).count == 64)
    #expect(sender.chunks(limit: 100, at: at(1)).isEmpty)
    #expect(sender.nextDeadline(at: at(1)) == at(30))
    sender.take(ParcelAcknowledgement(parcel: 1, offset: 10_000), at: at(2))
    let more = sender.chunks(limit: 100, at: at(2))
    #expect(more.map(\.offset) == (64..<74).map { UInt32($0 * 1000) })
  }

  @Test("What is not acknowledged is sent again after 30 ms, 60 ms and so on up to 500 ms")
  func repeated() {
    let sender = End()
    #expect(sender.enqueue(PeerParcel(kind: 1, router: "", bytes: [1])))
    var times: [Int] = []
    for millisecond in 0..<3000 where !sender.chunks(limit: 64, at: at(millisecond)).isEmpty {
      times.append(millisecond)
    }
    #expect(times == [0, 30, 90, 210, 450, 930, 1430, 1930, 2430, 2930])
  }

  @Test("What no peer could have is not believed")
  func impossible() {
    let sender = End()
    #expect(sender.enqueue(PeerParcel(kind: 1, router: "", bytes: bytes(5000))))
    _ = sender.chunks(limit: 64, at: at(0))
    for (parcel, offset): (UInt32, UInt32) in [
      (0, 0), (1, 0), (1, 999), (1, 6000), (2, 1000), (3, 0), (.max, 0), (1, .max),
    ] {
      sender.take(ParcelAcknowledgement(parcel: parcel, offset: offset), at: at(1))
      #expect(!sender.isIdle)
    }
    sender.take(ParcelAcknowledgement(parcel: 2, offset: 0), at: at(1))
    #expect(sender.isIdle)
  }

  @Test("A piece of another length than its parcel began with is passed over")
  func otherLength() {
    let receiver = End()
    let content = bytes(2000)
    #expect(
      receiver.take(
        ParcelChunk(parcel: 1, total: 2000, offset: 0, bytes: Array(content[..<1000]))) == nil)
    #expect(
      receiver.take(ParcelChunk(parcel: 1, total: 1500, offset: 1000, bytes: bytes(500))) == nil)
    #expect(receiver.takeAcknowledgement() == ParcelAcknowledgement(parcel: 1, offset: 1000))
  }

  @Test("Parcels of more than 128 KiB are refused, and more than 2 MiB do not wait")
  func bounds() {
    let sender = End()
    #expect(!sender.enqueue(PeerParcel(kind: 1, router: "", bytes: bytes(131_073))))
    var taken = 0
    while sender.enqueue(PeerParcel(kind: 1, router: "", bytes: bytes(131_072))) { taken += 1 }
    #expect(taken == 15)
    sender.reset()
    #expect(sender.isIdle)
    #expect(sender.enqueue(PeerParcel(kind: 1, router: "", bytes: bytes(131_072))))
  }

  @Test("After 4,294,967,294 parcels a connection takes no more, and those before arrive")
  func lastNumber() throws {
    let sender = End(after: 4_294_967_292)
    let receiver = End(after: 4_294_967_292)
    let parcels = [5, 6].map { PeerParcel(kind: $0, router: "", bytes: bytes(1500)) }
    #expect(sender.enqueue(parcels[0]))
    #expect(!sender.isUsedUp)
    #expect(sender.enqueue(parcels[1]))
    #expect(sender.isUsedUp)
    #expect(!sender.enqueue(parcels[0]))
    let chunks = sender.chunks(limit: 64, at: at(0))
    let numbers: [UInt32] = [4_294_967_293, 4_294_967_293, 4_294_967_294, 4_294_967_294]
    #expect(chunks.map(\.parcel) == numbers)
    #expect(chunks.compactMap { receiver.take($0) } == parcels)
    #expect(receiver.take(chunks[3]) == nil)
    let answer = try #require(receiver.takeAcknowledgement())
    #expect(answer == ParcelAcknowledgement(parcel: .max, offset: 0))
    sender.take(answer, at: at(1))
    #expect(sender.isIdle)
    #expect(sender.chunks(limit: 64, at: at(100)).isEmpty)
    #expect(sender.nextDeadline(at: at(100)) == nil)
    sender.reset()
    #expect(sender.enqueue(parcels[0]))
    #expect(sender.chunks(limit: 64, at: at(101)).first?.parcel == 1)
  }

  @Test("A piece with a number that no parcel may have is malformed")
  func impossibleNumber() throws {
    for (number, isGood): (UInt32, Bool) in [(0, false), (.max - 1, true), (.max, false)] {
      let content = ParcelChunk(parcel: number, total: 1, offset: 0, bytes: [7]).content
      var reader = PeerBytesReader(content.span)
      if isGood {
        #expect(try ParcelChunk(&reader).parcel == number)
      } else {
        #expect(throws: PeerDiscardReason.malformedSection) { try ParcelChunk(&reader) }
      }
    }
  }

  @Test(
    "Over a link that loses a third and keeps no order, everything arrives once and in order",
    arguments: 0..<30)
  func lossy(seed: Int) {
    var numbers = SeededNumbers(UInt64(seed))
    let lengths = (0..<12).map { _ in Int.random(in: 0...20_000, using: &numbers) }
    let parcels = lengths.map {
      PeerParcel(kind: UInt8($0 & 0xff), router: "r\($0)", bytes: bytes($0))
    }
    let sender = End()
    let receiver = End()
    for parcel in parcels { #expect(sender.enqueue(parcel)) }
    var arrived: [PeerParcel] = []
    var chunks: [(due: Int, chunk: ParcelChunk)] = []
    var answers: [(due: Int, answer: ParcelAcknowledgement)] = []
    var time = 0
    while !sender.isIdle, time < 120_000 {
      time += 1
      for chunk in sender.chunks(limit: 64, at: at(time))
      where Int.random(in: 0..<3, using: &numbers) > 0 {
        chunks.append((time + Int.random(in: 0...5, using: &numbers), chunk))
      }
      for (_, chunk) in chunks.filter({ $0.due <= time }).shuffled(using: &numbers) {
        if let parcel = receiver.take(chunk) { arrived.append(parcel) }
      }
      chunks.removeAll { $0.due <= time }
      if let answer = receiver.takeAcknowledgement(), Int.random(in: 0..<3, using: &numbers) > 0 {
        answers.append((time + Int.random(in: 0...5, using: &numbers), answer))
      }
      for (_, answer) in answers where Int.random(in: 0..<2, using: &numbers) == 0 {
        sender.take(answer, at: at(time))
      }
      answers.removeAll { $0.due <= time }
    }
    #expect(sender.isIdle, "seed \(seed)")
    #expect(arrived == parcels, "seed \(seed)")
  }
}
