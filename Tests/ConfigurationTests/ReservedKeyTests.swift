import Testing

@testable import Configuration

// What a later version takes is refused by name, never ignored.

private let reserved: [Mistake] = [
  Mistake(
    "    transport: unicast",
    "6:16: virtual_routers.orders-db.transport: `unicast` is not available yet; "
      + "leave the key out or write `multicast`"),
  Mistake(
    "    virtual_mac: true",
    "6:18: virtual_routers.orders-db.virtual_mac: `true` is not available yet; "
      + "leave the key out or write `false`"),
  Mistake(
    "    accept_mode: false",
    "6:18: virtual_routers.orders-db.accept_mode: `false` is not available yet; "
      + "leave the key out or write `true`"),
  Mistake(
    "    announcements: { confirm: [192.0.2.254] }",
    "6:22: virtual_routers.orders-db.announcements.confirm: `confirm` is not available yet; "
      + "leave the key out"),
  Mistake(
    "    track: { gateway: 192.0.2.254 }",
    "6:14: virtual_routers.orders-db.track.gateway: `gateway` is not available yet; "
      + "leave the key out"),
  Mistake(
    "    group: orders",
    "6:5: virtual_routers.orders-db.group: `group` is not available yet; leave the key out"),
]

@Test(arguments: reserved) func `What is not available yet is refused`(mistake: Mistake) {
  #expect(mistakes(router + mistake.text + "\n") == [mistake.error])
}

@Test(arguments: [
  "transport: multicast", "virtual_mac: false", "accept_mode: true", "lease: 2500ms", "lease: 2.5s",
  "conflict_detection: true", "announcements: {}", "track: {}", "connections: {}",
  "connections: { on_release: reset, on_takeover: tickle }", "checks: []", "hooks: []",
])
func `A value that changes nothing is taken`(line: String) throws {
  #expect(try read(router + "    \(line)\n") == read(router))
}
