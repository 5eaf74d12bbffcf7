import Control
import Testing

struct ReplyTests {
  static let lines: [(String, Reply)] = [
    (
      #"{"progress":{"detail":"postgresql on db-a","elapsed_ms":1204,"phase":"demote"}}"#,
      .progress(
        Control.Progress(
          phase: "demote", elapsedMilliseconds: 1204, detail: "postgresql on db-a"))
    ),
    (
      #"{"error":{"code":"not_allowed","message":"no","remedy":null}}"#,
      .error(Refusal(.notAllowed, "no"))
    ),
    (
      #"{"error":{"code":"not_found","message":"no","remedy":"look"}}"#,
      .error(Refusal(.notFound, "no", remedy: "look"))
    ),
    (
      #"{"result":{"announce":{"announced":["orders-db"]}}}"#,
      .result(.announce(AnnounceOutcome(announced: ["orders-db"])))
    ),
    (
      #"{"result":{"reload":{"added":[],"changed":["a"],"message":"applied","removed":["b"]}}}"#,
      .result(.reload(ReloadOutcome(message: "applied", changed: ["a"], removed: ["b"])))
    ),
    (
      #"{"result":{"failover":{"connections_left":null,"connections_reset":null,"#
        + #""connections_told":null,"duration_ms":843,"gap_ms":null,"message":"moved","#
        + #""new_active":"db-b","old_active":null,"operation_id":"op-4","phases":[{"duration_ms":12,"name":"demote","result":"done"}],"#
        + #""plan":null,"result":"rolled_back"}}}"#,
      .result(
        .failover(
          FailoverOutcome(
            operationIdentifier: "op-4", result: .rolledBack, message: "moved",
            phases: [PhaseRecord(name: "demote", durationMilliseconds: 12, result: "done")],
            newActive: "db-b", durationMilliseconds: 843)))
    ),
    (
      #"{"result":{"history":{"entries":[{"active_router":null,"connections_left":null,"#
        + #""connections_reset":null,"connections_told":null,"detail":"","duration_ms":null,"#
        + #""event":"fault","gap_ms":null,"hooks":[{"command":["/bin/x","y"],"duration_ms":null,"event":"fault","#
        + #""exit_status":1,"output":null,"result":"failed"}],"operation_id":null,"phases":[],"#
        + #""planned":false,"reason":"health","term":3,"time":"2026-01-31T12:00:00.123Z","#
        + #""virtual_router":"orders-db"}],"left_out":0}}}"#,
      .result(
        .history(
          HistoryReport(entries: [
            HistoryEntry(
              time: noon, virtualRouter: "orders-db", event: "fault", reason: "health", term: 3,
              hooks: [
                HookRecord(
                  event: "fault", command: ["/bin/x", "y"], result: "failed", exitStatus: 1)
              ])
          ])))
    ),
    (
      #"{"result":{"failover":{"connections_left":0,"connections_reset":12,"connections_told":9,"#
        + #""duration_ms":843,"gap_ms":3.25,"message":"moved","new_active":"db-b","#
        + #""old_active":"db-a","operation_id":"op-4","phases":[],"plan":null,"result":"done"}}}"#,
      .result(
        .failover(
          FailoverOutcome(
            operationIdentifier: "op-4", result: .done, message: "moved", newActive: "db-b",
            durationMilliseconds: 843, oldActive: "db-a", gapMilliseconds: 3.25,
            connectionsReset: 12, connectionsLeft: 0, connectionsTold: 9)))
    ),
    (
      #"{"result":{"failover":{"connections_left":null,"connections_reset":null,"#
        + #""connections_told":null,"duration_ms":5,"gap_ms":null,"message":"m","#
        + #""new_active":null,"old_active":null,"operation_id":"","phases":[],"#
        + #""plan":{"connections":12,"from":"db-a","prechecks":[{"detail":"lag 4 s","#
        + #""node":"db-b","verdict":"refused"}],"steps":[{"detail":"","node":"db-a","#
        + #""phase":"demote"}],"to":null},"result":"refused"}}}"#,
      .result(
        .failover(
          FailoverOutcome(
            operationIdentifier: "", result: .refused, message: "m", durationMilliseconds: 5,
            plan: FailoverPlan(
              from: "db-a", to: nil,
              prechecks: [.init(node: "db-b", verdict: .refused, detail: "lag 4 s")],
              steps: [.init(phase: "demote", node: "db-a")], connections: 12))))
    ),
    (
      #"{"result":{"maintenance":{"routers":[{"detail":"","keeps_address":true,"#
        + #""lease_ms":60000,"name":"orders-db","on":true,"told":["db-b"],"untold":["db-c"]}]}}}"#,
      .result(
        .maintenance(
          MaintenanceOutcome(routers: [
            .init(
              name: "orders-db", isOn: true, told: ["db-b"], untold: ["db-c"],
              keepsAddress: true, leaseMilliseconds: 60_000)
          ])))
    ),
  ]

  @Test("What an older daemon does not say of a failover reads as nothing")
  func olderFailover() throws {
    let text =
      #"{"result":{"failover":{"duration_ms":843,"message":"moved","new_active":"db-b","#
      + #""operation_id":"op-4","phases":[],"result":"done"}}}"#
    #expect(
      try Reply(line: Array(text.utf8))
        == .result(
          .failover(
            FailoverOutcome(
              operationIdentifier: "op-4", result: .done, message: "moved", newActive: "db-b",
              durationMilliseconds: 843))))
  }

  @Test("A gap that is no number is unknown, and the line is written all the same")
  func endlessGap() {
    let outcome = FailoverOutcome(
      operationIdentifier: "op-4", result: .done, message: "m", durationMilliseconds: 1,
      gapMilliseconds: .infinity)
    #expect(outcome.gapMilliseconds == nil)
    #expect(String(decoding: outcome.line(), as: UTF8.self).contains(#""gap_ms":null"#))
  }

  @Test("A reply is one line of JSON, read and written alike", arguments: lines)
  func form(text: String, reply: Reply) throws {
    #expect(try Reply(line: Array(text.utf8)) == reply)
    #expect(String(decoding: reply.line(), as: UTF8.self) == text + "\n")
  }

  @Test("The codes of an error are those of the protocol")
  func codes() {
    #expect(
      Refusal.Code.allCases.map(\.rawValue)
        == ["refused", "not_allowed", "not_found", "usage", "internal"])
  }

  @Test("Only progress is followed by another line")
  func final() {
    #expect(!Reply.progress(Control.Progress(phase: "a", elapsedMilliseconds: 0)).isFinal)
    #expect(Reply.error(Refusal(.usage, "no")).isFinal)
    #expect(Reply.result(.announce(AnnounceOutcome(announced: []))).isFinal)
  }

  @Test("A line break in a text stays inside its line")
  func lineBreaks() {
    let line = Reply.error(Refusal(.refused, "one\ntwo")).line()
    #expect(line.count { $0 == 0x0A } == 1)
    #expect(line.last == 0x0A)
  }

  @Test("A reply that says nothing known is refused")
  func unknown() {
    #expect(throws: LineError(#""result" is missing"#)) { try Reply(line: Array("{}".utf8)) }
    #expect(throws: LineError(#""result" holds nothing that this version knows"#)) {
      try Reply(line: Array(#"{"result":{"dance":{}}}"#.utf8))
    }
  }
}

struct TimestampTests {
  static let moments: [(String, Int64)] = [
    ("1970-01-01T00:00:00.000Z", 0),
    ("2026-01-31T12:00:00.123Z", 1_769_860_800_123),
    ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
    ("1969-12-31T23:59:59.999Z", -1),
    ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
  ]

  @Test("A timestamp is read and written in UTC, to the millisecond", arguments: moments)
  func form(text: String, milliseconds: Int64) {
    #expect(Timestamp(text)?.milliseconds == milliseconds)
    #expect(Timestamp(milliseconds: milliseconds).description == text)
  }

  @Test(
    "Another form of a time is refused",
    arguments: [
      "", "2026-01-31", "2026-01-31T12:00:00Z", "2026-01-31 12:00:00.123Z",
      "2026-01-31T12:00:00.123+", "2026-13-31T12:00:00.123Z", "2026-01-31T24:00:00.123Z",
      "2026-0a-31T12:00:00.123Z", "2026-02-29T12:00:00.123Z", "2026-01-31T12:00:00.123ZZ",
    ])
  func refused(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test("A moment outside the four-digit years becomes the nearest inside")
  func clamped() {
    #expect(Timestamp(milliseconds: .max).description == "9999-12-31T23:59:59.999Z")
    #expect(Timestamp(milliseconds: .min).description == "0000-01-01T00:00:00.000Z")
  }
}
