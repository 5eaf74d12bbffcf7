import Control
import Testing

struct FailoverTextTests {
  @Test("A phase is one line with its time")
  func progress() {
    #expect(
      FailoverText.render(
        Control.Progress(phase: "demote", elapsedMilliseconds: 1204, detail: "postgresql"))
        == "  1.204 s  demote  postgresql")
    #expect(
      FailoverText.render(Control.Progress(phase: "precheck", elapsedMilliseconds: 0))
        == "  0.000 s  precheck")
  }

  @Test("The end names the new Active, the operation and how long each phase took")
  func outcome() {
    let outcome = FailoverOutcome(
      operationIdentifier: "op-4", result: .done, message: "orders-db has moved",
      phases: [
        PhaseRecord(name: "demote", durationMilliseconds: 12_040, result: "done"),
        PhaseRecord(name: "released", durationMilliseconds: 43, result: "done"),
      ], newActive: "192.0.2.2", durationMilliseconds: 12_083)
    #expect(
      FailoverText.render(outcome) == """
          demote    12.040 s  done
          released   0.043 s  done
        done: orders-db has moved, Active is 192.0.2.2 (operation op-4, 12.083 s)

        """)
  }

  static let results: [(FailoverOutcome.Result, String, Int32)] = [
    (.done, "done", 0), (.refused, "refused", 1), (.running, "still running", 3),
    (.rolledBack, "rolled back", 4), (.incomplete, "incomplete", 5),
  ]

  @Test("Each result has its word and its exit status", arguments: results)
  func result(result: FailoverOutcome.Result, word: String, status: Int32) {
    let outcome = FailoverOutcome(
      operationIdentifier: "op-4", result: result, message: "m", durationMilliseconds: 1)
    #expect(FailoverText.render(outcome) == "\(word): m (operation op-4, 0.001 s)\n")
    #expect(result.exitStatus == status)
  }

  @Test("The question names what moves and from where")
  func question() {
    #expect(
      FailoverText.question(name: "orders-db", holder: "db-a")
        == "Move orders-db away from db-a? [y/N] ")
    #expect(
      FailoverText.question(name: "orders-db", holder: nil)
        == "Move orders-db away from its Active node? [y/N] ")
  }

  @Test("A move tells its gap and what became of the connections")
  func gap() {
    let outcome = FailoverOutcome(
      operationIdentifier: "op-4", result: .done, message: "orders-db has moved",
      phases: [PhaseRecord(name: "connections", durationMilliseconds: 2, result: "done")],
      newActive: "db-b", durationMilliseconds: 83, oldActive: "db-a", gapMilliseconds: 3.2142,
      connectionsReset: 12, connectionsLeft: 0, connectionsTold: 11)
    #expect(
      FailoverText.render(outcome) == """
          connections  0.002 s  done
          gap          3.214 ms in which nobody answered
          connections  12 reset, 0 left, 11 told
        done: orders-db has moved, from db-a to db-b (operation op-4, 0.083 s)

        """)
  }

  @Test("A gap that nobody has measured is unknown, where there was one")
  func unknownGap() {
    var outcome = FailoverOutcome(
      operationIdentifier: "op-4", result: .incomplete, message: "m", durationMilliseconds: 1,
      oldActive: "db-a", connectionsReset: 3)
    #expect(
      FailoverText.render(outcome) == """
          gap          unknown
          connections  3 reset
        incomplete: m, Active was db-a (operation op-4, 0.001 s)

        """)
    outcome.result = .rolledBack
    outcome.connectionsReset = nil
    #expect(
      FailoverText.render(outcome)
        == "rolled back: m, Active was db-a (operation op-4, 0.001 s)\n")
  }

  static let gaps: [(Double, String)] = [
    (0, "0.000 ms"), (0.4123, "0.412 ms"), (9.9996, "10.0 ms"), (43.25, "43.2 ms"),
    (999.96, "999.9 ms"), (1204.4, "1.204 s"), (-1, "0.000 ms"), (.nan, "unknown"),
    (1e300, "86400.000 s"),
  ]

  @Test("A gap has as many digits as matter", arguments: gaps)
  func digits(milliseconds: Double, text: String) {
    let outcome = FailoverOutcome(
      operationIdentifier: "op-4", result: .done, message: "m", durationMilliseconds: 1,
      oldActive: "db-a", gapMilliseconds: milliseconds)
    let words = text == "unknown" ? text : "\(text) in which nobody answered"
    #expect(FailoverText.render(outcome).hasPrefix("  gap  \(words)\n"))
  }

  @Test("A refusal before there was an operation names none")
  func noOperation() {
    let outcome = FailoverOutcome(
      operationIdentifier: "", result: .refused, message: "m", durationMilliseconds: 1)
    #expect(FailoverText.render(outcome) == "refused: m (0.001 s)\n")
  }

  @Test("A dry run is both prechecks, the steps, who takes over, and no promise")
  func plan() {
    let plan = FailoverPlan(
      from: "db-a", to: "db-b",
      prechecks: [
        .init(node: "db-a", verdict: .ready), .init(node: "db-b", verdict: .ready, detail: "lag 0"),
      ],
      steps: [
        .init(phase: "demote", node: "db-a", detail: "postgresql"),
        .init(phase: "connections", node: "db-a"),
        .init(phase: "promote", node: "db-b", detail: "postgresql"),
      ], connections: 12)
    let outcome = FailoverOutcome(
      operationIdentifier: "", result: .done, message: "orders-db would move from db-a to db-b",
      durationMilliseconds: 14, plan: plan)
    #expect(
      FailoverText.render(outcome) == """
        Prechecks
          db-a  ready
          db-b  ready  lag 0
        Steps
          1  demote       db-a  postgresql
          2  connections  db-a
          3  promote      db-b  postgresql
        Now
          from         db-a
          to           db-b
          connections  12, which would be reset
        would go: orders-db would move from db-a to db-b
        Nothing was changed. This is no promise: it tells what the nodes say now.

        """)
  }

  @Test("A dry run that would be refused says why, and what is not known")
  func refusedPlan() {
    let outcome = FailoverOutcome(
      operationIdentifier: "", result: .refused, message: "the precheck on db-b says no: lag 4 s",
      durationMilliseconds: 14,
      plan: FailoverPlan(
        from: "db-a", to: nil,
        prechecks: [
          .init(node: "db-b", verdict: .refused, detail: "lag 4 s"),
          .init(node: "db-c", verdict: .unknown),
        ]))
    #expect(
      FailoverText.render(outcome) == """
        Prechecks
          db-b  refused  lag 4 s
          db-c  unknown
        Now
          from  db-a
          to    nobody known
        would be refused: the precheck on db-b says no: lag 4 s
        Nothing was changed. This is no promise: it tells what the nodes say now.

        """)
  }

  @Test("What --force risks is a question of its own")
  func risk() {
    #expect(
      FailoverText.riskQuestion(name: "orders-db", risk: .secondHolder(isMaintenance: true)) == """
        --force takes orders-db although maintenance is on, without a word from the host that had it.
        If that host still answers, two hosts have the address; and what it has committed and not
        sent may be lost. Switch it off, or cut it off, first.
        Is that host off, and may commits be lost? [y/N]\u{20}
        """)
    #expect(
      FailoverText.riskQuestion(name: "orders-db", risk: .secondHolder(isMaintenance: false))
        .hasPrefix("--force takes orders-db although nobody is known to have it, "))
    #expect(
      FailoverText.riskQuestion(name: "orders-db", risk: .disregardedCheck(holder: "db-a")) == """
        --force moves orders-db where a check advises against it: the node that takes over may not be
        ready, or may lack what db-a has committed last.
        Go on against the check? [y/N]\u{20}
        """)
  }
}
