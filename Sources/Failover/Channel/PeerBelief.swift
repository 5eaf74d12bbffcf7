import VRRP

extension PeerReport {
  /// What a report may be taken for when the configurations of the two nodes differ in these keys.
  ///
  /// Another VRID, version or family under the same name is another virtual router, which says nothing
  /// about this one. A node with other addresses is no successor. One that counts another long lease
  /// waits for another end of it, so it does not count as one that knows of the maintenance.
  public func believed(despite disagreements: [SharedKey]) -> PeerReport {
    var believed = self
    for key in disagreements {
      switch key {
      case .vrid, .version, .family:
        return PeerReport(
          state: .initialize, effectivePriority: .release, isFit: false, term: 0, isHolding: false,
          source: nil)
      case .addresses: believed.isFit = false
      case .maintenanceLease, .lease, .advertisementInterval:
        believed.maintenance = MaintenanceMark()
      case .checksum, .acceptMode, .conflictDetection, .onRelease, .onTakeover, .connectionPorts:
        break
      }
    }
    return believed
  }
}
