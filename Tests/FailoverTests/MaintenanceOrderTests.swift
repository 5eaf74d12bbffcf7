import Testing
import VRRP

@testable import Failover

/// Three nodes that order maintenance, apart and together.
struct MaintenanceOrderTests {
  private struct Trio {
    static let names = ["a", "b", "c"]
    var nodes: [Participant]
    /// Pairs that do not hear each other.
    var cut: Set<Set<Int>> = []

    init() {
      nodes = Self.names.map { name in
        Participant(
          ParticipantSettings(
            router: routerSettings(), node: name, isPair: false,
            peers: Self.names.filter { $0 != name }),
          term: 0, at: at(0))
      }
    }

    mutating func order(_ node: Int, _ isOn: Bool) {
      _ = nodes[node].handle(.maintenance(isOn: isOn), at: at(1))
    }

    /// The sender's report arrives at the receiver, if they hear each other.
    mutating func tell(_ sender: Int, _ receiver: Int) {
      guard sender != receiver, !cut.contains([sender, receiver]) else { return }
      _ = nodes[receiver].handle(
        .peerReport(nodes[sender].report, from: Self.names[sender], notBefore: at(1)), at: at(1))
    }

    /// Every node tells every other one, three times over, in this order of senders.
    mutating func talk(_ order: [Int] = [0, 1, 2]) {
      for _ in 0..<3 {
        for sender in order { for receiver in order { tell(sender, receiver) } }
      }
    }

    var marks: [MaintenanceMark] { nodes.map(\.maintenance) }
  }

  static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

  private func on(_ version: UInt64) -> MaintenanceMark { .init(version: version, isOn: true) }
  private func off(_ version: UInt64) -> MaintenanceMark { .init(version: version, isOn: false) }

  @Test("three nodes agree after orders given apart, whoever speaks first", arguments: orders)
  func agree(order: [Int]) {
    var trio = Trio()
    trio.cut = [[0, 1], [0, 2], [1, 2]]
    trio.order(0, true)
    for isOn in [true, false] { trio.order(1, isOn) }
    for isOn in [true, false, true, false] { trio.order(2, isOn) }
    #expect(trio.marks == [on(1), off(2), off(4)])
    trio.cut = []
    trio.talk(order)
    #expect(Set(trio.marks).count == 1)
    #expect(trio.marks[0].isOn)
    let before = trio.marks
    trio.talk(order)
    #expect(trio.marks == before)
  }

  @Test("two orders for maintenance given apart make one", arguments: orders)
  func twoOrders(order: [Int]) {
    var trio = Trio()
    trio.cut = [[0, 1], [0, 2], [1, 2]]
    trio.order(0, true)
    trio.order(1, true)
    for isOn in [true, false] { trio.order(2, isOn) }
    trio.cut = []
    trio.talk(order)
    #expect(trio.marks == [on(3), on(3), on(3)])
    trio.order(2, false)
    trio.talk(order)
    #expect(trio.marks == [off(4), off(4), off(4)])
  }

  @Test("who was away follows an end that those who knew of the maintenance ordered")
  func away() {
    var trio = Trio()
    trio.cut = [[0, 2], [1, 2]]
    trio.order(0, true)
    trio.talk()
    trio.order(1, false)
    trio.talk()
    #expect(trio.marks == [off(2), off(2), off(0)])
    trio.cut = []
    trio.talk()
    #expect(trio.marks == [off(2), off(2), off(2)])
  }

  @Test("after a restart an order is no longer its own, and the newest mark counts")
  func restarted() {
    var trio = Trio()
    trio.cut = [[0, 1], [0, 2], [1, 2]]
    trio.order(0, true)
    for isOn in [true, false] { trio.order(1, isOn) }
    trio.nodes[0] = Participant(
      trio.nodes[0].settings, term: 0, maintenance: trio.marks[0], at: at(1))
    trio.cut = []
    trio.talk()
    #expect(trio.marks == [off(2), off(2), off(2)])
  }
}
