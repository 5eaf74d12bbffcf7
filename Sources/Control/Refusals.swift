// Why a planned failover or maintenance is refused, each with what to do about it.

extension Refusal {
  /// No virtual router of that name is on this node.
  public static func unknownRouter(_ name: String, known: [String]) -> Refusal {
    Refusal(
      .notFound, "there is no virtual router \(name) here",
      remedy: "there is: \(list(known))")
  }

  /// `--to` names a node that is not listed under `peers`.
  public static func unknownNode(_ name: String, known: [String]) -> Refusal {
    Refusal(
      .refused, "there is no node \(name)",
      remedy: known.isEmpty
        ? "list it under peers in the configuration of every node"
        : "--to takes one of: \(list(known))")
  }

  /// `--to` names the node that has the role.
  public static func hasItAlready(_ node: String, router: String) -> Refusal {
    Refusal(
      .refused, "\(node) is Active for \(router) already",
      remedy: "name another node with --to, or leave it out")
  }

  /// Nobody could take the role; `reasons` says of each peer why not, `db-b: check disk failed`.
  public static func noFitPeer(_ router: String, reasons: [String]) -> Refusal {
    Refusal(
      .refused,
      "no other node could take \(router)"
        + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")),
      remedy: "`godwit status \(router)` on that node shows its checks and faults")
  }

  /// The nodes do not talk beside VRRP; `reason` is that of the status.
  public static func peerChannelOff(_ reason: String?) -> Refusal {
    Refusal(
      .refused,
      "the nodes cannot talk to each other: the peer channel is off"
        + (reason.map { ", \($0)" } ?? ""),
      remedy: keyRemedy)
  }

  /// Nothing is heard of a node that has to take part.
  public static func peerSilent(_ node: String, port: Int) -> Refusal {
    Refusal(
      .refused, "\(node) does not answer",
      remedy: "see that its godwitd runs, that UDP port \(port) is open both ways and that both "
        + "nodes have the same key: `godwit status` on both")
  }

  /// Nobody is known to have the role.
  public static func nobodyHolds(_ router: String) -> Refusal {
    Refusal(
      .refused, "no node is known to be Active for \(router), so there is nothing to move",
      remedy: "`godwit status \(router)` on every node shows why nobody is")
  }

  /// One operation at a time; `operation` is its identifier.
  public static func underWay(_ operation: String, router: String) -> Refusal {
    Refusal(
      .refused, "another operation on \(router) is under way: \(operation)",
      remedy: "`godwit status \(router)` shows how far it is, `godwit history \(router)` its end")
  }

  /// Maintenance is on and the node that has the role does not answer.
  public static func maintenanceIsOn(_ router: String) -> Refusal {
    Refusal(
      .refused, "maintenance is on for \(router), and the node that had it does not answer",
      remedy: "bring that node back, or `godwit maintenance off \(router)`; if its host is off for "
        + "certain, `godwit failover \(router) --force`")
  }

  /// A `precheck` hook said no; `message` is its own.
  public static func precheckFailed(on node: String, _ message: String) -> Refusal {
    Refusal(
      .refused, "the precheck on \(node) says no: \(message)",
      remedy: "repair that, or look first: `godwit failover --dry-run` runs the prechecks alone")
  }

  /// What the peer channel needs, as a remedy.
  public static let keyRemedy =
    "`godwit keygen /etc/godwit/keys/1` makes a key; copy it to every node, list it under "
    + "authentication.keys and `godwit reload`"

  private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
