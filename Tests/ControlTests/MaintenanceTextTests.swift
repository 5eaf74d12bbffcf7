import Control
import Testing

struct MaintenanceTextTests {
  @Test("Maintenance on says what now happens, for how long the address stays, and how it ends")
  func isOn() {
    let outcome = MaintenanceOutcome(routers: [
      .init(
        name: "orders-db", isOn: true, told: ["db-b"], keepsAddress: true,
        leaseMilliseconds: 60_000)
    ])
    #expect(
      MaintenanceText.render(outcome) == """
        orders-db: MAINTENANCE is on
          Nobody claims, preempts or moves the role by itself until it is off.
          The address stays through a restart of its godwitd of up to 1 m 0 s.
          Told: db-b.
          Afterwards: `godwit maintenance off orders-db`.

        """)
  }

  @Test("A peer that was not told is a warning in red, with what to do")
  func untold() {
    let outcome = MaintenanceOutcome(routers: [
      .init(
        name: "orders-db", isOn: true, untold: ["db-b", "db-c"], keepsAddress: false,
        leaseMilliseconds: 0)
    ])
    #expect(
      MaintenanceText.render(outcome) == """
        orders-db: MAINTENANCE is on
          Nobody claims, preempts or moves the role by itself until it is off.
          The address does not outlive its daemon: it leaves when godwitd stops or restarts.
          NOT TOLD: db-b, db-c: may still take the role by itself, and until it is told the address
          does not outlive its daemon. See in `godwit status` that it is heard; it learns it then.
          Afterwards: `godwit maintenance off orders-db`.

        """)
    let red = MaintenanceText.render(outcome, style: TextStyle(colour: true))
    #expect(red.contains("  \u{1B}[31mNOT TOLD: db-b, db-c: may still"))
    #expect(red.hasPrefix("orders-db: \u{1B}[1;7;31mMAINTENANCE\u{1B}[0m is on\n"))
  }

  @Test("Maintenance off says that the role moves again, of each virtual router")
  func isOff() {
    let outcome = MaintenanceOutcome(routers: [
      .init(
        name: "a", isOn: false, told: ["db-b"], keepsAddress: false, leaseMilliseconds: 2500,
        detail: "peers wait 60 s"),
      .init(name: "b", isOn: false, untold: ["db-b"], keepsAddress: false, leaseMilliseconds: 0),
    ])
    #expect(
      MaintenanceText.render(outcome) == """
        a: maintenance is off
          The role moves by itself again, as soon as it is safe.
          peers wait 60 s
          Told: db-b.

        b: maintenance is off
          The role moves by itself again, as soon as it is safe.
          NOT TOLD: db-b: does not take over until it is told.
          See in `godwit status` that it is heard; it learns it then.

        """)
  }

  @Test("A node without virtual routers says so")
  func empty() {
    #expect(
      MaintenanceText.render(MaintenanceOutcome(routers: []))
        == "This node has no virtual router.\n")
  }
}

struct RefusalTests {
  static let refusals: [(Refusal, String)] = [
    (.unknownRouter("x", known: ["a", "b"]), "there is no virtual router x here\nthere is: a, b"),
    (.unknownNode("db-x", known: ["db-b"]), "there is no node db-x\n--to takes one of: db-b"),
    (
      .unknownNode("db-x", known: []),
      "there is no node db-x\nlist it under peers in the configuration of every node"
    ),
    (
      .hasItAlready("db-a", router: "a"),
      "db-a is Active for a already\nname another node with --to, or leave it out"
    ),
    (
      .noFitPeer("a", reasons: ["db-b: check disk failed", "db-c: not heard"]),
      "no other node could take a: db-b: check disk failed; db-c: not heard\n"
        + "`godwit status a` on that node shows its checks and faults"
    ),
    (
      .peerChannelOff("there is no key"),
      "the nodes cannot talk to each other: the peer channel is off, there is no key\n"
        + "`godwit keygen /etc/godwit/keys/1` makes a key; copy it to every node, list it under "
        + "authentication.keys and `godwit reload`"
    ),
    (
      .peerSilent("db-b", port: 9112),
      "db-b does not answer\nsee that its godwitd runs, that UDP port 9112 is open both ways and "
        + "that both nodes have the same key: `godwit status` on both"
    ),
    (
      .nobodyHolds("a"),
      "no node is known to be Active for a, so there is nothing to move\n"
        + "`godwit status a` on every node shows why nobody is"
    ),
    (
      .underWay("op-4", router: "a"),
      "another operation on a is under way: op-4\n"
        + "`godwit status a` shows how far it is, `godwit history a` its end"
    ),
    (
      .maintenanceIsOn("a"),
      "maintenance is on for a, and the node that had it does not answer\n"
        + "bring that node back, or `godwit maintenance off a`; if its host is off for certain, "
        + "`godwit failover a --force`"
    ),
    (
      .precheckFailed(on: "db-b", "lag 4 s"),
      "the precheck on db-b says no: lag 4 s\n"
        + "repair that, or look first: `godwit failover --dry-run` runs the prechecks alone"
    ),
  ]

  @Test("A refusal says what happened and what to do, and nothing was changed", arguments: refusals)
  func text(refusal: Refusal, text: String) {
    #expect(ControlClientError.refused(refusal).message == text)
    #expect(ControlClientError.refused(refusal).exitStatus == 1)
  }

  static let paths: [(String, String)] = [
    (
      BrokenPath.noAdvertisements(from: "db-b", interface: "eth0", family: .ipv4),
      "reports of db-b arrive but its advertisements do not: check that eth0, the switch and the "
        + "firewall pass IP protocol 112 to 224.0.0.18"
    ),
    (
      BrokenPath.noAdvertisements(from: "db-b", interface: "eth0", family: .ipv6),
      "reports of db-b arrive but its advertisements do not: check that eth0, the switch and the "
        + "firewall pass IP protocol 112 to ff02::12"
    ),
    (
      BrokenPath.noReports(from: "db-b", port: 9112),
      "advertisements of db-b arrive but its reports do not: check that UDP port 9112 is open both "
        + "ways and that both nodes have the same key (keepalived sends none)"
    ),
    (
      BrokenPath.oneWay("db-b", port: 9112),
      "db-b is heard but does not hear this node: check the firewall of both (UDP port 9112) and "
        + "this node's addresses under peers of db-b"
    ),
  ]

  @Test("A broken path names what to check", arguments: paths)
  func path(sentence: String, text: String) {
    #expect(sentence == text)
  }
}
