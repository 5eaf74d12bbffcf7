import Testing
import VRRP

@testable import Failover

@Suite struct PeerBeliefTests {
  static let report = PeerReport(
    state: .active, effectivePriority: Priority(200), isFit: true, term: 7, isHolding: true,
    source: otherNode, maintenance: MaintenanceMark(version: 3, isOn: true))

  @Test("where nothing that matters differs, a report is what it says")
  func agrees() {
    #expect(Self.report.believed(despite: []) == Self.report)
    #expect(Self.report.believed(despite: [.connectionPorts, .onRelease]) == Self.report)
  }

  @Test(
    "another VRID under the same name is another virtual router",
    arguments: [
      SharedKey.vrid, .version, .family,
    ])
  func another(key: SharedKey) {
    let believed = Self.report.believed(despite: [.addresses, key])
    #expect(!believed.isActive && !believed.isFit && !believed.isHolding)
    #expect(believed.term == 0 && believed.source == nil)
  }

  @Test("a node with other addresses is no successor, and is Active all the same")
  func addresses() {
    let believed = Self.report.believed(despite: [.addresses])
    #expect(!believed.isFit && believed.isActive)
  }

  @Test(
    "who waits for another end of a long lease does not count as told",
    arguments: [
      SharedKey.maintenanceLease, .lease, .advertisementInterval,
    ])
  func longLease(key: SharedKey) {
    #expect(Self.report.believed(despite: [key]).maintenance == MaintenanceMark())
  }
}
