import Foundation
import Lab

/// The two programs that are compared.
enum Program: CaseIterable {
  case godwit
  case keepalived

  var name: String { self == .godwit ? "godwitd" : "keepalived" }
}

/// One virtual router as both programs are told of it.
struct RouterSetup {
  var vrid: Int
  var interface = "eth0"
  /// Without a prefix length; they get the full one.
  var addresses: [String]
}

/// The same settings for both programs, without hooks or checks on either side.
struct Setup {
  var routers: [RouterSetup]
  /// 1-4095.
  var centiseconds: Int
  var priority = 100
  var preempts = false
  /// godwitd only: signs and verifies, and speaks to its peer, by the key in its directory.
  var authenticates = false
  /// keepalived only: a file whose number is added to the priority.
  var priorityFile: String?

  func text(of program: Program, node: String, directory: String) -> String {
    switch program {
    case .godwit: godwit(node, directory)
    case .keepalived: keepalived(node)
    }
  }

  private func godwit(_ node: String, _ directory: String) -> String {
    let peer = node == "a" ? ("b", "10.77.0.2") : ("a", "10.77.0.1")
    var lines = [
      "node: \(node)", "peers: { \(peer.0): { addresses: [\(peer.1)] } }",
      "control_socket: \(directory)/control.sock", "control_group: root",
      "state_directory: \(directory)/state",
    ]
    if authenticates {
      lines.append("authentication: { keys: [{ id: 1, file: \(directory)/key }] }")
    }
    lines.append("virtual_routers:")
    for router in routers {
      let addresses = router.addresses.map { "\($0)/32" }.joined(separator: ", ")
      lines += [
        "  \(router.interface)-\(router.vrid):", "    vrid: \(router.vrid)",
        "    interface: \(router.interface)", "    addresses: [\(addresses)]",
        "    priority: \(priority)", "    advertisement_interval: \(centiseconds * 10)ms",
        "    preempt: \(preempts)",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func keepalived(_ node: String) -> String {
    let interval = String(format: "%.2f", Double(centiseconds) / 100)
    var lines = ["global_defs {", "  router_id \(node)", "  vrrp_version 3", "}"]
    if let priorityFile {
      lines += ["track_file moved {", "  file \"\(priorityFile)\"", "  weight 1", "}"]
    }
    for router in routers {
      lines += [
        "vrrp_instance \(router.interface)-\(router.vrid) {", "  state BACKUP",
        "  interface \(router.interface)", "  virtual_router_id \(router.vrid)",
        "  priority \(priority)", "  advert_int \(interval)", "  version 3",
      ]
      if !preempts { lines.append("  nopreempt") }
      if priorityFile != nil { lines += ["  track_file {", "    moved", "  }"] }
      lines += ["  virtual_ipaddress {"] + router.addresses.map { "    \($0)/32" } + ["  }", "}"]
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
