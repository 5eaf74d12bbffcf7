import Glibc
import Testing
import VRRP

@testable import LinuxIO

/// The events until one fulfils the condition, which must come within two seconds each.
private func events(
  _ monitor: inout LinkMonitor, until isLast: (LinkMonitor.Event) -> Bool
) throws -> [LinkMonitor.Event] {
  var events: [LinkMonitor.Event] = []
  while becomesReadable(monitor.descriptor) {
    _ = try monitor.receive(limit: 1) { events.append($0) }
    if let last = events.last, isLast(last) { return events }
  }
  Issue.record("the event did not come; these did: \(events)")
  return events
}

private func isLink(
  _ event: LinkMonitor.Event, _ name: String, _ condition: (Link) -> Bool
) -> Bool {
  guard case .link(let link) = event else { return false }
  return link.name == name && condition(link)
}

@Suite(.inNamespaces) struct LinkTableTests {
  @Test("The links of a namespace are told with address, state and MTU")
  func links() throws {
    try NamespacePair.make { pair in
      try pair.left.ip("link set eth0 address 02:00:00:00:00:0a mtu 1400")
      var table = try pair.left.run { try LinkTable.open() }
      let links = try table.links()
      #expect(links.map(\.name).sorted() == ["eth0", "lo"])
      let loopback = try #require(links.first { $0.name == "lo" })
      #expect(loopback.index == 1)
      #expect(loopback.isLoopback)
      let ethernet = try #require(links.first { $0.name == "eth0" })
      #expect(ethernet.index == (try pair.left.index()))
      #expect(ethernet.hardwareAddress == HardwareAddress("02:00:00:00:00:0a"))
      #expect(ethernet.mtu == 1400)
      #expect(ethernet.isUp)
      #expect(!ethernet.isLoopback)
      #expect(try table.link(index: ethernet.index) == ethernet)
    }
  }

  @Test("A link that is not there is nil")
  func none() throws {
    try NamespacePair.make { pair in
      var table = try pair.left.run { try LinkTable.open() }
      #expect(try table.link(index: 99) == nil)
    }
  }

  @Test("A link whose other end is down is up without carrier")
  func carrier() throws {
    try NamespacePair.make { pair in
      try pair.right.ip("link set eth0 down")
      var table = try pair.left.run { try LinkTable.open() }
      let link = try #require(try table.link(index: pair.left.index()))
      #expect(link.isUp)
      #expect(!link.hasCarrier)
    }
  }
}

@Suite(.inNamespaces) struct LinkMonitorTests {
  @Test("Losing the other end, its return, going down and being removed are events")
  func link() throws {
    try NamespacePair.make { pair in
      let index = try pair.left.index()
      var monitor = try pair.left.run { try LinkMonitor.open() }
      try pair.right.ip("link set eth0 down")
      _ = try events(&monitor) { isLink($0, "eth0") { $0.isUp && !$0.hasCarrier } }
      try pair.right.ip("link set eth0 up")
      _ = try events(&monitor) { isLink($0, "eth0") { $0.isUp && $0.hasCarrier } }
      try pair.left.ip("link set eth0 down")
      _ = try events(&monitor) { isLink($0, "eth0") { !$0.isUp } }
      try pair.left.ip("link del eth0")
      _ = try events(&monitor) { $0 == .linkRemoved(index: index, name: "eth0") }
    }
  }

  @Test("A new link and its new name are events")
  func rename() throws {
    try NamespacePair.make { pair in
      var monitor = try pair.left.run { try LinkMonitor.open() }
      try pair.left.ip("link add eth1 type veth peer name eth2")
      _ = try events(&monitor) { isLink($0, "eth1") { !$0.isUp } }
      try pair.left.ip("link set eth1 name cable")
      _ = try events(&monitor) { isLink($0, "cable") { !$0.isUp } }
    }
  }

  @Test("A port that leaves a bridge is not a link that was removed")
  func bridge() throws {
    try NamespacePair.make { pair in
      try pair.left.ip("link add br0 type bridge")
      try pair.left.ip("link set eth0 master br0")
      var monitor = try pair.left.run { try LinkMonitor.open() }
      try pair.left.ip("link set eth0 nomaster")
      try pair.left.ip("link del br0")
      let seen = try events(&monitor) {
        if case .linkRemoved = $0 { true } else { false }
      }
      guard case .linkRemoved(_, "br0") = seen.last else {
        Issue.record("\(seen)")
        return
      }
    }
  }

  @Test(
    "Addresses that come and go are events with their tag",
    arguments: ["10.9.0.1/32", "fd09::1/128"])
  func addresses(_ text: String) throws {
    try NamespacePair.make { pair in
      let index = try pair.left.index()
      let address = try #require(InterfaceAddress(text))
      var monitor = try pair.left.run { try LinkMonitor.open() }
      var table = try pair.left.run { try AddressTable.open() }
      #expect(table.add([address], interfaceIndex: index) == [])
      _ = try events(&monitor) {
        guard case .addressAdded(let record) = $0 else { return false }
        return record.interfaceAddress == address && record.interfaceIndex == index
          && record.protocolTag == 0x67
      }
      try pair.left.ip("addr del \(text) dev eth0")
      _ = try events(&monitor) {
        guard case .addressRemoved(let record) = $0 else { return false }
        return record.interfaceAddress == address && record.interfaceIndex == index
      }
    }
  }

  @Test("Lost events are reported, and those after them come again")
  func overflow() throws {
    try NamespacePair.make { pair in
      let index = try pair.left.index()
      var monitor = try pair.left.run { try LinkMonitor.open(receiveBuffer: 4096) }
      var table = try pair.left.run { try AddressTable.open() }
      let addresses = try (0..<256).map { try #require(InterfaceAddress("10.1.0.\($0)/32")) }
      #expect(table.add(addresses, interfaceIndex: index) == [])
      _ = try events(&monitor) { $0 == .overflow }
      while try monitor.receive(limit: 64, { _ in }) > 0 {}
      #expect(table.remove(Array(addresses.prefix(1)), interfaceIndex: index) == [])
      _ = try events(&monitor) { if case .addressRemoved = $0 { true } else { false } }
    }
  }

  @Test("No descriptor is inherited by a program that is started")
  func closedOnExec() throws {
    try NamespacePair.make { pair in
      let index = try pair.left.index()
      try pair.left.run {
        let monitor = try LinkMonitor.open()
        let socket = try AdvertisementSocket.open(
          family: .ipv4, interfaceIndex: index, interfaceName: "eth0")
        #expect(fcntl(socket.descriptor, F_GETFD) == FD_CLOEXEC)
        #expect(fcntl(monitor.descriptor, F_GETFD) == FD_CLOEXEC)
      }
    }
  }

  @Test("Nothing to read is no event")
  func silence() throws {
    try NamespacePair.make { pair in
      var monitor = try pair.left.run { try LinkMonitor.open() }
      while try monitor.receive(limit: 64, { _ in }) > 0 {}
      #expect(try monitor.receive(limit: 64) { _ in } == 0)
    }
  }
}
