import Failover
import Testing
import VRRP

@testable import Configuration

/// Every key of this version.
let everyKey = """
  # Both nodes of the orders database.
  node: db-a.example
  peers:
    db-b: { addresses: [192.0.2.2, "2001:db8::2"] }
    db-c: { addresses: [192.0.2.3] }
  peer_port: 9113
  authentication:
    mode: permissive
    keys:
      - { id: 7, file: /etc/godwit/keys/7 }
      - { id: 8, credential: godwit-key }
    active_key: 8
    anti_replay: monotonic
    time_window: 30s
  control_socket: /run/godwit/test.sock
  control_group: operators
  control_admin_group: admins
  state_directory: /var/lib/godwit-test
  log_level: debug
  realtime_priority: 50
  lock_memory: false
  lease_mechanism: nftables
  virtual_routers:
    orders-db:
      vrid: 51
      version: 3
      interface: eth0
      addresses: [192.0.2.100/24, 192.0.2.101]
      priority: 150
      advertisement_interval: 100ms
      preempt: { delay: 1m30s }
      transport: multicast
      source_address: 192.0.2.1
      checksum: pseudo-header
      accept_mode: true
      virtual_mac: false
      lease: 150ms
      announcements: { refresh: 30s }
      conflict_detection: false
      checks:
        - name: postgres-answers
          command: [/usr/bin/pg_isready, -q]
          interval: 5s
          timeout: 1.5s
          rise: 4
          fall: 5
          on_failure: { priority: -50 }
          user: postgres
        - { name: port, tcp: "127.0.0.1:5432", on_failure: fault }
        - { name: primary, http: "http://127.0.0.1:8008/primary" }
        - { name: process, process: postgres }
        - { name: flag, file: /run/ok }
      hooks:
        - command: [/usr/libexec/godwit/godwit-hook, postgresql]
          events: [promote, demote]
          timeout: { promote: 5s, demote: 2h }
          user: postgres
          environment: { PGDATA: "/var/lib/postgresql/main", _x1: "" }
        - command: [/usr/bin/logger]
          timeout: 10s
      track: { interfaces: [eth1, eth2] }
      maintenance_lease: 2m
      precheck_interval: 30s
    orders-db-6:
      vrid: 51
      interface: eth0
      addresses:
        - 2001:db8::100/64
  """

@Test func `A file with every key gives every value`() throws {
  let node = try read(everyKey)
  #expect(node.node == "db-a.example")
  #expect(
    node.peers == [
      PeerConfiguration(
        name: "db-b",
        addresses: [
          .v4(IPv4Address(192, 0, 2, 2)), .v6(IPv6Address(high: 0x2001_0db8_0000_0000, low: 2)),
        ]),
      PeerConfiguration(name: "db-c", addresses: [.v4(IPv4Address(192, 0, 2, 3))]),
    ])
  #expect(node.peerPort == 9113)
  #expect(
    node.authentication
      == AuthenticationConfiguration(
        mode: .permissive,
        keys: [
          AuthenticationKey(identifier: 7, source: .file("/etc/godwit/keys/7")),
          AuthenticationKey(identifier: 8, source: .credential("godwit-key")),
        ], activeKey: 8, replayProtection: .monotonic, window: 30))
  #expect(node.controlSocket == "/run/godwit/test.sock")
  #expect(node.controlGroup == "operators")
  #expect(node.controlAdminGroup == "admins")
  #expect(node.stateDirectory == "/var/lib/godwit-test")
  #expect(node.logLevel == .debug)
  #expect(node.realtimePriority == 50)
  #expect(node.lockMemory == false)
  #expect(node.leaseMechanism == .nftables)
  #expect(node.virtualRouters.map(\.name) == ["orders-db", "orders-db-6"])
  let orders = try #require(node.virtualRouters.first)
  #expect(orders.interface == .name("eth0"))
  let first = IPAddress.v4(IPv4Address(192, 0, 2, 100))
  let second = IPAddress.v4(IPv4Address(192, 0, 2, 101))
  #expect(
    orders.addresses == [
      InterfaceAddress(first, prefixLength: 24), InterfaceAddress(second, prefixLength: 32),
    ])
  #expect(
    orders.router
      == VirtualRouterSettings(
        identifier: try #require(VirtualRouterIdentifier(51)), version: .version3,
        addresses: [first, second], priority: Priority(150),
        advertisementInterval: try #require(AdvertisementInterval(centiseconds: 10)),
        preemption: .after(.seconds(90)), checksumForm: .pseudoHeader))
  #expect(orders.sourceAddress == .v4(IPv4Address(192, 0, 2, 1)))
  #expect(orders.announcementRefresh == .seconds(30))
  #expect(orders.lease == LeaseSettings(duration: .milliseconds(150)))
  #expect(orders.conflictDetection == false)
  #expect(orders.trackedInterfaces == ["eth1", "eth2"])
  #expect(orders.maintenanceLease == .seconds(120))
  #expect(orders.precheckInterval == .seconds(30))
}

@Test func `A file with every key gives its checks and hooks`() throws {
  let orders = try #require(try read(everyKey).virtualRouters.first)
  #expect(
    orders.checks == [
      CheckSettings(
        name: "postgres-answers", probe: .command(["/usr/bin/pg_isready", "-q"]),
        interval: .seconds(5), timeout: .milliseconds(1500), rise: 4, fall: 5,
        onFailure: .priority(-50), user: "postgres"),
      CheckSettings(
        name: "port", probe: .tcp("127.0.0.1:5432"), interval: .seconds(2), timeout: .seconds(1),
        rise: 2, fall: 3, onFailure: .fault, user: nil),
      CheckSettings(name: "primary", probe: .http("http://127.0.0.1:8008/primary")),
      CheckSettings(name: "process", probe: .process("postgres")),
      CheckSettings(name: "flag", probe: .file("/run/ok")),
    ])
  #expect(
    orders.hooks == [
      HookSettings(
        command: ["/usr/libexec/godwit/godwit-hook", "postgresql"], events: [.promote, .demote],
        timeouts: [.promote: .seconds(5), .demote: .seconds(7200)], user: "postgres",
        environment: ["PGDATA": "/var/lib/postgresql/main", "_x1": ""]),
      HookSettings(
        command: ["/usr/bin/logger"],
        events: Set(HookEvent.allCases),
        timeouts: [
          .promote: .seconds(10), .demote: .seconds(10), .undo: .seconds(10),
          .active: .seconds(10), .standby: .seconds(10), .fault: .seconds(10),
          .precheck: .seconds(10), .maintenance: .seconds(10), .fence: .seconds(10),
        ]),
    ])
}

@Test func `The smallest file has the defaults`() throws {
  let address = IPAddress.v4(IPv4Address(192, 0, 2, 100))
  var expected = NodeConfiguration(
    node: "db-a", peers: [], peerPort: 9112, authentication: nil,
    controlSocket: "/run/godwit/control.sock", controlGroup: "godwit",
    controlAdminGroup: nil, stateDirectory: "/var/lib/godwit", logLevel: .info,
    realtimePriority: 0, lockMemory: true, leaseMechanism: .automatic,
    virtualRouters: [
      VirtualRouterConfiguration(
        name: "orders-db", interface: .name("eth0"),
        addresses: [try #require(InterfaceAddress(address, prefixLength: 24))],
        router: VirtualRouterSettings(
          identifier: try #require(VirtualRouterIdentifier(51)), version: .version3,
          addresses: [address], priority: Priority(100),
          advertisementInterval: try #require(AdvertisementInterval(centiseconds: 100)),
          preemption: .never, checksumForm: .message),
        lease: LeaseSettings(duration: .milliseconds(2500)), conflictDetection: true,
        sourceAddress: nil, announcementRefresh: .seconds(60), connections: ConnectionSettings(),
        maintenanceLease: .seconds(60),
        precheckInterval: .seconds(10), checks: [], hooks: [], trackedInterfaces: [])
    ])
  expected.virtualRouters[0].node = "db-a"
  #expect(try read(router) == expected)
}

@Test func `Over IPv6 a link-local address made from the VRID comes first`() throws {
  let six = try #require(try read(everyKey).virtualRouters.last)
  #expect(six.addresses.map(\.description) == ["fe80::5e00:233/64", "2001:db8::100/64"])
  #expect(six.router.addresses.map(\.description) == ["fe80::5e00:233", "2001:db8::100"])
}

@Test func `A link-local address that is listed first stays as it is`() throws {
  let text = router.replacing("192.0.2.100/24", with: "fe80::1/64, 2001:db8::100/64")
  let six = try #require(try read(text).virtualRouters.first)
  #expect(six.addresses.map(\.description) == ["fe80::1/64", "2001:db8::100/64"])
}

@Test func `An interface is named, or found by hardware address or subnet`() throws {
  let byAddress = router.replacing("eth0", with: "{mac: 52:54:00:12:34:56}")
  let hardware = HardwareAddress(0x52, 0x54, 0x00, 0x12, 0x34, 0x56)
  #expect(try read(byAddress).virtualRouters.first?.interface == .hardwareAddress(hardware))
  let bySubnet = router.replacing("eth0", with: "{subnet: 192.0.2.0/24}")
  let subnet = try #require(InterfaceAddress(.v4(IPv4Address(192, 0, 2, 0)), prefixLength: 24))
  #expect(try read(bySubnet).virtualRouters.first?.interface == .subnet(subnet))
}

@Test func `Version 2 takes whole seconds over IPv4`() throws {
  let text = router + "    version: 2\n    advertisement_interval: 40s\n    preempt: true\n"
  let settings = try #require(try read(text).virtualRouters.first).router
  #expect(settings.version == .version2)
  #expect(settings.advertisementInterval.centiseconds == 4000)
  #expect(settings.preemption == .always)
}

@Test(arguments: [("10ms", UInt16(1)), ("40.95s", 4095), ("1.5s", 150), ("1s10ms", 101)])
func `An advertisement interval has steps of 10 ms up to 40.95 s`(
  text: String, centiseconds: UInt16
) throws {
  let settings = try read(router + "    advertisement_interval: \(text)\n").virtualRouters.first
  #expect(settings?.router.advertisementInterval.centiseconds == centiseconds)
}

@Test(arguments: [1, 254, 255]) func `Priorities of 1 to 255 are taken`(priority: UInt8) throws {
  let settings = try read(router + "    priority: \(priority)\n").virtualRouters.first
  #expect(settings?.router.priority.number == priority)
}

@Test func `The owner of the addresses may send from one of them`() throws {
  let text = router + "    priority: 255\n    source_address: 192.0.2.100\n"
  #expect(
    try read(text).virtualRouters.first?.sourceAddress == .v4(IPv4Address(192, 0, 2, 100)))
}

@Test func `One VRID serves two interfaces, with the same link-local address on both`() throws {
  let text = """
    virtual_routers:
      one: { vrid: 7, interface: eth0, addresses: ["fe80::7/64"] }
      two: { vrid: 7, interface: eth1, addresses: ["fe80::7/64"] }
    """
  #expect(try read(text).virtualRouters.map(\.router.identifier.number) == [7, 7])
}

@Test func `A byte order mark and Windows line ends change nothing`() throws {
  let text = "\u{feff}" + router.replacing("\n", with: "\r\n")
  #expect(try read(text) == read(router))
}

@Test func `90 IPv6 and 255 IPv4 addresses fit one virtual router`() throws {
  let six = (1...89).map { "2001:db8::\(String($0, radix: 16))/64" }.joined(separator: ", ")
  #expect(
    try read(router.replacing("192.0.2.100/24", with: six)).virtualRouters.first?.addresses.count
      == 90)
  let four = (1...255).map { "10.0.\($0).1/24" }.joined(separator: ", ")
  #expect(
    try read(router.replacing("192.0.2.100/24", with: four)).virtualRouters.first?.addresses.count
      == 255)
}

@Test(arguments: [("100ms", "250ms"), ("40.95s", "102375ms")])
func `A lease is two and a half intervals when nothing is said`(
  interval: String, lease: String
) throws {
  let text = router + "    advertisement_interval: \(interval)\n"
  let settings = try read(text + "    lease: \(lease)\n").virtualRouters.first?.lease
  #expect(try read(text).virtualRouters.first?.lease == settings)
}

@Test func `A lease may end just before three intervals, or be off`() throws {
  let most = try read(router + "    lease: 2999ms\n").virtualRouters.first?.lease
  #expect(most == LeaseSettings(duration: .milliseconds(2999)))
  let off = try read(router + "    lease: off\n").virtualRouters.first?.lease
  #expect(off == LeaseSettings(duration: .milliseconds(2500), isEnforced: false))
  #expect(off?.addressLifetime == nil)
}

@Test func `The host name ends before its first dot`() {
  let name = HostName.upToFirstDot()
  #expect(!name.isEmpty)
  #expect(!name.contains("."))
}
