import Failover
import Testing

@testable import Configuration

private func settings(_ line: String) throws -> ConnectionSettings? {
  try read(router + "    connections: \(line)\n").virtualRouters.first?.connections
}

@Test func `Connections are reset and clients told, on all ports, unless the file says otherwise`()
  throws
{
  let standard = ConnectionSettings(onRelease: .reset, onTakeover: .tickle, ports: [])
  #expect(try read(router).virtualRouters.first?.connections == standard)
  #expect(try settings("{}") == standard)
  #expect(
    try settings("{ on_release: leave, on_takeover: leave, ports: [5432, 1, 65535] }")
      == ConnectionSettings(onRelease: .leave, onTakeover: .leave, ports: [1, 5432, 65_535]))
  #expect(
    try settings("{ ports: [\((1...64).map(String.init).joined(separator: ", "))] }")?.ports.count
      == 64)
}

private let place = "virtual_routers.orders-db.connections"

private let wrong: [Mistake] = [
  Mistake(
    "reset",
    "6:18: \(place): expected a mapping with `on_release`, `on_takeover` and `ports`, found the text "
      + "`reset`; write `key: value`, indented, one per line"),
  Mistake(
    "{ on_relase: reset }",
    "6:20: \(place).on_relase: unknown key `on_relase`; did you mean `on_release`?"),
  Mistake(
    "{ on_release: tickle }",
    "6:32: \(place).on_release: unknown word `tickle`; use one of `reset`, `leave`"),
  Mistake(
    "{ on_takeover: tickel }",
    "6:33: \(place).on_takeover: unknown word `tickel`; did you mean `tickle`?"),
  Mistake(
    "{ on_takeover: true }",
    "6:33: \(place).on_takeover: expected a word, found `true`; use one of `tickle`, `leave`"),
  Mistake(
    "{ ports: 5432 }",
    "6:27: \(place).ports: expected a list of ports, found the number `5432`; "
      + "write `[...]`, or one `- ...` per line"),
  Mistake(
    "{ ports: [] }",
    "6:27: \(place).ports: there is no port; "
      + "list one at least, or leave the key out for all ports"),
  Mistake("{ ports: [0] }", "6:28: \(place).ports[0]: 0 is out of range; use 1-65535"),
  Mistake("{ ports: [65536] }", "6:28: \(place).ports[0]: 65536 is out of range; use 1-65535"),
  Mistake(
    "{ ports: [80, 443, 80] }", "6:37: \(place).ports[2]: 80 is listed twice; remove one"),
  Mistake(
    "{ ports: [\((1...65).map(String.init).joined(separator: ", "))] }",
    "6:27: \(place).ports: there are 65 ports; list at most 64, or leave the key out for all"),
]

@Test(arguments: wrong) func `A mistake in connections has its place`(mistake: Mistake) {
  #expect(mistakes(router + "    connections: \(mistake.text)\n") == [mistake.error])
}
