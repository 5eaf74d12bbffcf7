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
      #"{"result":{"failover":{"duration_ms":843,"message":"moved","new_active":"db-b","#
        + #""operation_id":"op-4","phases":[{"duration_ms":12,"name":"demote","result":"done"}],"#
        + #""result":"rolled_back"}}}"#,
      .result(
        .failover(
          FailoverOutcome(
            operationIdentifier: "op-4", result: .rolledBack, message: "moved",
            phases: [PhaseRecord(name: "demote", durationMilliseconds: 12, result: "done")],
            newActive: "db-b", durationMilliseconds: 843)))
    ),
    (
      #"{"result":{"history":{"entries":[{"active_router":null,"detail":"","duration_ms":null,"#
        + #""event":"fault","hooks":[{"command":["/bin/x","y"],"duration_ms":null,"event":"fault","#
        + #""exit_status":1,"output":null,"result":"failed"}],"operation_id":null,"phases":[],"#
        + #""planned":false,"reason":"health","term":3,"time":"2026-01-31T12:00:00.123Z","#
        + #""virtual_router":"orders-db"}]}}}"#,
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
  ]

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
