import Control
import Testing

struct StatusTextTests {
  @Test("One healthy virtual router reads as a table and its facts")
  func healthy() {
    var report = example()
    report.pid = 812
    report.uptimeMilliseconds = 7_380_000
    report.configuration = ConfigurationStatus(
      file: "/etc/godwit/godwit.yaml", loaded: Timestamp(milliseconds: 1_769_853_600_123))
    report.virtualRouters[0].activeRouterPriority = 150
    report.virtualRouters[0].counters.advertisementsSent = 193
    report.virtualRouters[0].counters.elections = 1
    let text = StatusText.render(report, now: Timestamp(milliseconds: 1_769_860_992_123))
    #expect(
      text == """
        db-a: godwitd 0.1.0, up 2 h 3 m, pid 812, /etc/godwit/godwit.yaml read 2 h 3 m ago

        VIRTUAL ROUTER  STATE   SINCE     TERM  PRIORITY  ACTIVE ROUTER  ADDRESSES
        orders-db       active  3 m 12 s    17       150  192.0.2.1      192.0.2.100/24 held

        orders-db
          state      active for 3 m 12 s, since 2026-01-31T12:00:00.123Z (peer_timeout), term 17
          interface  eth0, VRID 51, ipv4, advertisements every 1 s
          addresses  192.0.2.100/24 (held here)
          priority   150
          active     192.0.2.1, priority 150
          lease      bpf, 2500 ms; a Backup waits 3414 ms or more
          checks     postgres-answers  passing for 1 h 3 m
          peers      db-b  192.0.2.2  backup, priority 100, fit, heard 120 ms ago
          counted    advertisements 193 sent, 0 received; elections 1

        """)
  }

  @Test("What is wrong, what runs and what was discarded is said")
  func troubled() {
    var report = example()
    var router = report.virtualRouters[0]
    router.state = .fault
    router.reason = "health"
    router.addresses = ["192.0.2.100/24", "192.0.2.101/24"]
    router.addressesHeld = false
    router.effectivePriority = 0
    router.activeRouter = nil
    router.fit = false
    router.faultReasons = ["check postgres-answers failed", "eth0 has no carrier"]
    router.maintenance = true
    router.lease = LeaseStatus(
      mechanism: .off, durationMilliseconds: 0, peerWaitsMilliseconds: 3414,
      isSafe: false)
    router.checks = [
      CheckStatus(name: "postgres-answers", passing: false, since: noon, detail: "timeout"),
      CheckStatus(name: "disk", passing: true, since: noon),
    ]
    router.hook = HookStatus(
      event: "fault", command: ["/usr/bin/page", "ops"], since: noon, eventIdentifier: "e-9")
    router.operation = OperationStatus(
      identifier: "op-4", kind: "failover", phase: "demote", since: noon)
    router.peers = [PeerStatus(name: "db-b", addresses: ["192.0.2.2"])]
    router.counters.hooksFailed = 2
    router.counters.addressesRestored = 1
    var other = report.virtualRouters[0]
    other.name = "x"
    other.state = .backup
    other.addressesHeld = false
    other.checks = []
    other.peers = []
    report.virtualRouters = [router, other]
    report.discarded = ["hop_limit": 12, "checksum": 3, "never": 0]
    let text = StatusText.render(report, now: Timestamp(milliseconds: 1_769_860_804_123))
    #expect(
      text == """
        db-a: godwitd 0.1.0

        VIRTUAL ROUTER  STATE   SINCE  TERM  PRIORITY  ACTIVE ROUTER  ADDRESSES
        orders-db       fault   4 s      17         0  -              192.0.2.100/24 +1
        x               backup  4 s      17       150  192.0.2.1      192.0.2.100/24

        orders-db
          state        fault for 4 s, since 2026-01-31T12:00:00.123Z (health), term 17, unfit
          fault        check postgres-answers failed
                       eth0 has no carrier
          maintenance  on: no automatic change
          operation    failover op-4: demote for 4 s
          hook         fault runs for 4 s: /usr/bin/page ops (e-9)
          interface    eth0, VRID 51, ipv4, advertisements every 1 s
          addresses    192.0.2.100/24, 192.0.2.101/24 (not held here)
          priority     0, configured 150
          active       nobody known
          lease        off; a Backup waits 3414 ms or more
          checks       postgres-answers  failed for 4 s: timeout
                       disk              passing for 4 s
          peers        db-b  192.0.2.2  not heard yet
          counted      advertisements 0 sent, 0 received; elections 0; addresses put back 1; hooks failed 2

        x
          state      backup for 4 s, since 2026-01-31T12:00:00.123Z (peer_timeout), term 17
          interface  eth0, VRID 51, ipv4, advertisements every 1 s
          addresses  192.0.2.100/24 (not held here)
          priority   150
          active     192.0.2.1
          lease      bpf, 2500 ms; a Backup waits 3414 ms or more
          counted    advertisements 0 sent, 0 received; elections 0

        Discarded packets
           3  checksum
          12  hop_limit

        """)
  }

  @Test("A node without virtual routers says so")
  func empty() {
    let report = StatusReport(
      node: "db-a", version: "0.1.0", pid: nil, uptimeMilliseconds: nil, configuration: nil,
      virtualRouters: [])
    #expect(
      StatusText.render(report, now: noon) == "db-a: godwitd 0.1.0\n\nNo virtual routers.\n")
  }

  @Test("Colour surrounds states and moves no column")
  func colour() {
    let text = StatusText.render(example(), now: noon, style: TextStyle(colour: true))
    #expect(text.contains("orders-db       \u{1B}[32mactive\u{1B}[0m  0 ms"))
    var fault = example()
    fault.virtualRouters[0].state = .fault
    let red = StatusText.render(fault, now: noon, style: TextStyle(colour: true))
    #expect(red.contains("orders-db       \u{1B}[31mfault\u{1B}[0m  0 ms"))
    // Held without the role: the worst there is.
    #expect(red.contains("\u{1B}[31m192.0.2.100/24 held\u{1B}[0m"))
  }

  @Test("What others have written cannot steer the reader's terminal")
  func controlCharacters() {
    var report = example()
    report.virtualRouters[0].peers[0].name = "db\u{1B}[31m\u{202E}b"
    report.virtualRouters[0].checks[0].detail = "a\r\nb\u{9B}c"
    let text = StatusText.render(report, now: noon)
    #expect(!text.unicodeScalars.contains("\u{1B}") && !text.unicodeScalars.contains("\u{9B}"))
    #expect(text.contains("db [31m b") && text.contains(": a  b c\n"))
  }
}

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

  @Test("An empty history says so")
  func empty() {
    #expect(HistoryText.render(HistoryReport(entries: [])) == "Nothing has happened yet.\n")
  }
}

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
}

struct ChangeTextTests {
  @Test("Announce and reload say what they touched")
  func text() {
    #expect(
      AnnounceText.render(AnnounceOutcome(announced: ["a", "b"])) == "Announced again: a, b.\n")
    #expect(
      AnnounceText.render(AnnounceOutcome(announced: []))
        == "Nothing to announce: no virtual router is Active on this node.\n")
    #expect(
      ReloadText.render(ReloadOutcome(message: "Applied.", added: ["a"], removed: ["b", "c"]))
        == "Applied.\n  added: a\n  removed: b, c\n")
  }
}

struct DurationTextTests {
  static let texts: [(Int64, String)] = [
    (-5, "0 ms"), (0, "0 ms"), (999, "999 ms"), (1000, "1 s"), (59_999, "59 s"),
    (60_000, "1 m 0 s"), (192_000, "3 m 12 s"), (3_600_000, "1 h 0 m"), (86_399_999, "23 h 59 m"),
    (190_800_000, "2 d 5 h"),
  ]

  @Test("A duration reads in its two largest units", arguments: texts)
  func text(milliseconds: Int64, text: String) {
    #expect(durationText(milliseconds: milliseconds) == text)
  }

  static let durations: [(String, Int?)] = [
    ("100ms", 100), ("120s", 120_000), ("1m30s", 90_000), ("1h", 3_600_000),
    ("1h1m1s1ms", 3_661_001), ("0s", 0), ("", nil), ("5", nil), ("s", nil), ("5 s", nil),
    ("-5s", nil), ("1.5s", nil), ("30s1m", nil), ("1s1s", nil), ("25h", nil),
    ("99999999999999999999s", nil), ("5ß", nil),
  ]

  @Test("A duration is written with units, largest first", arguments: durations)
  func reading(text: String, expected: Int?) {
    #expect(milliseconds(ofDuration: text) == expected)
  }
}
