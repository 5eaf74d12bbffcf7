import Testing
import VRRP

@testable import Failover

let movingAddresses: [IPAddress] = [
  .v4(IPv4Address(10, 0, 0, 100)), .v4(IPv4Address(10, 0, 0, 101)),
]

/// A connection of a client 10.1.x.y to one of the moving addresses.
func connection(_ number: Int, place: Int = 0, port: UInt16 = 5432) -> TCPConnection {
  TCPConnection(
    local: movingAddresses[place], localPort: port,
    remote: .v4(IPv4Address(number: 0x0a01_0000 + UInt32(number))), remotePort: 40_000)
}

private func at(_ seconds: Int) -> Instant { Instant(sinceBoot: .seconds(seconds)) }

extension ConnectionLedger {
  mutating func survey(_ connections: some Sequence<TCPConnection>) {
    beginSurvey()
    for connection in connections { note(connection) }
    endSurvey()
  }

  /// Sends all that is due over a wire of bytes; how many bytes each parcel had.
  @discardableResult
  mutating func share(
    with other: inout SharedConnections, as holder: String = "a", peer: String = "b",
    at now: Instant = at(0)
  ) throws -> [Int] {
    var lengths: [Int] = []
    while let parcel = parcel(for: peer) {
      lengths.append(parcel.bytes.count)
      let arrived = try ConnectionParcel(decoding: parcel.bytes)
      #expect(arrived == parcel)
      guard let answer = other.take(arrived, from: holder, at: now) else { continue }
      switch try ConnectionParcel(decoding: answer.bytes) {
      case .holding(let holding): answered(holding, by: peer)
      case .missing: forget(peer)
      case .piece, .told, .late: Issue.record("\(answer)")
      }
    }
    return lengths
  }
}

@Suite("The holder's list of connections, and what its peers know of it")
struct ConnectionLedgerTests {
  @Test("A new peer gets the whole list, then what has come and gone, then nothing")
  func changes() throws {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    var shared = SharedConnections()
    ledger.survey([connection(1), connection(2, place: 1)])
    // Version, kind, flags, family, number (4); two addresses of 4 and their count; none go (4).
    do {
      let lengths = try ledger.share(with: &shared)
      #expect(lengths == [8 + 9 + 4 + 2 * 9])
    }
    #expect(
      shared.connections(of: movingAddresses) == [connection(1), connection(2, place: 1)])
    ledger.survey([connection(2, place: 1), connection(3)])
    do {
      let lengths = try ledger.share(with: &shared)
      #expect(lengths == [8 + 4 + 2 * 9])
    }
    #expect(
      shared.connections(of: movingAddresses) == [connection(2, place: 1), connection(3)])
    ledger.survey([connection(2, place: 1), connection(3)])
    do {
      let lengths = try ledger.share(with: &shared)
      #expect(lengths == [])
    }
  }

  @Test("A parcel is written byte by byte as described")
  func literal() throws {
    var ledger = ConnectionLedger(addresses: [movingAddresses[0]])
    ledger.survey([connection(7)])
    let parcel = ledger.parcel(for: "b")
    #expect(
      parcel?.bytes == [
        1, 1, 3, 4, 0, 0, 0, 1, 1, 10, 0, 0, 100, 0, 0, 0, 0,
        10, 1, 0, 7, 0x9c, 0x40, 0x15, 0x38, 0,
      ])
    let address = try #require(IPAddress("fd00::100"))
    var ledger6 = ConnectionLedger(addresses: [address])
    ledger6.survey([
      TCPConnection(
        local: address, localPort: 80, remote: try #require(IPAddress("fd00::2")), remotePort: 513)
    ])
    let parcel6 = ledger6.parcel(for: "b")
    #expect(
      parcel6?.bytes == [
        1, 1, 3, 6, 0, 0, 0, 1, 1, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
        0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 1, 0, 80, 0,
      ])
    #expect(ConnectionParcel.told.bytes == [1, 4])
    #expect(ConnectionParcel.missing.bytes == [1, 3])
  }

  @Test(
    "Nothing more is sent before the answer, and after ten surveys without one all is sent again")
  func waits() {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    ledger.survey([connection(1)])
    do {
      let parcel = ledger.parcel(for: "b")
      #expect(parcel != nil)
    }
    for _ in 0..<10 {
      let parcel = ledger.parcel(for: "b")
      #expect(parcel == nil)
      ledger.survey([connection(1), connection(2)])
    }
    guard case .piece(let piece) = ledger.parcel(for: "b") else {
      Issue.record("nothing is sent")
      return
    }
    #expect(piece.beginning == movingAddresses)
    #expect(piece.added.count == 2)
  }

  @Test("A peer that holds something else gets the whole list, once in a survey")
  func mismatch() throws {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    ledger.survey([connection(1)])
    do {
      let parcel = ledger.parcel(for: "b")
      #expect(parcel != nil)
    }
    ledger.answered(ConnectionParcel.Holding(number: 1, count: 1, digest: 0), by: "b")
    do {
      let parcel = ledger.parcel(for: "b")
      #expect(parcel == nil)
    }
    ledger.survey([connection(1)])
    var shared = SharedConnections()
    let lengths = try ledger.share(with: &shared)
    #expect(lengths.count == 1)
    #expect(shared.connections(of: movingAddresses) == [connection(1)])
  }

  @Test("An answer to something else than the last parcel changes nothing")
  func strangeAnswer() {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    ledger.survey([connection(1)])
    do {
      let parcel = ledger.parcel(for: "b")
      #expect(parcel != nil)
    }
    ledger.answered(ConnectionParcel.Holding(number: 2, count: 0, digest: 0), by: "b")
    ledger.answered(ConnectionParcel.Holding(number: 1, count: 0, digest: 0), by: "c")
    ledger.survey([connection(1), connection(2)])
    do {
      let parcel = ledger.parcel(for: "b")
      #expect(parcel == nil)
    }
  }

  @Test("A peer that has started again asks for the list and gets it")
  func restarted() throws {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    var shared = SharedConnections()
    ledger.survey([connection(1)])
    try ledger.share(with: &shared)
    shared = SharedConnections()
    ledger.survey([connection(1), connection(2)])
    try ledger.share(with: &shared)
    #expect(shared.count == 0)
    ledger.survey([connection(1), connection(2)])
    try ledger.share(with: &shared)
    #expect(shared.connections(of: movingAddresses) == [connection(1), connection(2)])
  }

  @Test("After sixty surveys without a change an empty one is sent, which keeps the list")
  func silence() throws {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    var shared = SharedConnections()
    ledger.survey([connection(1)])
    try ledger.share(with: &shared, at: at(0))
    for second in 1...59 {
      ledger.survey([connection(1)])
      do {
        let lengths = try ledger.share(with: &shared, at: at(second))
        #expect(lengths == [])
      }
    }
    ledger.survey([connection(1)])
    do {
      let lengths = try ledger.share(with: &shared, at: at(60))
      #expect(lengths == [8 + 4])
    }
    shared.passTime(at: at(659))
    #expect(shared.count == 1)
    shared.passTime(at: at(660))
    #expect(shared.isEmpty)
  }

  @Test("A connection with both ends at moving addresses, or of another family, is not shared")
  func ownEnds() throws {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    let group = try #require(IPAddress("224.0.0.1"))
    let other = try #require(IPAddress("fd00::1"))
    for remote in [movingAddresses[0], movingAddresses[1], group, other] {
      ledger.survey([
        TCPConnection(local: movingAddresses[0], localPort: 1, remote: remote, remotePort: 2)
      ])
      #expect(ledger.count == 0)
    }
    var elsewhere = connection(1)
    elsewhere.local = .v4(IPv4Address(10, 0, 0, 1))
    ledger.survey([elsewhere])
    #expect(ledger.count == 0)
  }

  @Test(
    "Ten thousand are kept of an address and the others counted; a parcel has 60,000 bytes at most")
  func limits() throws {
    var ledger = ConnectionLedger(addresses: movingAddresses)
    var shared = SharedConnections()
    ledger.survey((0..<10_003).map { connection($0) } + [connection(1, place: 1)])
    #expect(ledger.count == 10_001)
    #expect(ledger.beyondLimit == 3)
    let lengths = try ledger.share(with: &shared)
    #expect(lengths.count == 2)
    #expect(lengths.allSatisfy { $0 <= 60_000 })
    #expect(shared.count == 10_001)
    // Room that becomes free is used.
    ledger.survey((5..<10_003).map { connection($0) })
    #expect(ledger.beyondLimit == 3)
    ledger.survey((5..<10_003).map { connection($0) })
    #expect(ledger.count == 9_998)
    #expect(ledger.beyondLimit == 0)
  }

  /// What two peers and the holder have after many rounds in which anything may happen.
  @Test("Both sides hold the same after many rounds", arguments: 1...8)
  func lossless(seed: Int) throws {
    var random = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15
    func next(_ bound: Int) -> Int {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(random >> 33) % bound
    }
    var ledger = ConnectionLedger(addresses: movingAddresses)
    var shared = ["b": SharedConnections(), "c": SharedConnections()]
    var present: Set<TCPConnection> = []
    for round in 0..<200 {
      for _ in 0..<next(60) { present.insert(connection(next(500), place: next(2))) }
      for _ in 0..<next(60) where !present.isEmpty {
        present.remove(connection(next(500), place: next(2)))
      }
      if next(50) == 0 { present = [] }
      ledger.survey(present)
      for peer in ["b", "c"] {
        guard var other = shared[peer] else { continue }
        switch next(20) {
        // Out of reach for a while.
        case 0...5: continue
        // Started again: the channel tells the holder, or does not.
        case 6:
          other = SharedConnections()
          ledger.remove(peer)
        case 7: other = SharedConnections()
        default: break
        }
        try ledger.share(with: &other, peer: peer, at: at(round))
        shared[peer] = other
      }
    }
    // The last answers, and what they ask for.
    for _ in 0..<3 {
      ledger.survey(present)
      for peer in ["b", "c"] {
        guard var other = shared[peer] else { continue }
        try ledger.share(with: &other, peer: peer, at: at(200))
        shared[peer] = other
      }
    }
    #expect(shared["b"]?.connections(of: movingAddresses) == present)
    #expect(shared["c"]?.connections(of: movingAddresses) == present)
  }
}
