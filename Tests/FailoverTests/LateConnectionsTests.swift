import Testing
import VRRP

@testable import Failover

private func at(_ seconds: Int) -> Instant { Instant(sinceBoot: .seconds(seconds)) }

private func piece(
  number: UInt32 = 1, beginning: [IPAddress]? = nil, isEnd: Bool = true,
  added: [TCPConnection] = []
) -> ConnectionParcel.Piece {
  ConnectionParcel.Piece(
    number: number, family: .ipv4, beginning: beginning, isEnd: isEnd, removed: [],
    added: added.map { ConnectionEntry($0, place: 0) })
}

@Suite("Connections that a node still had when it had handed the role over")
struct LateConnectionsTests {
  @Test("They are given out once, and not before the list is whole")
  func whole() {
    var late = LateConnections()
    let first = late.take(
      piece(beginning: movingAddresses, isEnd: false, added: [connection(1)]), from: "a",
      at: at(0))
    #expect(!first)
    let early = late.takeAll(of: movingAddresses)
    #expect(early.isEmpty)
    let second = late.take(piece(number: 2, added: [connection(2)]), from: "a", at: at(0))
    #expect(second)
    let all = late.takeAll(of: movingAddresses)
    #expect(all == [connection(1), connection(2)])
    #expect(late.isEmpty)
  }

  @Test("A piece without the beginning, of another node, or behind the end counts for nothing")
  func stray() {
    var late = LateConnections()
    let lone = late.take(piece(added: [connection(1)]), from: "a", at: at(0))
    #expect(!lone)
    #expect(late.isEmpty)
    _ = late.take(piece(beginning: movingAddresses, isEnd: false), from: "a", at: at(0))
    let other = late.take(piece(number: 2, added: [connection(2)]), from: "c", at: at(0))
    #expect(!other)
    _ = late.take(piece(number: 2, added: [connection(3)]), from: "a", at: at(0))
    let behind = late.take(piece(number: 3, added: [connection(4)]), from: "a", at: at(0))
    #expect(!behind)
    let all = late.takeAll(of: movingAddresses)
    #expect(all == [connection(3)])
  }

  @Test("Only those of the addresses that are configured here count")
  func addresses() {
    var late = LateConnections()
    _ = late.take(
      piece(beginning: movingAddresses, added: [connection(1)]), from: "a", at: at(0))
    let all = late.takeAll(of: [movingAddresses[1]])
    #expect(all.isEmpty)
  }

  @Test("They are told up to 5 s after the takeover, and forgotten when they come later")
  func limit() {
    for (second, isTold) in [(100, true), (105, true), (106, false)] {
      var late = LateConnections()
      _ = late.take(
        piece(beginning: movingAddresses, added: [connection(1)]), from: "a", at: at(second))
      let found = late.isTold(
        takenOverFrom: "a", at: at(100), isHolding: true, at: at(second))
      #expect(found == isTold)
      #expect(late.isEmpty == !isTold)
    }
  }

  @Test("They wait for the takeover that they are about")
  func beforeTakeover() {
    var late = LateConnections()
    _ = late.take(
      piece(beginning: movingAddresses, added: [connection(1)]), from: "a", at: at(200))
    // An earlier one was from the same node, and this node has not taken over yet.
    let early = late.isTold(takenOverFrom: "a", at: at(100), isHolding: false, at: at(200))
    let another = late.isTold(takenOverFrom: "c", at: at(100), isHolding: true, at: at(200))
    #expect(!early && !another && !late.isEmpty)
  }

  @Test("They are kept for ten minutes")
  func time() {
    var late = LateConnections()
    _ = late.take(
      piece(beginning: movingAddresses, added: [connection(1)]), from: "a", at: at(0))
    late.passTime(at: at(599))
    #expect(!late.isEmpty)
    late.passTime(at: at(600))
    #expect(late.isEmpty)
  }

  @Test("Their parcel is of kind 5, and else written as a piece of a shared list")
  func bytes() throws {
    let parcel = ConnectionParcel.late(
      piece(beginning: [movingAddresses[0]], added: [connection(7)]))
    let bytes: [UInt8] = [
      1, 5, 3, 4, 0, 0, 0, 1, 1, 10, 0, 0, 100, 0, 0, 0, 0,
      10, 1, 0, 7, 0x9c, 0x40, 0x15, 0x38, 0,
    ]
    #expect(parcel.bytes == bytes)
    #expect(try ConnectionParcel(decoding: bytes) == parcel)
  }
}
