import Control
import Foundation
import Testing

/// The document that the interface promises, as users have seen it from the first version on.
let promisedDocument = """
  {"node": "db-a", "version": "0.1.0",
   "virtual_routers": [{
     "name": "orders-db", "vrid": 51, "family": "ipv4", "state": "active",
     "since": "2026-01-31T12:00:00.123Z", "reason": "peer_timeout", "term": 17,
     "interface": "eth0", "addresses": ["192.0.2.100/24"], "addresses_held": true,
     "priority": 150, "effective_priority": 150, "advertisement_interval_ms": 1000,
     "active_router": "192.0.2.1", "maintenance": false, "fit": true,
     "lease": {"mechanism": "bpf", "duration_ms": 2500, "peer_waits_ms": 3414},
     "checks": [{"name": "postgres-answers", "passing": true, "since": "2026-01-31T11:00:00.000Z", "detail": ""}],
     "hook": null, "operation": null,
     "peers": [{"name": "db-b", "addresses": ["192.0.2.2"], "state": "backup", "effective_priority": 100,
                "last_seen_ms": 120, "fit": true, "configuration_agrees": true}]}]}
  """

/// 2026-01-31T12:00:00.123Z.
let noon = Timestamp(milliseconds: 1_769_860_800_123)

func example() -> StatusReport {
  StatusReport(
    node: "db-a", version: "0.1.0", pid: nil, uptimeMilliseconds: nil, configuration: nil,
    virtualRouters: [
      VirtualRouterStatus(
        name: "orders-db", vrid: 51, family: .ipv4, state: .active, since: noon,
        reason: "peer_timeout", term: 17, interface: "eth0", addresses: ["192.0.2.100/24"],
        addressesHeld: true, priority: 150, effectivePriority: 150,
        advertisementIntervalMilliseconds: 1000, activeRouter: "192.0.2.1", fit: true,
        lease: LeaseStatus(
          mechanism: .bpf, durationMilliseconds: 2500, peerWaitsMilliseconds: 3414,
          isSafe: true),
        checks: [
          CheckStatus(
            name: "postgres-answers", passing: true,
            since: Timestamp(milliseconds: 1_769_857_200_000))
        ],
        peers: [
          PeerStatus(
            name: "db-b", addresses: ["192.0.2.2"], state: .backup, effectivePriority: 100,
            lastSeenMilliseconds: 120, fit: true, configurationAgrees: true)
        ])
    ])
}

/// Every key of a document with its value, `a.b[0].c`, read by another decoder.
private func leaves(_ value: Any, _ path: String = "") -> [String: String] {
  if let object = value as? [String: Any] {
    var all: [String: String] = object.isEmpty ? [path: "{}"] : [:]
    for (key, child) in object {
      all.merge(leaves(child, path.isEmpty ? key : path + "." + key)) { first, _ in first }
    }
    return all
  }
  if let list = value as? [Any] {
    var all: [String: String] = list.isEmpty ? [path: "[]"] : [:]
    for (index, child) in list.enumerated() {
      all.merge(leaves(child, "\(path)[\(index)]")) { first, _ in first }
    }
    return all
  }
  return [path: "\(value)"]
}

struct StatusReportTests {
  @Test("The promised document is read, with nothing in it lost")
  func decodes() throws {
    #expect(try StatusReport(line: Array(promisedDocument.utf8)) == example())
  }

  @Test("Every promised key is written with its value, and only known keys are added")
  func encodes() throws {
    let promised = leaves(try JSONSerialization.jsonObject(with: Data(promisedDocument.utf8)))
    let written = leaves(try JSONSerialization.jsonObject(with: Data(example().line())))
    for (key, value) in promised { #expect(written[key] == value, "\(key)") }
    let router = "virtual_routers[0]."
    let counters = router + "counters."
    #expect(
      Set(written.keys).subtracting(promised.keys) == [
        "pid", "uptime_ms", "configuration", "discarded", router + "fault_reasons",
        router + "lease.safe", "peer_channel", "authentication",
        router + "maintenance_detail", router + "broken_paths", router + "connections",
        router + "peers[0].paths", router + "peers[0].version",
        router + "peers[0].clock_offset_ms", router + "peers[0].disagreements",
        counters + "claims_refrained",
        router + "conflict",
        router + "active_router_priority", counters + "advertisements_sent",
        counters + "advertisements_received", counters + "priority_zero_sent",
        counters + "priority_zero_received", counters + "elections",
        counters + "announcements_sent", counters + "addresses_restored", counters + "beats_failed",
        counters + "leases_lapsed", counters + "conflicts_seen", counters + "conflicts_defended",
        counters + "connections_reset", counters + "connections_left",
        counters + "connections_told",
        counters + "tickles_sent", counters + "hooks_run",
        counters + "hooks_failed", counters + "checksum_forms.message",
        counters + "checksum_forms.pseudo_header",
      ])
  }

  @Test("Authentication is told with its keys' ids, its windows and its clock")
  func authentication() throws {
    let status = AuthenticationStatus(
      mode: "enforce", activeKey: 2, keyIdentifiers: [1, 2], antiReplay: "time",
      windowsMilliseconds: ["Orders_DB": 5000],
      clock: SigningClockStatus(
        steppedMilliseconds: -600_000, skewMilliseconds: ["192.0.2.2": 12]))
    let report = StatusReport(
      node: "db-a", pid: nil, uptimeMilliseconds: nil, configuration: nil, virtualRouters: [],
      authentication: status)
    let line = String(decoding: report.line(), as: UTF8.self)
    #expect(
      line.hasPrefix(
        #"{"authentication":{"active_key":2,"anti_replay":"time","#
          + #""clock":{"skew_ms":{"192.0.2.2":12},"stepped_ms":-600000},"key_ids":[1,2],"#
          + #""mode":"enforce","time_window_ms":{"Orders_DB":5000}},"#))
    #expect(try StatusReport(line: report.line()).authentication == status)
  }

  @Test("A report is one line of JSON with sorted keys, and null where nothing is known")
  func literal() {
    let report = StatusReport(
      node: "db-a", version: "0.1.0", pid: 812, uptimeMilliseconds: nil,
      configuration: ConfigurationStatus(file: "/etc/godwit/godwit.yaml", loaded: noon),
      virtualRouters: [], discarded: ["hop_limit": 3, "checksum": 1])
    #expect(
      String(decoding: report.line(), as: UTF8.self)
        == #"{"authentication":null,"configuration":{"file":"/etc/godwit/godwit.yaml","loaded":"2026-01-31T12:00:00.123Z"},"#
        + #""discarded":{"checksum":1,"hop_limit":3},"node":"db-a","peer_channel":null,"pid":812,"uptime_ms":null,"#
        + #""version":"0.1.0","virtual_routers":[]}"# + "\n")
  }

  @Test("The running hook and operation, a silent peer and no lease have their promised form")
  func parts() {
    var router = example().virtualRouters[0]
    router.hook = HookStatus(
      event: "promote", command: ["/usr/bin/promote", "-v"], since: noon, eventIdentifier: "e-9")
    router.operation = OperationStatus(
      identifier: "op-4", kind: "failover", phase: "demote", since: noon, role: .giving,
      peer: "db-b")
    router.peers = [PeerStatus(name: "db-b", addresses: [])]
    router.lease = LeaseStatus(
      mechanism: .off, durationMilliseconds: 0, peerWaitsMilliseconds: 3414,
      isSafe: false)
    let report = StatusReport(
      node: "db-a", pid: 1, uptimeMilliseconds: 1, configuration: nil, virtualRouters: [router])
    let text = String(decoding: report.line(), as: UTF8.self)
    #expect(
      text.contains(
        #""hook":{"command":["/usr/bin/promote","-v"],"event":"promote","event_id":"e-9","since":"2026-01-31T12:00:00.123Z"}"#
      ))
    #expect(
      text.contains(
        #""operation":{"id":"op-4","kind":"failover","peer":"db-b","phase":"demote","role":"giving","since":"2026-01-31T12:00:00.123Z"}"#
      ))
    #expect(
      text.contains(
        #""peers":[{"addresses":[],"clock_offset_ms":null,"configuration_agrees":null,"disagreements":[],"effective_priority":null,"fit":null,"last_seen_ms":null,"name":"db-b","paths":[],"state":null,"version":null}]"#
      ))
    #expect(
      text.contains(
        #""lease":{"duration_ms":0,"mechanism":"off","peer_waits_ms":3414,"safe":false}"#))
  }

  @Test("What nodes say of each other has its promised form, and is read as it is written")
  func peers() throws {
    var report = example()
    report.peerChannel = PeerChannelStatus(state: .off, reason: "there is no key")
    report.authentication = AuthenticationStatus(
      mode: "enforce", activeKey: 2, keyIdentifiers: [1, 2], windowsMilliseconds: ["web": 5000],
      clock: SigningClockStatus(steppedMilliseconds: 0, skewMilliseconds: ["192.0.2.2": -3]))
    var router = report.virtualRouters[0]
    router.maintenance = true
    router.maintenanceDetail = "db-b knows"
    router.brokenPaths = ["a", "b"]
    router.connections = ConnectionStatus(shared: 12, known: 3)
    router.counters.claimsRefrained = 4
    router.peers[0].paths = [PeerPathStatus(address: "192.0.2.2", lastSeenMilliseconds: 120)]
    router.peers[0].version = "0.2.0"
    router.peers[0].clockOffsetMilliseconds = -3
    router.peers[0].disagreements = ["priority"]
    report.virtualRouters = [router]
    let line = report.line()
    #expect(try StatusReport(line: line) == report)
    let text = String(decoding: line, as: UTF8.self)
    for part in [
      #""peer_channel":{"reason":"there is no key","state":"off"}"#,
      #""authentication":{"active_key":2,"anti_replay":"time","clock":{"skew_ms":{"192.0.2.2":-3},"#,
      #""stepped_ms":0},"key_ids":[1,2],"mode":"enforce","time_window_ms":{"web":5000}}"#,
      #""maintenance":true,"maintenance_detail":"db-b knows""#, #""broken_paths":["a","b"]"#,
      #""connections":{"known":3,"shared":12}"#, #""claims_refrained":4"#,
      #""paths":[{"address":"192.0.2.2","echoed":null,"heard":null,"last_seen_ms":120}]"#,
      #""version":"0.2.0"}]"#,
      #""clock_offset_ms":-3"#, #""disagreements":["priority"]"#,
    ] {
      #expect(text.contains(part), "\(part)")
    }
  }

  @Test("A counter that an older daemon does not have reads as none, and any other as it is")
  func olderCounters() throws {
    var report = example()
    report.virtualRouters[0].counters.elections = 3
    let line = report.line()
    let text = String(decoding: line, as: UTF8.self)
    let older = text.replacing(
      /"counters":{[^}]*}[^}]*}/,
      with: #""counters":{"elections":3,"checksum_forms":{"message":0,"pseudo_header":0}}"#)
    #expect(older != text && !older.contains("claims_refrained"))
    #expect(try StatusReport(line: Array(older.utf8)) == report)
    let broken = text.replacing(#""elections":3"#, with: #""elections":"3""#)
    do throws(LineError) {
      _ = try StatusReport(line: Array(broken.utf8))
      Issue.record("read")
    } catch {
      #expect(
        error.description == #""virtual_routers[0].counters.elections" must be a whole number"#)
    }
  }

  @Test("The words of state and lease are those of the interface")
  func words() {
    #expect(
      ReportedState.allCases.map(\.rawValue)
        == ["initialize", "backup", "claiming", "active", "releasing", "fault"])
    #expect(
      Set(LeaseStatus.Mechanism.allCases.map(\.rawValue))
        == ["bpf", "nftables", "address-lifetime", "off"])
  }

  @Test("A document with a key of a later version is still read")
  func laterKeys() throws {
    let later = promisedDocument.replacing("\"node\":", with: "\"colour\": [1], \"node\":")
    #expect(try StatusReport(line: Array(later.utf8)) == example())
  }

  @Test("A document without a promised key names the key")
  func missingKey() {
    let broken = promisedDocument.replacing("\"term\": 17,", with: "")
    do throws(LineError) {
      _ = try StatusReport(line: Array(broken.utf8))
      Issue.record("read")
    } catch {
      #expect(error.description == #""virtual_routers[0].term" is missing"#)
    }
  }
}
