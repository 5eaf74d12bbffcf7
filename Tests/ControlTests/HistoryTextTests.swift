import Control
import Testing

struct HistoryTextTests {
  @Test("History is a table, with phases and hooks under their entry")
  func table() {
    let report = HistoryReport(entries: [
      HistoryEntry(
        time: noon, virtualRouter: "orders-db", event: "backup", reason: "startup", term: 16),
      HistoryEntry(
        time: Timestamp(milliseconds: 1_769_860_804_000), virtualRouter: "orders-db",
        event: "active", reason: "peer_timeout", term: 17, operationIdentifier: "op-4",
        durationMilliseconds: 1204,
        phases: [
          PhaseRecord(name: "promote", durationMilliseconds: 1190, result: "done"),
          PhaseRecord(name: "install", durationMilliseconds: 4, result: "done"),
        ],
        hooks: [
          HookRecord(
            event: "promote", command: ["/usr/bin/promote", "-v"], result: "warning",
            exitStatus: 10, durationMilliseconds: 1189),
          HookRecord(event: "active", command: ["/bin/x"], result: "timeout"),
        ], activeRouter: "192.0.2.1", detail: "db-b silent for 3414 ms"),
    ])
    #expect(
      HistoryText.render(report) == """
        TIME                      VIRTUAL ROUTER  EVENT   REASON        TERM     TOOK  ACTIVE ROUTER  DETAIL
        2026-01-31T12:00:00.123Z  orders-db       backup  startup         16        -  -
        2026-01-31T12:00:04.000Z  orders-db       active  peer_timeout    17  1204 ms  192.0.2.1      db-b silent for 3414 ms
          operation  op-4
          phase      promote  1190 ms  done
          phase      install     4 ms  done
          hook       promote  1189 ms  warning (exit status 10)  /usr/bin/promote -v
          hook       active         -  timeout                   /bin/x

        """)
  }

  @Test("A failover has its operation, its gap and what became of the connections")
  func failover() {
    let report = HistoryReport(entries: [
      HistoryEntry(
        time: noon, virtualRouter: "orders-db", event: "failover", reason: "manual", term: 17,
        operationIdentifier: "op-4", planned: true, durationMilliseconds: 843,
        phases: [
          PhaseRecord(name: "demote", durationMilliseconds: 790, result: "done"),
          PhaseRecord(name: "addresses", durationMilliseconds: 4, result: "done"),
        ], activeRouter: "db-b", detail: "kernel update", gapMilliseconds: 3.2142,
        connectionsReset: 12, connectionsLeft: 0, connectionsTold: 11)
    ])
    #expect(
      HistoryText.render(report) == """
        TIME                      VIRTUAL ROUTER  EVENT     REASON  TERM    TOOK  ACTIVE ROUTER  DETAIL
        2026-01-31T12:00:00.123Z  orders-db       failover  manual    17  843 ms  db-b           kernel update
          operation    op-4
          gap          3.214 ms
          connections  12 reset, 0 left, 11 told
          phase        demote     790 ms  done
          phase        addresses    4 ms  done

        """)
  }

  @Test("Older entries that were left out are told before the others")
  func leftOut() {
    let entry = HistoryEntry(
      time: noon, virtualRouter: "orders-db", event: "backup", reason: "startup", term: 16)
    #expect(
      HistoryText.render(HistoryReport(entries: [entry], leftOut: 7)) == """
        Left out are 7 older entries: an answer has room for 1 MiB of them.
        TIME                      VIRTUAL ROUTER  EVENT   REASON   TERM  TOOK  ACTIVE ROUTER  DETAIL
        2026-01-31T12:00:00.123Z  orders-db       backup  startup    16     -  -

        """)
  }

  @Test("An empty history says so")
  func empty() {
    #expect(HistoryText.render(HistoryReport(entries: [])) == "Nothing has happened yet.\n")
  }
}
