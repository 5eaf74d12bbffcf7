import Testing
import VRRP

@testable import Configuration

// `authentication` and `peer_port`: the good values and every mistake.

private let good: [(String, AuthenticationConfiguration)] = [
  (
    "authentication: { keys: [{ id: 1, file: /k/1 }] }",
    AuthenticationConfiguration(
      mode: .enforce, keys: [AuthenticationKey(identifier: 1, source: .file("/k/1"))],
      activeKey: 1, replayProtection: .time, window: nil)
  ),
  (
    "authentication: { mode: receive-only, anti_replay: time, keys: [{ id: 255, credential: k.1 }] }",
    AuthenticationConfiguration(
      mode: .receiveOnly, keys: [AuthenticationKey(identifier: 255, source: .credential("k.1"))],
      activeKey: 255, replayProtection: .time, window: nil)
  ),
  (
    "authentication: { mode: permissive, time_window: 5m, active_key: 2, "
      + "keys: [{ id: 2, file: /a }, { id: 1, file: /a }] }",
    AuthenticationConfiguration(
      mode: .permissive,
      keys: [
        AuthenticationKey(identifier: 2, source: .file("/a")),
        AuthenticationKey(identifier: 1, source: .file("/a")),
      ], activeKey: 2, replayProtection: .time, window: 300)
  ),
  (
    "authentication: { time_window: 1s, keys: [{ id: 1, file: /k }] }",
    AuthenticationConfiguration(
      mode: .enforce, keys: [AuthenticationKey(identifier: 1, source: .file("/k"))],
      activeKey: 1, replayProtection: .time, window: 1)
  ),
]

@Test(arguments: good) func `Authentication is read, and what is left out has its default`(
  text: String, expected: AuthenticationConfiguration
) throws {
  let node = try read(router + text + "\n")
  #expect(node.authentication == expected)
  #expect(node.peerPort == 9112)
}

@Test func `The window is the one of the file, or of each virtual router's interval`() throws {
  var authentication = try #require(try read(router + good[0].0).authentication)
  let second = AdvertisementInterval.standard
  let slow = try #require(AdvertisementInterval(centiseconds: 250))
  #expect(authentication.policy(interval: second).window == 5)
  #expect(authentication.policy(interval: slow).window == 6)
  authentication.window = 30
  #expect(authentication.policy(interval: slow).window == 30)
  #expect(authentication.policy(interval: slow).mode == .enforce)
  #expect(authentication.policy(interval: slow).replayProtection == .time)
}

/// One mistake in `authentication: { ... }`, its column counted from there.
private func wrong(_ text: String, _ error: String) -> Mistake {
  Mistake("authentication: { \(text) }", error)
}

private let keys = "keys: [{ id: 1, file: /k }]"

private let mistaken: [Mistake] = [
  Mistake("peer_port: 0", "6:12: peer_port: 0 is out of range; use 1-65535"),
  Mistake("peer_port: 65536", "6:12: peer_port: 65536 is out of range; use 1-65535"),
  Mistake(
    "authentication: on",
    "6:17: authentication: expected a mapping with `keys`, found the text `on`; "
      + "write `key: value`, indented, one per line"),
  wrong(
    "mode: enforce",
    "6:1: authentication.keys: required key is missing; "
      + "add it, like `keys: [{ id: 1, file: /etc/godwit/keys/1 }]`"),
  wrong("keys: []", "6:25: authentication.keys: the list is empty; list 1-255 keys"),
  wrong(
    "mode: strict, \(keys)",
    "6:25: authentication.mode: unknown word `strict`; "
      + "use one of `receive-only`, `permissive`, `enforce`"),
  wrong(
    "mode: enforced, \(keys)",
    "6:25: authentication.mode: unknown word `enforced`; did you mean `enforce`?"),
  wrong(
    "anti_replay: none, \(keys)",
    "6:32: authentication.anti_replay: unknown word `none`; use one of `time`, `monotonic`"),
  wrong(
    "time_window: 500ms, \(keys)",
    "6:32: authentication.time_window: 500ms is out of range; use 1s-5m"),
  wrong(
    "time_window: 301s, \(keys)",
    "6:32: authentication.time_window: 301s is out of range; use 1s-5m"),
  wrong(
    "time_window: 1.5s, \(keys)",
    "6:32: authentication.time_window: 1.5s is not in whole seconds; use steps of 1s"),
  wrong(
    "time_window: 5, \(keys)",
    "6:32: authentication.time_window: `5` has no unit; write `5s` or `5ms`"),
  wrong(
    "key: 1, \(keys)",
    "6:19: authentication.key: unknown key `key`; did you mean `keys`?"),
  wrong(
    "keys: [{ id: 0, file: /k }]",
    "6:32: authentication.keys[0].id: 0 is out of range; use 1-255"),
  wrong(
    "keys: [{ id: 256, file: /k }]",
    "6:32: authentication.keys[0].id: 256 is out of range; use 1-255"),
  wrong(
    "keys: [{ file: /k }]",
    "6:26: authentication.keys[0].id: required key is missing; add `id`, 1-255"),
  wrong(
    "active_key: 1, keys: [{ id: 1, file: /k }, { id: 1, file: /l }]",
    "6:68: authentication.keys[1].id: another key has the id 1 already; "
      + "give each key its own id"),
  wrong(
    "keys: [{ id: 1 }]",
    "6:26: authentication.keys[0]: the key is nowhere; write `file: PATH`, or `credential: NAME` "
      + "for one of the service"),
  wrong(
    "keys: [{ id: 1, file: /k, credential: k }]",
    "6:45: authentication.keys[0].credential: `file` and `credential` contradict each other; "
      + "keep one of them"),
  wrong(
    "keys: [{ id: 1, file: keys/1 }]",
    "6:41: authentication.keys[0].file: `keys/1` is not an absolute path; begin it with `/`"),
  wrong(
    "keys: [{ id: 1, credential: ../k }]",
    "6:47: authentication.keys[0].credential: `../k` is not the name of a credential; use 1-255 "
      + "letters, digits, `-`, `_` and `.`, as in `LoadCredential=`"),
  wrong(
    "keys: [{ id: 1, file: /k }, { id: 2, file: /l }]",
    "6:1: authentication.active_key: of 2 keys none is named to sign; "
      + "add `active_key` with the id of one of them"),
  wrong(
    "active_key: 3, keys: [{ id: 1, file: /k }, { id: 2, file: /l }]",
    "6:31: authentication.active_key: no key has the id 3; name one of 1, 2"),
  wrong(
    "active_key: 0, \(keys)", "6:31: authentication.active_key: 0 is out of range; use 1-255"),
]

@Test(arguments: mistaken) func `A mistake about authentication is named`(mistake: Mistake) {
  #expect(mistakes(router + mistake.text + "\n") == [mistake.error])
}

@Test func `An authenticated IPv6 virtual router has 89 addresses at most`() throws {
  func file(_ count: Int, _ more: String) -> String {
    let listed = (1...count).map { "\"2001:db8::\(String($0, radix: 16))/64\"" }
    return """
      virtual_routers:
        orders-db:
          vrid: 51
          interface: eth0
          addresses: [\(listed.joined(separator: ", "))]
      \(more)
      """
  }
  // The link-local one is the 90th.
  #expect(mistakes(file(89, "")) == [])
  #expect(mistakes(file(88, good[0].0)) == [])
  let errors = mistakes(file(89, good[0].0))
  #expect(errors.count == 1)
  #expect(
    errors.first?.hasSuffix(
      "virtual_routers.orders-db.addresses[88]: an authenticated IPv6 advertisement has no room "
        + "for it; list 88 addresses at most, or use several virtual routers") == true)
}
