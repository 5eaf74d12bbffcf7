import Failover
import Testing
import VRRP

@testable import Recording

@Suite struct RecordedLineTests {
  static let moment = Instant(sinceBoot: .nanoseconds(3_609_375_512))
  static let other = IPAddress.v4(IPv4Address(192, 0, 2, 2))

  static func advertisement(_ version: ProtocolVersion) -> Participant.Event {
    .advertisement(
      Advertisement(
        version: version, identifier: VirtualRouterIdentifier(51)!, priority: Priority(100),
        interval: .standard, checksumForm: .pseudoHeader, addressCount: 3), from: other)
  }

  static let settings = ParticipantSettings(
    router: VirtualRouterSettings(
      identifier: VirtualRouterIdentifier(7)!,
      addresses: [IPAddress("fe80::1")!, IPAddress("2001:db8::9")!],
      priority: Priority(90), advertisementInterval: AdvertisementInterval(centiseconds: 25)!,
      preemption: .after(.milliseconds(1500)), checksumForm: .pseudoHeader),
    isPair: true, lease: LeaseSettings(duration: .milliseconds(600), isEnforced: false),
    detectsConflicts: true,
    announcementRefresh: .seconds(9),
    checks: [
      CheckSettings(name: "a", probe: .command(["/bin/true", "x"]), user: "nobody"),
      CheckSettings(name: "b", probe: .tcp("192.0.2.1:80"), onFailure: .priority(-20)),
      CheckSettings(name: "c", probe: .http("http://localhost/"), rise: 4, fall: 5),
      CheckSettings(name: "d", probe: .process("postgres"), interval: .seconds(9)),
      CheckSettings(name: "e", probe: .file("/run/ready"), timeout: .milliseconds(30)),
    ],
    hooks: [
      HookSettings(
        command: ["/bin/hook", "é \"quoted\""], events: [.promote, .undo],
        timeouts: [.promote: .milliseconds(1), .undo: .seconds(2)], user: "db",
        environment: ["PG_DATA": "/a_b", "camelCase": "1", "snake_case": "2"]),
      HookSettings(command: ["/bin/other"]),
    ])

  static let faults: Set<Fault> = [
    .interfaceMissing("a"), .interfaceDown("b"), .noCarrier("c"), .noSourceAddress("d"),
    .identifierTaken("e"), .check("f"), .promoteFailed("g"), .addressesRefused("h"),
    .leaseRefused("i"), .advertisementsRefused("j"), .socketRefused("k"),
  ]

  static let events: [Participant.Event] = [
    .start, .link(faults, source: other), .link([], source: nil), advertisement(.version2),
    advertisement(.version3), .timer, .installed(failure: nil), .installed(failure: "no"),
    .removed(failure: nil), .removed(failure: "no"), .addressesLost, .beatFailed("no"), .leaseLost,
    .hardware([HardwareAddress(2, 0, 0, 0, 0, 0x0a)]),
    .neighbor(
      NeighborClaim(
        address: IPAddress("192.0.2.100")!, hardware: HardwareAddress(2, 0, 0, 0, 0, 0x0b),
        kind: .claims,
        mark: ClaimMark(
          identifier: VirtualRouterIdentifier(51)!, priority: Priority(9),
          primary: IPAddress("192.0.2.2")!))),
    .neighbor(
      NeighborClaim(
        address: IPAddress("192.0.2.100")!, hardware: HardwareAddress(2, 0, 0, 0, 0, 0x0b),
        kind: .probes, mark: nil)),
    .link(
      [.conflict(IPAddress("192.0.2.100")!, HardwareAddress(2, 0, 0, 0, 0, 0x0b))], source: nil),
    .leaseRefused("no"), .hookEnded(HookRun.Identifier(9), .exited(75)),
    .hookEnded(HookRun.Identifier(9), .signalled(9)),
    .hookEnded(HookRun.Identifier(9), .notStarted("no such file")),
    .checkEnded(3, failure: nil), .checkEnded(3, failure: "timeout"),
    .failover(FailoverOrder(OperationIdentifier(4), to: "db-b", isForced: true)), .announce,
    .advertisementsMissed, .advertisementsUnreadable,
    .settings(settings),
    .settings(ParticipantSettings(router: settings.router)), .shutdown(OperationIdentifier(5)),
    .suspend, .peerLost("db-b"), .peerInformed(OperationIdentifier(6)),
    .connectionsReset(reset: 3, left: 1), .connectionsTold(4), .maintenance(isOn: true),
  ]

  @Test("every event survives the way to a line and back", arguments: events.indices)
  func roundTrip(_ index: Int) throws {
    let line = RecordedLine("web", Self.events[index], [.send(.standard)], at: Self.moment)
    let read = try RecordedLine(bytes: line.bytes())
    #expect(read == line)
    let event = try #require(read.event)
    let again = try event.event()
    #expect(RecordedEvent(again) == event)
    if case .settings(let settings) = again,
      case .settings(let original) = Self.events[index]
    {
      #expect(settings == original)
    }
  }

  @Test("a beginning has the settings, the term and whether it is a restart")
  func beginning() throws {
    let line = RecordedLine(
      beginning: "web", Self.settings, term: 7, isRestart: true, at: Self.moment)
    let begin = try #require(try RecordedLine(bytes: line.bytes()).begin)
    let settings = try begin.settings.settings()
    #expect(settings == Self.settings)
    #expect(begin.term == 7 && begin.isRestart)
  }

  @Test("the lines are JSON with snake_case keys in order")
  func golden() {
    let lines = [
      RecordedLine("web", .timer, [.send(.standard), .install], at: Self.moment),
      RecordedLine("web", .checkEnded(0, failure: "no"), [], at: Self.moment),
      RecordedLine("web", Self.advertisement(.version3), [], at: Self.moment),
    ].map { String(decoding: $0.bytes(), as: UTF8.self) }
    #expect(
      lines == [
        #"{"effects":["send 100","install"],"event":{"timer":{}},"router":"web","t_ns":3609375512}"#
          + "\n",
        #"{"effects":[],"event":{"check_ended":{"failure":"no","place":0}},"router":"web","t_ns":3609375512}"#
          + "\n",
        #"{"effects":[],"event":{"advertisement":{"_0":{"address_count":3,"has_pseudo_header":true,"#
          + #""interval_cs":100,"priority":100,"source":"192.0.2.2","version":3,"vrid":51}}},"#
          + #""router":"web","t_ns":3609375512}"# + "\n",
      ])
  }

  static let damaged = [
    "", "{", "{}", #"{"effects":[],"event":{"tomorrow":{}},"router":"web","t_ns":1}"#,
    #"{"effects":[],"event":{"timer":{}},"router":"web"}"#,
  ]

  @Test("a line that is none is refused", arguments: damaged)
  func refused(_ text: String) {
    #expect(throws: RecordingError.self) { try RecordedLine(bytes: text.utf8) }
  }
}
