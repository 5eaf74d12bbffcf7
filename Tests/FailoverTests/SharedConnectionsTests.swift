import Testing
import VRRP

@testable import Failover

private func at(_ seconds: Int) -> Instant { Instant(sinceBoot: .seconds(seconds)) }

private func parcel(
  number: UInt32 = 1, beginning: [IPAddress]? = nil, isEnd: Bool = true,
  added: [TCPConnection] = [], removed: [TCPConnection] = []
) -> ConnectionParcel {
  .piece(
    ConnectionParcel.Piece(
      number: number, family: .ipv4, beginning: beginning, isEnd: isEnd,
      removed: removed.map { ConnectionEntry($0, place: 0) },
      added: added.map { ConnectionEntry($0, place: 0) }))
}

@Suite("Connections that other holders have shared")
struct SharedConnectionsTests {
  @Test("A list that begins anew takes the place of the old one only when it is complete")
  func anew() {
    var shared = SharedConnections()
    _ = shared.take(
      parcel(beginning: movingAddresses, added: [connection(1)]), from: "a", at: at(0))
    _ = shared.take(
      parcel(number: 2, beginning: movingAddresses, isEnd: false, added: [connection(2)]),
      from: "a", at: at(1))
    #expect(shared.connections(of: movingAddresses) == [connection(1)])
    _ = shared.take(parcel(number: 3, added: [connection(3)]), from: "a", at: at(1))
    #expect(shared.connections(of: movingAddresses) == [connection(2), connection(3)])
  }

  @Test("The lists of all earlier holders count, for the addresses that are configured here")
  func several() {
    var shared = SharedConnections()
    let list = parcel(beginning: movingAddresses, added: [connection(1)])
    _ = shared.take(list, from: "a", at: at(0))
    _ = shared.take(
      parcel(beginning: movingAddresses, added: [connection(2)]), from: "c", at: at(0))
    #expect(shared.connections(of: movingAddresses) == [connection(1), connection(2)])
    #expect(shared.connections(of: [movingAddresses[1]]).isEmpty)
    shared.forgetAll()
    #expect(shared.isEmpty)
  }

  @Test("Who took over and has told the clients ends all lists but its own")
  func told() {
    var shared = SharedConnections()
    for peer in ["a", "c"] {
      _ = shared.take(
        parcel(beginning: movingAddresses, added: [connection(peer == "a" ? 1 : 2)]), from: peer,
        at: at(0))
    }
    let answer1 = shared.take(.told, from: "c", at: at(1))
    #expect(answer1 == nil)
    #expect(shared.connections(of: movingAddresses) == [connection(2)])
  }

  @Test("A list is kept ten minutes after the last word of its holder")
  func time() {
    var shared = SharedConnections()
    _ = shared.take(
      parcel(beginning: movingAddresses, added: [connection(1)]), from: "a", at: at(0))
    shared.passTime(at: at(599))
    #expect(shared.count == 1)
    #expect(shared.nextDeadline == at(600))
    shared.passTime(at: at(600))
    #expect(shared.isEmpty)
  }

  @Test(
    "A change for a list that is not here, and a place behind the addresses, are answered with missing"
  )
  func missing() {
    var shared = SharedConnections()
    let answer2 = shared.take(parcel(added: [connection(1)]), from: "a", at: at(0))
    #expect(answer2 == .missing)
    _ = shared.take(
      parcel(beginning: [movingAddresses[0]], added: [connection(1)]), from: "a", at: at(0))
    let beyond = ConnectionParcel.piece(
      ConnectionParcel.Piece(
        number: 2, family: .ipv4, beginning: nil, isEnd: true, removed: [],
        added: [ConnectionEntry(connection(2), place: 1)]))
    let answer3 = shared.take(beyond, from: "a", at: at(0))
    #expect(answer3 == .missing)
    #expect(shared.connections(of: movingAddresses) == [connection(1)])
  }
}

@Suite("Parcels about connections, from any bytes")
struct ConnectionParcelTests {
  private static let good: [UInt8] = [
    1, 1, 3, 4, 0, 0, 0, 1, 1, 10, 0, 0, 100, 0, 0, 0, 0,
    10, 1, 0, 7, 0x9c, 0x40, 0x15, 0x38, 0,
  ]

  private func failure(_ bytes: [UInt8]) -> ConnectionParcelError? {
    do throws(ConnectionParcelError) {
      _ = try ConnectionParcel(decoding: bytes)
      return nil
    } catch {
      return error
    }
  }

  /// The good bytes with some others in their place.
  private func changed(_ place: Int, _ bytes: [UInt8]) -> [UInt8] {
    var all = Self.good
    all.replaceSubrange(place..<place + bytes.count, with: bytes)
    return all
  }

  @Test("Each mistake has its reason")
  func reasons() {
    #expect(failure(Self.good) == nil)
    #expect(failure(changed(0, [2])) == .version)
    #expect(failure(changed(1, [6])) == .kind)
    #expect(failure(changed(2, [4])) == .flags)
    #expect(failure(changed(3, [5])) == .family)
    #expect(failure(changed(25, [1])) == .place)
    // More go than there are.
    #expect(failure(changed(13, [0, 0, 0, 2])) == .length)
    #expect(failure(changed(13, [255, 255, 255, 255])) == .length)
    #expect(failure(Self.good + [0]) == .length)
    #expect(failure([1, 3, 0]) == .length)
    // The client 0.0.0.0 and 224.0.0.7, port 0 on either side, the address 255 that is a group.
    #expect(failure(changed(17, [0, 0, 0, 0])) == .impossibleAddress)
    #expect(failure(changed(17, [224])) == .impossibleAddress)
    #expect(failure(changed(21, [0, 0])) == .impossibleAddress)
    #expect(failure(changed(23, [0, 0])) == .impossibleAddress)
    #expect(failure(changed(9, [239])) == .impossibleAddress)
    #expect(failure([UInt8](repeating: 1, count: 60_001)) == .tooLong)
  }

  @Test("No beginning of a parcel is one, except for nothing at all in the list")
  func truncated() {
    for count in 0..<Self.good.count {
      #expect((failure(Array(Self.good.prefix(count))) == nil) == (count == 17))
    }
  }
}
