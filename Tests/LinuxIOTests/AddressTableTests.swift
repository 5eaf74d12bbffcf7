import Glibc
import Testing
import VRRP

@testable import LinuxIO

private func open(in namespace: Namespace) throws -> AddressTable {
  try namespace.run { try AddressTable.open() }
}

private func interfaceAddress(_ text: String) throws -> InterfaceAddress {
  try #require(InterfaceAddress(text))
}

/// 10.1.0.0/32, 10.1.0.1/32 and so on.
private func thousand() throws -> [InterfaceAddress] {
  try (0..<1000).map { try interfaceAddress("10.1.\($0 / 256).\($0 % 256)/32") }
}

@Suite(.inNamespaces) struct AddressTableTests {
  @Test("Added addresses have the prefix given, our tag and no end")
  func add() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      #expect(
        try table.add(
          [interfaceAddress("10.9.0.1/32"), interfaceAddress("fd09::1/128")],
          interfaceIndex: index) == [])
      let shown = try pair.left.ip("-o addr show dev eth0")
      let ipv4 = try #require(shown.split(separator: "\n").first { $0.contains("10.9.0.1") })
      #expect(ipv4.contains("inet 10.9.0.1/32 scope global eth0"))
      #expect(ipv4.contains("valid_lft forever preferred_lft forever"))
      #expect(!ipv4.contains("brd"))
      let ipv6 = try #require(shown.split(separator: "\n").first { $0.contains("fd09::1") })
      #expect(ipv6.contains("inet6 fd09::1/128 scope global nodad deprecated"))
      #expect(ipv6.contains("valid_lft forever preferred_lft 0sec"))
      #expect(!ipv6.contains("tentative"))
      let ours = try table.list().filter { $0.protocolTag == 0x67 }
      #expect(ours.map { "\($0.interfaceAddress)" }.sorted() == ["10.9.0.1/32", "fd09::1/128"])
    }
  }

  @Test("The list tells the interface, the prefix, the tag and the flags of every address")
  func list() throws {
    try NamespacePair.make { pair in
      try pair.left.ip("addr add 10.0.0.77/24 dev eth0")
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      let records = try table.list()
      #expect(records.count == 6)
      let secondary = try #require(
        try records.first { try $0.interfaceAddress == interfaceAddress("10.0.0.77/24") })
      #expect(secondary.interfaceIndex == index)
      #expect(secondary.protocolTag == 0)
      #expect(secondary.isSecondary)
      #expect(secondary.isPermanent)
      let local = try #require(
        try records.first { try $0.interfaceAddress == interfaceAddress("fe80::1/64") })
      #expect(!local.isTentative)
      #expect(!local.isDuplicate)
      #expect(!local.isSecondary)
      #expect(
        try records.filter { $0.interfaceIndex == 1 }.map(\.interfaceAddress).sorted {
          "\($0)" < "\($1)"
        } == [interfaceAddress("127.0.0.1/8"), interfaceAddress("::1/128")])
    }
  }

  @Test("A thousand addresses are added, held, and removed without touching any other")
  func many() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      let before = try Set(table.list())
      let addresses = try thousand()
      #expect(table.add(addresses, interfaceIndex: index) == [])
      #expect(
        try table.held(addresses.map(\.address), interfaceIndex: index)
          == Set(addresses.map(\.address)))
      #expect(try table.list().count { $0.protocolTag == 0x67 } == 1000)
      #expect(table.remove(addresses, interfaceIndex: index) == [])
      #expect(try Set(table.list()) == before)
    }
  }

  @Test("What is held is what is on the given interface")
  func held() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      let asked = try ["10.0.0.1", "10.0.0.9", "127.0.0.1", "fd00::1", "::1"].map(address)
      #expect(
        try table.held(asked, interfaceIndex: index) == [address("10.0.0.1"), address("fd00::1")])
      #expect(
        try table.held(asked, interfaceIndex: 1) == [address("127.0.0.1"), address("::1")])
      #expect(try table.held(asked, interfaceIndex: 99) == [])
      #expect(try table.held([], interfaceIndex: index) == [])
    }
  }

  @Test("A bad address in the middle of a batch is named and the others are added")
  func badOne() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      // fd00::1 is there with 64 bits.
      let addresses = try ["10.9.0.1/32", "fd00::1/128", "10.9.0.2/32"].map(interfaceAddress)
      #expect(
        table.add(addresses, interfaceIndex: index) == [
          AddressFailure(address: addresses[1], error: SystemError("RTM_NEWADDR", EEXIST))
        ])
      #expect(
        try table.held(addresses.map(\.address), interfaceIndex: index)
          == Set(addresses.map(\.address)))
      let record = try table.list().first { $0.interfaceAddress.address == addresses[1].address }
      #expect(try record?.interfaceAddress == interfaceAddress("fd00::1/64"))
      #expect(record?.protocolTag == 0)
    }
  }

  @Test("Every address that cannot be added is named, whichever batch it is in")
  func allBad() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let addresses = try thousand()
      let failures = table.add(addresses, interfaceIndex: 99)
      #expect(failures.map(\.address) == addresses)
      #expect(failures.allSatisfy { $0.error == SystemError("RTM_NEWADDR", ENODEV) })
    }
  }

  @Test("An address that is there already becomes ours")
  func adopt() throws {
    try NamespacePair.make { pair in
      try pair.left.ip("addr add 10.9.0.1/32 dev eth0")
      try pair.left.ip("addr add fd09::1/128 dev eth0 nodad")
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      let addresses = try ["10.9.0.1/32", "fd09::1/128"].map(interfaceAddress)
      for _ in 1...2 {
        #expect(table.add(addresses, interfaceIndex: index) == [])
        #expect(
          try table.list().filter { addresses.contains($0.interfaceAddress) }
            .map(\.protocolTag) == [0x67, 0x67])
      }
    }
  }

  @Test("When the answers do not fit the buffer, the table itself tells what became of a batch")
  func lostAnswers() throws {
    try NamespacePair.make { pair in
      var table = try pair.left.run { try AddressTable.open(receiveBuffer: 4096) }
      let index = try pair.left.index()
      let addresses = try thousand()
      #expect(table.add(addresses, interfaceIndex: index) == [])
      // Now all of them fail with EEXIST first.
      #expect(table.add(addresses, interfaceIndex: index) == [])
      #expect(
        try table.held(addresses.map(\.address), interfaceIndex: index)
          == Set(addresses.map(\.address)))
      #expect(table.remove(addresses, interfaceIndex: index) == [])
      #expect(table.remove(addresses, interfaceIndex: index) == [])
      let failures = table.add(addresses, interfaceIndex: 99)
      #expect(failures.map(\.address) == addresses)
      #expect(failures.allSatisfy { $0.error == SystemError("recvmsg", ENOBUFS) })
    }
  }

  @Test("An address that is still tentative is in use at once after it is added")
  func tentative() throws {
    try NamespacePair.make { pair in
      try pair.left.ip("addr add fd09::1/128 dev eth0")
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      let address = try interfaceAddress("fd09::1/128")
      #expect(try table.held([address.address], interfaceIndex: index) == [])
      #expect(table.add([address], interfaceIndex: index) == [])
      #expect(try table.held([address.address], interfaceIndex: index) == [address.address])
    }
  }

  @Test("Removing what is not there, or from an interface that is gone, succeeds")
  func removeNothing() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let addresses = try ["10.9.0.1/32", "fd09::1/128"].map(interfaceAddress)
      #expect(table.remove(addresses, interfaceIndex: try pair.left.index()) == [])
      #expect(table.remove(addresses, interfaceIndex: 99) == [])
    }
  }

  @Test("An address with another prefix than the one to remove stays")
  func otherPrefix() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      #expect(
        try table.remove(
          [interfaceAddress("10.0.0.1/32"), interfaceAddress("fd00::1/128")],
          interfaceIndex: index) == [])
      #expect(
        try table.held([address("10.0.0.1"), address("fd00::1")], interfaceIndex: index).count
          == 2)
    }
  }

  @Test("An address with a lifetime is removed by the kernel when it has passed")
  func lifetime() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      let addresses = try ["10.9.0.1/32", "fd09::1/128"].map(interfaceAddress)
      let own = try Set(table.list())
      #expect(table.add(addresses, lifetime: .seconds(1), interfaceIndex: index) == [])
      let records = try table.list().filter { addresses.contains($0.interfaceAddress) }
      #expect(records.count == 2)
      for record in records {
        #expect(record.protocolTag == 0x67)
        #expect(!record.isPermanent)
        #expect(record.isDeprecated == (record.interfaceAddress.address.family == .ipv6))
      }
      #expect(becomesTrue { (try? Set(table.list())) == own })
    }
  }

  @Test("A lifetime begins again when it is refreshed, as often as it is")
  func refresh() throws {
    try NamespacePair.make { pair in
      var table = try open(in: pair.left)
      let index = try pair.left.index()
      let addresses = try ["10.9.0.1/32", "fd09::1/128"].map(interfaceAddress)
      func lifetimes() throws -> [UInt32?] {
        try table.list().filter { addresses.contains($0.interfaceAddress) }.map(\.validLifetime)
      }
      #expect(table.add(addresses, lifetime: .seconds(100), interfaceIndex: index) == [])
      #expect(try lifetimes().allSatisfy { $0.map { (98...100).contains($0) } ?? false })
      #expect(table.refresh(addresses, lifetime: .seconds(1000), interfaceIndex: index) == [])
      let longer = try lifetimes()
      #expect(longer.count == 2)
      #expect(longer.allSatisfy { $0.map { (998...1000).contains($0) } ?? false })
      let records = try table.list().filter { addresses.contains($0.interfaceAddress) }
      #expect(records.map(\.protocolTag) == [0x67, 0x67])
      #expect(records.allSatisfy { !$0.isTentative })
      // Added again without a lifetime it has none, whatever it had.
      #expect(table.add(addresses, interfaceIndex: index) == [])
      #expect(try lifetimes() == [nil, nil])
      #expect(
        table.refresh(addresses, lifetime: .seconds(5), interfaceIndex: 99)
          == addresses.map {
            AddressFailure(address: $0, error: SystemError("RTM_NEWADDR", ENODEV))
          })
    }
  }
}
