import Testing
import VRRP

@testable import Failover

/// Every event in every state.
///
/// The node starts at 0 s, is elected at 1 s, its `promote` (1) passes at 2 s, the addresses are
/// here at 3 s; a failover (7) or a stop is asked for at 4 s, its `demote` is number 2. The event
/// comes at 10 s.
@Suite struct TenureTests {
  enum Begin: String, CaseIterable {
    case none, claiming, held, releasingForOperation, releasingForShutdown, barred
  }

  struct Cell: CustomTestStringConvertible, Sendable {
    var begin: Begin
    var event: Tenure.Event
    var effects: [Tenure.Effect]
    var end: Tenure.State

    init(_ begin: Begin, _ event: Tenure.Event, _ effects: [Tenure.Effect], _ end: Tenure.State) {
      self.begin = begin
      self.event = event
      self.effects = effects
      self.end = end
    }

    var testDescription: String { "\(begin.rawValue): \(kind(event))" }
  }

  static let seven = OperationIdentifier(7)
  static let eight = OperationIdentifier(8)
  static let promoted = Tenure.Event.hooksCompleted(order(.promote, 1), .done)
  static let demoted = Tenure.Event.hooksCompleted(order(.demote, 2), .done)
  static let reset = Tenure.Event.connectionsReset(reset: 0, left: 0)
  static let checkFails = Tenure.Event.faults([.check("db")])
  static let claiming = Tenure.State.claiming(gate: 1)
  static let forOperation = Tenure.State.releasing(gate: 2, .operation(seven))
  static let forShutdown = Tenure.State.releasing(gate: 2, .shutdown)
  static let faultRecord = told(.fault, .health, "check db fails")
  static let lapsedRecord = told(
    .backup, .lease, "the lease had ended: godwitd was stopped or starved")
  static let refusedRecord = told(.fault, .lease, "the lease could not be opened: no")
  static let lostRecord = told(.backup, .preempted, "another node is Active", peer: otherNode)

  static let matrix: [Cell] = [
    Cell(.none, .start, [], .none),
    Cell(.none, .elected(.peerTimeout), [hook(.promote, .peerTimeout)], .claiming(gate: nil)),
    Cell(.none, .deposed(by: otherNode), [], .none),
    Cell(.none, .heardActive(otherNode), [], .none),
    Cell(.none, promoted, [], .none),
    Cell(.none, .installed(failure: nil), [.remove], .none),
    Cell(.none, .removed(failure: nil), [], .none),
    Cell(.none, .addressesLost, [], .none),
    Cell(.none, checkFails, [.leaveElection, hook(.fault, .health), faultRecord], .barred),
    Cell(.none, .failover(seven), [refused(seven, "backup")], .none),
    Cell(.none, .shutdown(), [.leaveElection], .none),
    Cell(.none, .lapsed(failure: nil), [], .none),
    Cell(.none, .leaseRefused("no"), [], .none),
    Cell(.none, .holdOff(until: at(11)), [], .none),
    Cell(.none, .timer, [], .none),

    Cell(.claiming, .start, [], claiming),
    Cell(.claiming, .elected(.peerTimeout), [], claiming),
    Cell(
      .claiming, .deposed(by: otherNode),
      [
        .closeLease, .overtakePromote, .remove, hook(.demote, .preempted),
        hook(.standby, .preempted),
        lostRecord,
      ], .none),
    Cell(.claiming, .heardActive(otherNode), [], claiming),
    Cell(.claiming, promoted, [.install], claiming),
    Cell(.claiming, .installed(failure: nil), [.remove], claiming),
    Cell(.claiming, .removed(failure: nil), [], claiming),
    Cell(.claiming, .addressesLost, [], claiming),
    Cell(
      .claiming, checkFails,
      [
        .closeLease, .overtakePromote, .remove, .leaveElection, hook(.demote, .health),
        hook(.fault, .health),
        faultRecord,
      ], .barred),
    Cell(.claiming, .failover(seven), [refused(seven, "claiming")], claiming),
    Cell(
      .claiming, .shutdown(),
      [
        .closeLease, .overtakePromote, .remove, .leaveElection, hook(.demote, .shutdown),
        told(.shutdown, .shutdown, "stopped while claiming"),
      ], .none),
    Cell(
      .claiming, .lapsed(failure: nil),
      [
        .closeLease, .overtakePromote, .remove, hook(.demote, .lease), hook(.standby, .lease),
        lapsedRecord,
      ], .none),
    Cell(.claiming, .leaseRefused("no"), [], claiming),
    Cell(.claiming, .holdOff(until: at(11)), [], claiming),
    Cell(.claiming, .timer, [], claiming),

    Cell(.held, .start, [], .held),
    Cell(.held, .elected(.peerTimeout), [], .held),
    Cell(
      .held, .deposed(by: otherNode),
      [
        .closeLease, .resetConnections, .stopAnnouncing, .remove, hook(.demote, .preempted),
        hook(.standby, .preempted), lostRecord,
      ],
      .none),
    Cell(.held, .heardActive(otherNode), [], .held),
    Cell(.held, promoted, [], .held),
    Cell(.held, .installed(failure: nil), [.openLease, .startAnnouncing], .held),
    Cell(.held, .removed(failure: nil), [], .held),
    Cell(.held, .addressesLost, [.stopAnnouncing], .held),
    Cell(
      .held, checkFails,
      [
        .closeLease, .resetConnections, .stopAnnouncing, .remove, .leaveElection,
        hook(.demote, .health), hook(.fault, .health),
        faultRecord,
      ], .barred),
    Cell(
      .held, .failover(seven), [.runHooks(.demote, .manual, isPlanned: true, seven)],
      .releasing(gate: nil, .operation(seven))),
    Cell(
      .held, .shutdown(), [.runHooks(.demote, .shutdown, isPlanned: true, nil)],
      .releasing(gate: nil, .shutdown)),
    Cell(
      .held, .lapsed(failure: nil),
      [
        .closeLease, .resetConnections, .stopAnnouncing, .remove, hook(.demote, .lease),
        hook(.standby, .lease), lapsedRecord,
      ], .none),
    Cell(
      .held, .leaseRefused("no"),
      [
        .closeLease, .resetConnections, .stopAnnouncing, .remove, .leaveElection,
        hook(.demote, .lease), hook(.fault, .lease), refusedRecord,
      ], .barred),
    Cell(.held, .holdOff(until: at(11)), [], .held),
    Cell(.held, .timer, [], .held),

    Cell(.releasingForOperation, .start, [], forOperation),
    Cell(.releasingForOperation, .elected(.peerTimeout), [], forOperation),
    Cell(
      .releasingForOperation, .deposed(by: otherNode),
      [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
        hook(.standby, .preempted),
        .finished(seven, .incomplete("192.0.2.2 became Active meanwhile"), []), lostRecord,
      ], .none),
    Cell(.releasingForOperation, .heardActive(otherNode), [], forOperation),
    Cell(
      .releasingForOperation, demoted,
      [.phase(seven, Phase("demote", .seconds(6))), .resetConnections],
      forOperation),
    Cell(
      .releasingForOperation, .installed(failure: nil), [.openLease, .startAnnouncing], forOperation
    ),
    Cell(.releasingForOperation, .removed(failure: nil), [], forOperation),
    Cell(.releasingForOperation, .addressesLost, [.stopAnnouncing], forOperation),
    Cell(
      .releasingForOperation, checkFails,
      [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
        .leaveElection,
        hook(.fault, .health),
        .finished(seven, .incomplete("check db fails"), []), faultRecord,
      ], .barred),
    Cell(.releasingForOperation, .failover(eight), [refused(eight, "releasing")], forOperation),
    Cell(
      .releasingForOperation, .shutdown(),
      [.demoteMustSucceed, .finished(seven, .incomplete("the daemon stops"), [])], forShutdown),
    Cell(
      .releasingForOperation, .lapsed(failure: nil),
      [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
        hook(.standby, .lease),
        .finished(
          seven, .incomplete("the lease had ended: godwitd was stopped or starved"), []),
        lapsedRecord,
      ], .none),
    Cell(
      .releasingForOperation, .leaseRefused("no"),
      [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
        .leaveElection,
        hook(.fault, .lease),
        .finished(seven, .incomplete("the lease could not be opened: no"), []),
        refusedRecord,
      ], .barred),
    Cell(.releasingForOperation, .holdOff(until: at(11)), [], forOperation),
    Cell(.releasingForOperation, .timer, [], forOperation),

    Cell(.releasingForShutdown, .start, [], forShutdown),
    Cell(.releasingForShutdown, .elected(.peerTimeout), [], forShutdown),
    Cell(
      .releasingForShutdown, .deposed(by: otherNode),
      [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
        .leaveElection, lostRecord,
      ], .none),
    Cell(.releasingForShutdown, .heardActive(otherNode), [], forShutdown),
    Cell(.releasingForShutdown, demoted, [.resetConnections], forShutdown),
    Cell(
      .releasingForShutdown, .installed(failure: nil), [.openLease, .startAnnouncing], forShutdown),
    Cell(.releasingForShutdown, .removed(failure: nil), [], forShutdown),
    Cell(.releasingForShutdown, .addressesLost, [.stopAnnouncing], forShutdown),
    Cell(.releasingForShutdown, checkFails, [], forShutdown),
    Cell(.releasingForShutdown, .failover(eight), [refused(eight, "releasing")], forShutdown),
    Cell(.releasingForShutdown, .shutdown(), [], forShutdown),
    Cell(
      .releasingForShutdown, .lapsed(failure: nil),
      [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
        .leaveElection, lapsedRecord,
      ], .none),
    Cell(
      .releasingForShutdown, .leaseRefused("no"),
      [
        .demoteMustSucceed, .closeLease, .resetConnections, .stopAnnouncing, .remove,
        .leaveElection,
        hook(.fault, .lease), refusedRecord,
      ], .barred),
    Cell(.releasingForShutdown, .holdOff(until: at(11)), [], forShutdown),
    Cell(.releasingForShutdown, .timer, [], forShutdown),

    Cell(.barred, .start, [], .barred),
    Cell(.barred, .elected(.peerTimeout), [], .barred),
    Cell(.barred, .deposed(by: otherNode), [], .barred),
    Cell(.barred, .heardActive(otherNode), [], .barred),
    Cell(.barred, promoted, [], .barred),
    Cell(.barred, .installed(failure: nil), [.remove], .barred),
    Cell(.barred, .removed(failure: nil), [], .barred),
    Cell(.barred, .addressesLost, [], .barred),
    Cell(.barred, checkFails, [], .barred),
    Cell(.barred, .failover(seven), [refused(seven, "fault")], .barred),
    Cell(.barred, .shutdown(), [], .barred),
    Cell(.barred, .lapsed(failure: nil), [], .barred),
    Cell(.barred, .leaseRefused("no"), [], .barred),
    Cell(.barred, .holdOff(until: at(11)), [], .barred),
    Cell(.barred, .timer, [], .barred),
  ]

  @Test("every event in every state", arguments: matrix)
  func transition(_ cell: Cell) {
    var tenure = Self.tenure(cell.begin)
    #expect(tenure.handle(cell.event, at: at(10)) == cell.effects)
    #expect(tenure.state == cell.end)
  }

  @Test("the matrix has a cell for every pair of state and kind of event")
  func matrixIsComplete() {
    let pairs = Set(Self.matrix.map { "\($0.begin) \(Self.kind($0.event))" })
    #expect(pairs.count == 6 * 15)
    #expect(Self.matrix.count == 6 * 15)
    let others = Set(Self.handovers.map { "\($0.begin) \(Self.kind($0.event))" })
    #expect(others.count == 6 * 12)
    #expect(Self.handovers.count == 6 * 12)
  }

  // MARK: Handing over

  /// What has no meaning in a state changes nothing; `suspended` ends every state as it is.
  static let handovers: [Cell] =
    Begin.allCases.flatMap { begin in
      [
        Tenure.Event.resumed, .notResumed(.preempted), .letGo, .connectionsReset(reset: 1, left: 0),
        .succeeded(otherNode, Passage()), .relieved, .successorLost("gone"),
        .handoverFailed("late"),
        .notSuspended,
      ].map { Cell(begin, $0, [], state(begin)) }
        + [
          Cell(begin, .refused(eight, "no"), [.finished(eight, .refused("no"), [])], state(begin)),
          Cell(
            begin, .suspended,
            [
              told(
                .shutdown, .maintenance, "the addresses stay for a restart of the daemon",
                phases: began(begin))
            ], state(begin)),
          begin == .none
            ? Cell(
              begin, .handedOver(.manual, eight),
              [.runHooks(.promote, .manual, isPlanned: true, eight)], .claiming(gate: nil))
            : Cell(begin, .handedOver(.manual, eight), [], state(begin)),
        ]
    }

  static func state(_ begin: Begin) -> Tenure.State {
    switch begin {
    case .none: .none
    case .claiming: claiming
    case .held: .held
    case .releasingForOperation: forOperation
    case .releasingForShutdown: forShutdown
    case .barred: .barred
    }
  }

  static func began(_ begin: Begin) -> [Phase] {
    begin == .held ? [Phase("promote", .seconds(1)), Phase("addresses", .seconds(1))] : []
  }

  @Test("what belongs to a handover in every state", arguments: handovers)
  func handover(_ cell: Cell) {
    var tenure = Self.tenure(cell.begin)
    #expect(tenure.handle(cell.event, at: at(10)) == cell.effects)
    #expect(tenure.state == cell.end)
  }

  // MARK: Making them

  static func hook(_ event: HookEvent, _ reason: Reason) -> Tenure.Effect {
    .runHooks(event, reason, isPlanned: false, nil)
  }

  static func refused(_ operation: OperationIdentifier, _ role: String) -> Tenure.Effect {
    .finished(
      operation, .refused("this node does not hold the role: its state is \(role)"), [])
  }

  static func told(
    _ event: HistoryRecord.Event, _ reason: Reason, _ detail: String, isPlanned: Bool = false,
    _ operation: OperationIdentifier? = nil, phases: [Phase] = [], peer: IPAddress? = nil
  ) -> Tenure.Effect {
    .record(
      HistoryRecord(
        event: event, reason: reason, term: 0, isPlanned: isPlanned, operation: operation,
        phases: phases, peer: peer, detail: detail))
  }

  static func tenure(_ begin: Begin) -> Tenure {
    var tenure = Tenure()
    _ = tenure.handle(.start, at: at(0))
    switch begin {
    case .none: return tenure
    case .barred:
      _ = tenure.handle(.faults([.noCarrier("eth0")]), at: at(1))
      return tenure
    case .claiming, .held, .releasingForOperation, .releasingForShutdown: break
    }
    _ = tenure.handle(.elected(.peerTimeout), at: at(1))
    tenure.gateIs(1, for: .promote)
    tenure.promoteBegan()
    if begin == .claiming { return tenure }
    _ = tenure.handle(promoted, at: at(2))
    _ = tenure.handle(.installed(failure: nil), at: at(3))
    if begin == .held { return tenure }
    _ = tenure.handle(begin == .releasingForOperation ? .failover(seven) : .shutdown(), at: at(4))
    tenure.gateIs(2, for: .demote)
    return tenure
  }

  static func kind(_ event: Tenure.Event) -> String {
    switch event {
    case .start: "start"
    case .elected: "elected"
    case .deposed: "deposed"
    case .heardActive: "heardActive"
    case .hooksCompleted: "hooksCompleted"
    case .installed: "installed"
    case .removed: "removed"
    case .addressesLost: "addressesLost"
    case .holdOff: "holdOff"
    case .lapsed: "lapsed"
    case .leaseRefused: "leaseRefused"
    case .faults: "faults"
    case .failover: "failover"
    case .shutdown: "shutdown"
    case .handedOver: "handedOver"
    case .resumed: "resumed"
    case .notResumed: "notResumed"
    case .letGo: "letGo"
    case .connectionsReset: "connectionsReset"
    case .succeeded: "succeeded"
    case .relieved: "relieved"
    case .handoverFailed: "handoverFailed"
    case .refused: "refused"
    case .suspended: "suspended"
    case .notSuspended: "notSuspended"
    case .successorLost: "successorLost"
    case .timer: "timer"
    }
  }
}
