import Glibc
import Testing
import VRRP

@testable import LinuxIO

@Suite(.inNamespaces) struct NeighborTableTests {
  @Test(
    "Who does not answer is forgotten, and who has answered is not",
    arguments: [AddressFamily.ipv4, .ipv6])
  func forgets(_ family: AddressFamily) throws {
    try NamespacePair.make { pair in
      let version = family == .ipv4 ? "-4" : "-6"
      let (known, unknown) = family == .ipv4 ? ("10.0.0.2", "10.0.0.77") : ("fd00::2", "fd00::77")
      try run("ip netns exec \(pair.left.name) ping -c 1 -W 2 \(known)")
      _ = try? run("ip netns exec \(pair.left.name) timeout 0.1 ping -c 1 \(unknown)")
      func neighbors() throws -> String { try pair.left.ip("\(version) neigh show") }
      try #require(
        try neighbors().contains("\(unknown) dev eth0 INCOMPLETE")
          || neighbors().contains("\(unknown) dev eth0  INCOMPLETE"))
      var table = try pair.left.run { try NeighborTable.open() }
      let index = try pair.left.index()
      #expect(try table.forgetUnanswered(family, interfaceIndex: index + 100) == 0)
      #expect(try table.forgetUnanswered(family, interfaceIndex: index) == 1)
      #expect(!(try neighbors().contains("\(unknown) ")))
      #expect(try neighbors().contains("\(known) "))
      #expect(try table.forgetUnanswered(family, interfaceIndex: index) == 0)
    }
  }
}
