/// Ways between the nodes that do not work as they should, as sentences of `broken_paths`.
public enum BrokenPath {
  /// Advertisements of `peer` are due and do not arrive, its reports do.
  public static func noAdvertisements(
    from peer: String, interface: String, family: AddressFamily
  ) -> String {
    let group: String =
      switch family {
      case .ipv4: "224.0.0.18"
      case .ipv6: "ff02::12"
      }
    return "reports of \(peer) arrive but its advertisements do not: check that \(interface), the "
      + "switch and the firewall pass IP protocol 112 to \(group)"
  }

  /// `source` sends the other form of the checksum, the one over a pseudo-header or the one without.
  public static func checksum(from source: String, hasPseudoHeader: Bool) -> String {
    hasPseudoHeader
      ? "\(source) sends the checksum over a pseudo-header and may discard ours, as keepalived "
        + "does; then both become Active: set `checksum: pseudo-header`"
      : "\(source) sends the checksum without a pseudo-header and may discard ours; then both "
        + "become Active: set `checksum: rfc9568`, or the other form there"
  }

  /// Advertisements of `peer` arrive and its reports do not.
  public static func noReports(from peer: String, port: Int) -> String {
    "advertisements of \(peer) arrive but its reports do not: check that UDP port \(port) is open "
      + "both ways and that both nodes have the same key (keepalived sends none)"
  }

  /// `peer` is heard and not understood.
  public static func tooNew(_ peer: String) -> String {
    "\(peer) speaks a newer version of the peer channel: upgrade godwitd on this node; until then "
      + "there is VRRP alone between the two"
  }

  /// `peer` is heard, on its `address` it is not.
  public static func silent(_ peer: String, address: String, port: Int) -> String {
    "\(peer) is not heard on \(address): check the cable, the switch and the firewall (UDP port "
      + "\(port)) of that path, and this node's addresses under peers of \(peer)"
  }

  /// `peer` is heard and says that it does not hear this node.
  public static func oneWay(_ peer: String, port: Int) -> String {
    "\(peer) is heard but does not hear this node: check the firewall of both (UDP port \(port)) "
      + "and this node's addresses under peers of \(peer)"
  }
}
