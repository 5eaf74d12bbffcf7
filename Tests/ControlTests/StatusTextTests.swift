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
        MAINTENANCE: orders-db

        VIRTUAL ROUTER  STATE   SINCE  TERM  PRIORITY  ACTIVE ROUTER  ADDRESSES
        orders-db       fault   4 s      17         0  -              192.0.2.100/24 +1
        x               backup  4 s      17       150  192.0.2.1      192.0.2.100/24

        orders-db
          MAINTENANCE  nobody moves the role by itself
                       `godwit maintenance off orders-db` ends it
          state      fault for 4 s, since 2026-01-31T12:00:00.123Z (health), term 17, unfit
          fault      check postgres-answers failed
                     eth0 has no carrier
          operation  failover op-4: demote for 4 s
          hook       fault runs for 4 s: /usr/bin/page ops (e-9)
          interface  eth0, VRID 51, ipv4, advertisements every 1 s
          addresses  192.0.2.100/24, 192.0.2.101/24 (not held here)
          priority   0, configured 150
          active     nobody known
          lease      off; a Backup waits 3414 ms or more
          checks     postgres-answers  failed for 4 s: timeout
                     disk              passing for 4 s
          peers      db-b  192.0.2.2  not heard yet
          counted    advertisements 0 sent, 0 received; elections 0; addresses put back 1; hooks failed 2

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

  @Test("What nodes say of each other, and what is wrong between them, is said")
  func peers() {
    var report = example()
    report.authentication = AuthenticationStatus(
      mode: "enforce", activeKey: 2, keyIdentifiers: [1, 2])
    var router = report.virtualRouters[0]
    router.checks = []
    router.maintenance = true
    router.maintenanceDetail = "db-b knows, db-c does not"
    router.brokenPaths = [BrokenPath.silent("db-b", address: "198.51.100.2", port: 9112)]
    router.operation = OperationStatus(
      identifier: "op-4", kind: "failover", phase: "connections", since: noon, role: .giving,
      peer: "db-b")
    router.connections = ConnectionStatus(shared: 12, known: 0)
    router.counters.claimsRefrained = 2
    var silent = router.peers[0]
    silent.paths = [
      PeerPathStatus(address: "192.0.2.2", lastSeenMilliseconds: 120),
      PeerPathStatus(address: "198.51.100.2"),
      PeerPathStatus(address: "203.0.113.2", lastSeenMilliseconds: 3001),
    ]
    silent.version = "0.1.0"
    var other = router.peers[0]
    other.name = "db-c"
    other.addresses = ["192.0.2.13"]
    other.version = "0.2.0"
    other.clockOffsetMilliseconds = -4200
    other.configurationAgrees = false
    other.disagreements = ["advertisement_interval", "addresses"]
    router.peers = [silent, other]
    report.virtualRouters = [router]
    let text = StatusText.render(report, now: Timestamp(milliseconds: 1_769_860_804_123))
    #expect(
      text == """
        db-a: godwitd 0.1.0
        MAINTENANCE: orders-db
        authentication enforce, signs with key 2, accepts 1, 2

        VIRTUAL ROUTER  STATE   SINCE  TERM  PRIORITY  ACTIVE ROUTER  ADDRESSES
        orders-db       active  4 s      17       150  192.0.2.1      192.0.2.100/24 held

        orders-db
          MAINTENANCE  nobody moves the role by itself; db-b knows, db-c does not
                       `godwit maintenance off orders-db` ends it
          state        active for 4 s, since 2026-01-31T12:00:00.123Z (peer_timeout), term 17
          broken path  db-b is not heard on 198.51.100.2: check the cable, the switch and the firewall (UDP port 9112) of that path, and this node's addresses under peers of db-b
          operation    failover op-4: connections for 4 s, gives the role to db-b
          interface    eth0, VRID 51, ipv4, advertisements every 1 s
          addresses    192.0.2.100/24 (held here)
          priority     150
          active       192.0.2.1
          lease        bpf, 2500 ms; a Backup waits 3414 ms or more
          peers        db-b  192.0.2.2   backup, priority 100, fit, heard 120 ms ago, silent on 198.51.100.2, silent on 203.0.113.2 for 3 s
                       db-c  192.0.2.13  backup, priority 100, fit, heard 120 ms ago, godwitd 0.2.0, CONFIGURATION DIFFERS in advertisement_interval and addresses, its clock is 4 s behind
          connections  12 of this node known to its peers, 0 of the Active node known here
          counted      advertisements 0 sent, 0 received; elections 0; claims refrained 2

        """)
  }

  @Test("A peer channel that is off has its reason and its remedy in the first lines")
  func noChannel() {
    var report = example()
    report.virtualRouters = []
    report.peerChannel = PeerChannelStatus(state: .off, reason: "there is no key")
    report.authentication = AuthenticationStatus(
      mode: "enforce", activeKey: 1, keyIdentifiers: [1],
      clock: SigningClockStatus(
        steppedMilliseconds: -90_000, skewMilliseconds: ["192.0.2.2": 2500, "192.0.2.3": -999]))
    #expect(
      StatusText.render(report, now: noon) == """
        db-a: godwitd 0.1.0
        peer channel off: there is no key
          `godwit keygen /etc/godwit/keys/1` makes a key; copy it to every node, list it under authentication.keys and `godwit reload`
        authentication enforce, signs with key 1, accepts 1
        clock: the wall clock was stepped by -90000 ms and is not followed while the others go by the old time
        clock: 2500 ms ahead of 192.0.2.2: `chronyc tracking` on both

        No virtual routers.

        """)
    report.peerChannel = PeerChannelStatus(state: .on, reason: "this host has no IPv6")
    report.authentication = nil
    #expect(
      StatusText.render(report, now: noon) == """
        db-a: godwitd 0.1.0
        peer channel: this host has no IPv6

        No virtual routers.

        """)
    report.peerChannel = PeerChannelStatus(state: .on)
    #expect(
      StatusText.render(report, now: noon) == "db-a: godwitd 0.1.0\n\nNo virtual routers.\n")
  }

  @Test("Maintenance is bold, reversed and red, before anything else of its virtual router")
  func shouted() {
    var report = example()
    report.virtualRouters[0].maintenance = true
    let text = StatusText.render(report, now: noon, style: TextStyle(colour: true))
    #expect(text.contains("\n\u{1B}[1;7;31mMAINTENANCE: orders-db\u{1B}[0m\n"))
    #expect(text.contains("\norders-db\n  \u{1B}[1;7;31mMAINTENANCE\u{1B}[0m  nobody moves"))
  }

  @Test("A clock is worth a word from a difference of more than a second on")
  func skew() {
    var report = example()
    func peer(_ offset: Int) -> String {
      report.virtualRouters[0].peers[0].clockOffsetMilliseconds = offset
      return StatusText.render(report, now: noon)
    }
    #expect(!peer(1000).contains("clock"))
    #expect(!peer(-1000).contains("clock"))
    #expect(peer(1001).contains("heard 120 ms ago, its clock is 1 s ahead\n"))
    #expect(peer(.min).contains(" behind\n"))
  }
}
