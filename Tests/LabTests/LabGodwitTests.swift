import Lab
import Testing

@Suite("godwitd in the lab")
struct LabGodwitTests {
  @Test("gets the file that its settings say")
  func text() {
    var configuration = GodwitConfiguration(addresses: ["10.77.0.100/24"])
    configuration.priority = 150
    configuration.interval = "100ms"
    configuration.preempt = "true"
    configuration.peers = [("b", ["10.77.0.2", "10.78.0.2"])]
    configuration.hooks = [["/bin/sh", "/tmp/hook"]]
    configuration.routerLines = ["lease: 250ms"]
    #expect(
      configuration.text(node: "a", directory: "/d") == """
        node: a
        peers:
          b: { addresses: [10.77.0.2, 10.78.0.2] }
        control_socket: /d/control.sock
        control_group: root
        state_directory: /d/state
        virtual_routers:
          orders-db:
            vrid: 51
            interface: eth0
            addresses: ["10.77.0.100/24"]
            priority: 150
            advertisement_interval: 100ms
            preempt: true
            hooks:
              - command: [/bin/sh, /tmp/hook]
                events: [promote, demote, undo, active, standby, fault]
            lease: 250ms

        """)
  }

  @Test("is understood when it reports its status")
  func status() throws {
    let status = try GodwitStatus(
      json: """
        {"node": "db-a", "version": "0.1.0", "virtual_routers": [{"name": "orders-db", "vrid": 51,
         "family": "ipv4", "state": "active", "since": "2026-01-31T12:00:00.123Z",
         "reason": "peer_timeout", "term": 17, "interface": "eth0", "addresses": ["192.0.2.100/24"],
         "addresses_held": true, "priority": 150, "effective_priority": 140, "fault_reasons": ["x"],
         "active_router": "192.0.2.1", "hook": null, "checks": [], "peers": []}]}
        """)
    let router = try #require(status.virtualRouters.first)
    #expect(status.node == "db-a")
    #expect(router.state == "active")
    #expect(router.effectivePriority == 140)
    #expect(router.addressesHeld == true)
    #expect(router.term == 17)
    #expect(router.reason == "peer_timeout")
    #expect(router.faultReasons == ["x"])
    #expect(router.activeRouter == "192.0.2.1")
    #expect(throws: LabError.self) { try GodwitStatus(json: "{}") }
  }

  @Test("is an error with its log when it ends before it is ready", .requiresGodwit)
  func refused() throws {
    let lab = try Lab.make(nodes: ["a"])
    var configuration = GodwitConfiguration(addresses: ["10.77.0.100/24"])
    configuration.vrid = 999
    let node = try lab.godwit(on: "a", configuration)
    let error = #expect(throws: LabError.self) { try node.start() }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("godwitd on a ended"))
    #expect(text.contains("--- a-godwitd.log"))
  }
}
