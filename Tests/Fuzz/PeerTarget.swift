import Failover
import VRRP

/// Reads a datagram of the peer channel; what it says is the same when it is written and read again,
/// and neither a session nor the parcels of a peer stumble over it.
///
/// An input is one datagram, code included.
enum PeerTarget {
  static func take(_ input: Span<UInt8>) {
    do throws(PeerDiscardReason) {
      let header = try PeerHeader(decoding: input)
      let sections = try PeerSection.list(in: input, behind: header)
      expect(input.count <= PeerHeader.longestDatagram, "no datagram is longer")
      writeAgain(header, sections)
      live(header, sections)
    } catch {
      expect(!error.explanation.isEmpty, "a reason says something")
    }
  }

  private static func writeAgain(_ header: PeerHeader, _ sections: [PeerSection]) {
    let code = [UInt8](repeating: 0, count: PeerHeader.codeLength)
    let room = PeerHeader.room(from: header.sender, to: header.receiver)
    var again: [PeerSection] = []
    for part in PeerSection.pack(sections.map(\.encoded), room: room) {
      let datagram = header.encode(part) + code
      do throws(PeerDiscardReason) {
        let read = try PeerHeader(decoding: datagram.span)
        expect(read == header, "\(header) is read as it is written")
        again += try PeerSection.list(in: datagram.span, behind: header)
      } catch {
        expect(false, "what was read can be written and read: \(error)")
      }
    }
    expect(again == sections, "\(sections) is read as it is written")
  }

  /// The datagram at a peer that has said something before, twice.
  private static func live(_ header: PeerHeader, _ sections: [PeerSection]) {
    let now = Instant(sinceBoot: .seconds(1))
    var session = PeerSession(session: 1)
    _ = session.next(at: now)
    var believed = 0
    for _ in 0..<2 {
      let proof = try? session.receive(header.stamp, path: header.path, at: now) { 2 }
      if proof != nil { believed += 1 }
    }
    expect(believed <= 1, "nothing counts twice")
    expect((believed == 1) == (header.stamp.echoSession == 1), "only what echoes us counts")
    var parcels = PeerParcels()
    expect(
      parcels.enqueue(PeerParcel(kind: 1, router: "", bytes: header.encode([]))), "it has room")
    _ = parcels.chunks(limit: 64, at: now)
    for section in sections + sections {
      switch section {
      case .chunk(let chunk): _ = parcels.take(chunk)
      case .acknowledgement(let answer): parcels.take(answer, at: now)
      case .node, .router: break
      }
    }
    _ = parcels.takeAcknowledgement()
  }

  /// Datagrams of each kind.
  static func seeds() -> [[UInt8]] {
    let steps: [Handover.Step] = [
      .requested(candidate: "db-b", isForced: true), .preparing(isForced: false), .checking,
      .refused("postgres is behind"), .released(term: 17), .held(told: 3),
      .moved(Passage(gap: .milliseconds(12), reset: 3, left: 1, told: 2)), .withdrawn("undone"),
    ]
    let reports: [PeerSection] = steps.map { step in
      .router(
        PeerRouterReport(
          name: "orders-db",
          report: PeerReport(
            state: .active, effectivePriority: .standard, isFit: true, term: 17, isHolding: true,
            source: IPAddress("192.0.2.1"),
            handover: Handover(operation: OperationIdentifier(1), partner: "db-b", step: step)),
          configuration: SharedConfiguration([.vrid: "51", .lease: "2.5"])))
    }
    var parcels = PeerParcels()
    _ = parcels.enqueue(PeerParcel(kind: 1, router: "orders-db", bytes: [1, 2, 3]))
    let now = Instant(sinceBoot: .zero)
    let chunks = parcels.chunks(limit: 1, at: now)
    var receiver = PeerParcels()
    for chunk in chunks { _ = receiver.take(chunk) }
    let rest =
      [.node(PeerNodeReport(version: "0.1.0", heardPaths: [0, 1]))] + chunks.map { .chunk($0) }
      + (receiver.takeAcknowledgement().map { [PeerSection.acknowledgement($0)] } ?? [])
    let header = PeerHeader(
      key: 1, path: 0, stamp: PeerStamp(session: 5, counter: 1, echoSession: 1, echoCounter: 1),
      time: PeerTime(seconds: 0, nanoseconds: 0), sender: "db-a", receiver: "db-b")
    let code = [UInt8](repeating: 0, count: PeerHeader.codeLength)
    return (reports + rest).map { header.encode([$0.encoded]) + code } + [header.encode([]) + code]
  }
}
