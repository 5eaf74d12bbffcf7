import Testing
import VRRP

@testable import Failover

private let header = PeerHeader(
  key: 7, asks: true, path: 2,
  stamp: PeerStamp(
    session: 0x0102_0304_0506_0708, counter: 9, echoSession: 0x1112_1314_1516_1718, echoCounter: 5),
  time: PeerTime(number: 0x6800_0000_8000_0000), sender: "db-a", receiver: "db-b")

/// The header as the documentation lays it out.
private let headerBytes: [UInt8] = [
  0x47, 0x57, 0x50, 0x43, 1, 1, 7, 1, 2, 4, 4, 0,
  1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9,
  0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0, 0, 0, 0, 0, 0, 0, 5,
  0x68, 0, 0, 0, 0x80, 0, 0, 0, 0x64, 0x62, 0x2d, 0x61, 0x64, 0x62, 0x2d, 0x62,
]
private let code = [UInt8](repeating: 0xcc, count: 32)
private let whole: [UInt8] = headerBytes + code

private struct Fault: Sendable {
  let bytes: [UInt8]
  let reason: PeerDiscardReason

  init(_ bytes: [UInt8], _ reason: PeerDiscardReason) {
    self.bytes = bytes
    self.reason = reason
  }
}

private let headerFaults: [Fault] = [
  Fault([], .tooShort), Fault(Array(whole[..<52]), .tooShort),
  Fault(Array(whole[..<91]), .tooShort),
  Fault(whole + [UInt8](repeating: 0, count: 1309), .tooLong),
  Fault(changed(whole, 0, 0x46), .magic), Fault(changed(whole, 3, 0x44), .magic),
  Fault(changed(whole, 4, 0), .version),
  Fault(changed(changed(whole, 4, 2), 5, 2), .version),
  Fault(changed(whole, 9, 0), .malformedHeader), Fault(changed(whole, 10, 0), .malformedHeader),
  Fault(changed(whole, 9, 65), .malformedHeader), Fault(changed(whole, 10, 8), .tooShort),
  Fault(changed(whole, 52, 0xff), .malformedHeader),
  Fault(changed(whole, 27, 0), .malformedHeader), Fault(withoutSession(), .malformedHeader),
]

private func withoutSession() -> [UInt8] {
  var bytes = whole
  for place in 12..<20 { bytes[place] = 0 }
  return bytes
}

private func changed(_ bytes: [UInt8], _ place: Int, _ value: UInt8) -> [UInt8] {
  var bytes = bytes
  bytes[place] = value
  return bytes
}

private func sections(_ body: [UInt8]) throws(PeerDiscardReason) -> [PeerSection] {
  let datagram = headerBytes + body + code
  return try PeerSection.list(in: datagram.span, behind: try PeerHeader(decoding: datagram.span))
}

@Suite struct PeerMessageTests {
  @Test("The header has every byte in its place")
  func headerInBytes() throws {
    #expect(header.encode([]) == headerBytes)
    #expect(try PeerHeader(decoding: (headerBytes + code).span) == header)
  }

  @Test("The first byte is no version of IP, which VRRP's HMAC input begins with")
  func domain() { #expect(headerBytes[0] != 4 && headerBytes[0] != 6) }

  @Test("Each fault of a header has its reason", arguments: headerFaults)
  private func faults(fault: Fault) {
    #expect(throws: fault.reason) { try PeerHeader(decoding: fault.bytes.span) }
  }

  @Test("A newer version that we can read is read as ours")
  func newer() throws {
    let bytes = changed(headerBytes + code, 4, 9)
    #expect(try PeerHeader(decoding: bytes.span) == header)
  }

  @Test("A section of an unknown type is passed over, and so is what a known one ends with")
  func unknownSections() throws {
    let node: [UInt8] = [1, 0, 12, 3, 0x31, 0x2e, 0x30, 0, 0, 0, 0, 2, 0, 1, 0xee]
    let found = try sections([99, 0, 2, 5, 5] + node + [0, 0, 0])
    #expect(found == [.node(PeerNodeReport(version: "1.0", heardPaths: [0, 1]))])
    #expect(try sections([]) == [])
  }

  @Test("A report has every byte in its place")
  func reportInBytes() throws {
    let report = PeerReport(
      state: .releasing, effectivePriority: Priority(150), isFit: true, term: 17, isHolding: true,
      source: .v4(IPv4Address(192, 0, 2, 1)), maintenance: MaintenanceMark(version: 3, isOn: true),
      handover: Handover(
        operation: OperationIdentifier(0xabcd), partner: "db-b", reason: .shutdown,
        step: .released(term: 17)))
    let said = PeerRouterReport(
      name: "r", report: report, configuration: SharedConfiguration([.vrid: "51"]))
    let bytes: [UInt8] = [
      2, 0, 55, 1, 0x72, 5, 150, 0x0f, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 3,
      4, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0xab, 0xcd, 4, 0x64, 0x62, 0x2d, 0x62, 2, 9,
      0, 0, 0, 0, 0, 0, 0, 17, 1, 1, 0x84, 0xe1, 0x42, 0x33,
    ]
    let encoded = PeerSection.router(said).encoded
    #expect(encoded == bytes)
    #expect(try sections(encoded) == [.router(said)])
  }

  @Test("Every step of a handover arrives as it was sent")
  func steps() throws {
    let steps: [Handover.Step] = [
      .requested(candidate: "db-a", isForced: true), .requested(candidate: "x", isForced: false),
      .preparing(isForced: true), .preparing(isForced: false), .checking, .ready,
      .refused("postgres is behind"), .demoting, .handing, .informed, .released(term: 1 << 62),
      .taking, .held(told: 0), .held(told: 4_294_967_295), .failed("promote: exit status 1"),
      .moved(Passage(gap: .milliseconds(12), reset: 3, left: 1, told: 2)), .moved(Passage()),
      .withdrawn(""),
    ]
    let states: [RoleState] = [.initialize, .backup, .claiming, .active, .releasing, .fault]
    for (place, step) in steps.enumerated() {
      let said = PeerRouterReport(
        name: "orders-db",
        report: PeerReport(
          state: states[place % 6], effectivePriority: .release, isFit: false, term: 0,
          isHolding: false, source: place % 2 == 0 ? nil : IPAddress("fe80::1"),
          handover: Handover(operation: OperationIdentifier(1), partner: "p", step: step)),
        configuration: SharedConfiguration([:]))
      #expect(try sections(PeerSection.router(said).encoded) == [.router(said)])
    }
  }

  @Test("A sentence of more than 255 bytes is cut at a character")
  func longSentence() throws {
    let said = PeerRouterReport(
      name: "r",
      report: PeerReport(
        state: .backup, effectivePriority: .standard, isFit: true, term: 1, isHolding: false,
        source: nil,
        handover: Handover(
          operation: OperationIdentifier(1), partner: "p",
          step: .refused(String(repeating: "ä", count: 200)))),
      configuration: SharedConfiguration([:]))
    guard case .router(let heard) = try sections(PeerSection.router(said).encoded).first else {
      Issue.record("no report")
      return
    }
    #expect(heard.report.handover?.step == .refused(String(repeating: "ä", count: 127)))
  }

  @Test(
    "A section that is cut off or makes no sense is malformed",
    arguments: [
      [1], [1, 0], [1, 0, 1], [1, 0, 1, 65], [1, 0, 0], [2, 0, 0], [2, 0, 2, 1, 0x72],
      [2, 0, 3, 1, 0x72, 7], [1, 0, 2, 1, 0xff], [3, 0, 0], [4, 0, 7, 0, 0, 0, 0, 0, 0, 0],
      [3, 0, 15, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 5],
      [3, 0, 15, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 5],
      [3, 0, 15, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 1, 5],
      [3, 0, 15, 0, 0, 0, 1, 0, 2, 0, 0x43, 0, 0, 0, 0, 3, 0xe8, 5],
    ] as [[UInt8]])
  func malformed(body: [UInt8]) {
    #expect(throws: PeerDiscardReason.malformedSection) { try sections(body) }
  }

  @Test("No input makes the decoder fail in another way", arguments: 0..<50)
  func total(seed: Int) throws {
    var numbers = SeededNumbers(UInt64(seed))
    let report = PeerRouterReport(
      name: "orders-db",
      report: PeerReport(
        state: .active, effectivePriority: .standard, isFit: true, term: 1, isHolding: true,
        source: IPAddress("192.0.2.1"),
        handover: Handover(
          operation: OperationIdentifier(1), partner: "p", step: .moved(Passage()))),
      configuration: SharedConfiguration([.vrid: "1", .lease: "2"]))
    let body =
      PeerSection.node(PeerNodeReport(version: "1")).encoded
      + PeerSection.router(report).encoded
    for _ in 0..<200 {
      var damaged = body
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        damaged[Int.random(in: 0..<damaged.count, using: &numbers)] =
          UInt8(truncatingIfNeeded: numbers.next())
      }
      do throws(PeerDiscardReason) {
        _ = try sections(Array(damaged[..<Int.random(in: 0...damaged.count, using: &numbers)]))
      } catch {
        #expect(error == .malformedSection)
      }
    }
  }

  @Test("A thousand virtual routers take as few datagrams as fit, none above 1400 bytes")
  func thousand() throws {
    let encoded = (0..<1000).map { number in
      PeerSection.router(
        PeerRouterReport(
          name: "router-\(number)",
          report: PeerReport(
            state: .backup, effectivePriority: .standard, isFit: true, term: 1, isHolding: false,
            source: IPAddress("192.0.2.1")),
          configuration: SharedConfiguration([.vrid: "1", .lease: "2"]))
      ).encoded
    }
    let room = PeerHeader.room(from: "db-a", to: "db-b")
    let packed = PeerSection.pack(encoded, room: room)
    #expect(Array(packed.joined()) == encoded)
    for part in packed { #expect(header.encode(part).count + 32 <= 1400) }
    for (part, next) in zip(packed, packed.dropFirst()) {
      #expect(part.reduce(0) { $0 + $1.count } + (next.first?.count ?? 0) > room)
    }
    #expect(PeerSection.pack([], room: room) == [[]])
  }
}
