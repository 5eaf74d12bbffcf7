import Testing

@testable import Configuration

// One mistake of each kind in a virtual router. `router` has five lines, what is added begins at 6:5.

private let wrongKeys: [Mistake] = [
  Mistake(
    "    prioritty: 150",
    "6:5: virtual_routers.orders-db.prioritty: unknown key `prioritty`; did you mean `priority`?"),
  Mistake(
    "    advertisement-interval: 1s",
    "6:5: virtual_routers.orders-db.advertisement-interval: unknown key `advertisement-interval`; "
      + "did you mean `advertisement_interval`?"),
  Mistake(
    "    priority: 0", "6:15: virtual_routers.orders-db.priority: 0 is out of range; use 1-255"),
  Mistake(
    "    priority: 256",
    "6:15: virtual_routers.orders-db.priority: 256 is out of range; use 1-255"),
  Mistake(
    "    priority: 99999999999999999999",
    "6:15: virtual_routers.orders-db.priority: 99999999999999999999 is out of range; use 1-255"),
  Mistake(
    "    priority: high",
    "6:15: virtual_routers.orders-db.priority: expected a number, found the text `high`; use 1-255"
  ),
  Mistake(
    "    priority: \"150\"",
    "6:15: virtual_routers.orders-db.priority: expected a number, found the quoted text `150`; use 1-255"
  ),
  Mistake(
    "    priority: 1.5",
    "6:15: virtual_routers.orders-db.priority: expected a whole decimal number without leading "
      + "zeros, found the number `1.5`; use 1-255"),
  Mistake(
    "    priority: 0x96",
    "6:15: virtual_routers.orders-db.priority: expected a whole decimal number without leading "
      + "zeros, found the number `0x96`; use 1-255"),
  Mistake(
    "    priority: 0150",
    "6:15: virtual_routers.orders-db.priority: expected a whole decimal number without leading "
      + "zeros, found the number `0150`; use 1-255"),
  Mistake(
    "    version: 1", "6:14: virtual_routers.orders-db.version: 1 is out of range; use 2-3"),
  Mistake(
    "    version: 4", "6:14: virtual_routers.orders-db.version: 4 is out of range; use 2-3"),
  Mistake(
    "    advertisement_interval: 1",
    "6:29: virtual_routers.orders-db.advertisement_interval: `1` has no unit; write `1s` or `1ms`"),
  Mistake(
    "    advertisement_interval: [1s]",
    "6:29: virtual_routers.orders-db.advertisement_interval: expected a duration, found a list; "
      + "write it like `100ms`, `1s` or `1m30s`, 10ms-40.95s"),
  Mistake(
    "    advertisement_interval: fast",
    "6:29: virtual_routers.orders-db.advertisement_interval: expected a duration, found the text "
      + "`fast`; write it like `100ms`, `1s` or `1m30s`, 10ms-40.95s"),
  Mistake(
    "    advertisement_interval: 9ms",
    "6:29: virtual_routers.orders-db.advertisement_interval: 9ms is out of range; use 10ms-40.95s"),
  Mistake(
    "    advertisement_interval: 40.96s",
    "6:29: virtual_routers.orders-db.advertisement_interval: 40.96s is out of range; "
      + "use 10ms-40.95s"),
  Mistake(
    "    advertisement_interval: 15ms",
    "6:29: virtual_routers.orders-db.advertisement_interval: 15ms is not a multiple of 10ms; "
      + "use steps of 10ms"),
  Mistake(
    "    advertisement_interval: 0.0105s",
    "6:29: virtual_routers.orders-db.advertisement_interval: `0.0105s` is finer than a "
      + "millisecond; use whole milliseconds"),
  Mistake(
    "    version: 2\n    advertisement_interval: 1.5s",
    "7:29: virtual_routers.orders-db.advertisement_interval: version 2 carries whole seconds only; "
      + "use 1s-40s without a fraction, or version 3"),
  Mistake(
    "    version: 2\n    advertisement_interval: 500ms",
    "7:29: virtual_routers.orders-db.advertisement_interval: 500ms is out of range; use 1s-40s"),
  Mistake(
    "    version: 2\n    advertisement_interval: 41s",
    "7:29: virtual_routers.orders-db.advertisement_interval: 41s is out of range; use 1s-40s"),
  Mistake(
    "    version: 2\n    checksum: rfc9568",
    "7:5: virtual_routers.orders-db.checksum: version 2 has only one form of checksum; "
      + "leave the key out"),
  Mistake(
    "    checksum: rfc5798",
    "6:15: virtual_routers.orders-db.checksum: unknown word `rfc5798`; "
      + "use one of `rfc9568`, `pseudo-header`"),
  Mistake(
    "    preempt: yes",
    "6:14: virtual_routers.orders-db.preempt: expected true, false or a delay, found the text "
      + "`yes`; write `true`, `false` or `{delay: 30s}`"),
  Mistake(
    "    preempt: {}",
    "6:5: virtual_routers.orders-db.preempt.delay: required key is missing; "
      + "add it, like `delay: 30s`"),
  Mistake(
    "    preempt: { delay: 30 }",
    "6:23: virtual_routers.orders-db.preempt.delay: `30` has no unit; write `30s` or `30ms`"),
  Mistake(
    "    preempt: { delay: 25h }",
    "6:23: virtual_routers.orders-db.preempt.delay: 25h is out of range; use 10ms-24h"),
  Mistake(
    "    transport: broadcast",
    "6:16: virtual_routers.orders-db.transport: unknown word `broadcast`; "
      + "use one of `multicast`, `unicast`"),
  Mistake(
    "    source_address: 192.0.2.100",
    "6:21: virtual_routers.orders-db.source_address: 192.0.2.100 is one of the virtual router's "
      + "own addresses; use an address that only this node has"),
  Mistake(
    "    source_address: fe80::1",
    "6:21: virtual_routers.orders-db.source_address: fe80::1 is IPv6, the addresses are not; "
      + "use an address of the same family"),
  Mistake(
    "    source_address: 127.0.0.1",
    "6:21: virtual_routers.orders-db.source_address: 127.0.0.1 is a loopback address; "
      + "use a unicast address of a host"),
  Mistake(
    "    announcements: { refresh: 999ms }",
    "6:31: virtual_routers.orders-db.announcements.refresh: 999ms is out of range; use 1s-1h"),
  Mistake(
    "    announcements: { refresh: 61m }",
    "6:31: virtual_routers.orders-db.announcements.refresh: 61m is out of range; use 1s-1h"),
  Mistake(
    "    announcements: 60s",
    "6:20: virtual_routers.orders-db.announcements: expected a mapping with `refresh`, found the "
      + "text `60s`; write `key: value`, indented, one per line"),
  Mistake(
    "    track: { interfaces: [eth1, eth1] }",
    "6:33: virtual_routers.orders-db.track.interfaces[1]: `eth1` is listed twice; remove one"),
  Mistake(
    "    lease: 5",
    "6:12: virtual_routers.orders-db.lease: `5` has no unit; write `5s` or `5ms`"),
  Mistake(
    "    lease: false",
    "6:12: virtual_routers.orders-db.lease: expected a duration, found `false`; "
      + "write it like `100ms`, `1s` or `1m30s`, 11ms-122.849s"),
  Mistake(
    "    lease: 3s",
    "6:12: virtual_routers.orders-db.lease: a Backup may claim the addresses 3s after the last "
      + "advertisement, while 3s would still answer for them; use less than three times "
      + "advertisement_interval; the standard is 2.5s"),
  Mistake(
    "    lease: 1s",
    "6:12: virtual_routers.orders-db.lease: it would end before the next advertisement, which "
      + "leaves every 1s; use more than advertisement_interval; the standard is 2.5s"),
  Mistake(
    "  billing: { vrid: 51, interface: eth0, addresses: [192.0.2.101/24] }",
    "6:20: virtual_routers.billing.vrid: `orders-db` has the VRID 51 on the same interface over "
      + "IPv4 already; use another VRID"),
  Mistake(
    "  billing: { vrid: 52, interface: eth1, addresses: [192.0.2.100] }",
    "6:53: virtual_routers.billing.addresses[0]: 192.0.2.100 is already an address of `orders-db`; "
      + "keep it in one of them"),
  Mistake(
    "  billing 2: { vrid: 52, interface: eth1, addresses: [192.0.2.101] }",
    "6:3: virtual_routers.billing 2: `billing 2` is not a name; "
      + "use 1-64 letters, digits, `-`, `_` and `.`"),
  Mistake(
    "  billing: { vrid: 52, interface: eth1 }",
    "6:3: virtual_routers.billing.addresses: required key is missing; "
      + "add it, like `addresses: [192.0.2.100/24]`"),
  Mistake(
    "  billing: { vrid: 52, addresses: [192.0.2.101] }",
    "6:3: virtual_routers.billing.interface: required key is missing; "
      + "add it, like `interface: eth0`"),
  Mistake(
    "  billing: { interface: eth0, addresses: [192.0.2.101] }",
    "6:3: virtual_routers.billing.vrid: required key is missing; add `vrid`, 1-255"),
]

@Test(arguments: wrongKeys) func `A wrong key of a virtual router is refused`(mistake: Mistake) {
  #expect(mistakes(router + mistake.text + "\n") == [mistake.error])
}

private let wrongAddresses: [Mistake] = [
  Mistake(
    "[]", "5:16: virtual_routers.orders-db.addresses: the list is empty; add at least one address"),
  Mistake(
    "192.0.2.100/24",
    "5:16: virtual_routers.orders-db.addresses: expected a list of addresses, found the text "
      + "`192.0.2.100/24`; write `[...]`, or one `- ...` per line"),
  Mistake(
    "[192.0.2.256/24]",
    "5:17: virtual_routers.orders-db.addresses[0]: `192.0.2.256/24` is not an address with a "
      + "prefix length; write it like `192.0.2.100/24` or `2001:db8::100/64`"),
  Mistake(
    "[192.0.2.100/33]",
    "5:17: virtual_routers.orders-db.addresses[0]: `192.0.2.100/33` is not an address with a "
      + "prefix length; write it like `192.0.2.100/24` or `2001:db8::100/64`"),
  Mistake(
    "[192.0.2.100/0]",
    "5:17: virtual_routers.orders-db.addresses[0]: the prefix length 0 is out of range; use 1-32"),
  Mistake(
    "[192.0.2.0/24]",
    "5:17: virtual_routers.orders-db.addresses[0]: 192.0.2.0/24 is the network address of its "
      + "network; use a host's address"),
  Mistake(
    "[192.0.2.255/24]",
    "5:17: virtual_routers.orders-db.addresses[0]: 192.0.2.255/24 is the broadcast address of its "
      + "network; use a host's address"),
  Mistake(
    "[224.0.0.18]",
    "5:17: virtual_routers.orders-db.addresses[0]: 224.0.0.18 is a multicast address; "
      + "use a unicast address of a host"),
  Mistake(
    "[0.0.0.0]",
    "5:17: virtual_routers.orders-db.addresses[0]: 0.0.0.0 is the unspecified address; "
      + "use a unicast address of a host"),
  Mistake(
    "[\"::1\"]",
    "5:17: virtual_routers.orders-db.addresses[0]: ::1 is a loopback address; "
      + "use a unicast address of a host"),
  Mistake(
    "[255.255.255.255]",
    "5:17: virtual_routers.orders-db.addresses[0]: 255.255.255.255 is the broadcast address; "
      + "use a unicast address of a host"),
  Mistake(
    "[\"::ffff:192.0.2.1\"]",
    "5:17: virtual_routers.orders-db.addresses[0]: ::ffff:192.0.2.1 is an IPv4 address written as "
      + "IPv6; use a unicast address of a host"),
  Mistake(
    "[192.0.2.1/24, 192.0.2.1]",
    "5:31: virtual_routers.orders-db.addresses[1]: 192.0.2.1 is listed twice; remove one"),
  Mistake(
    "[2001:db8::1/64, 192.0.2.1/24]",
    "5:33: virtual_routers.orders-db.addresses[1]: 192.0.2.1 is IPv4, the first address is IPv6; "
      + "move it to a virtual router of its own"),
  Mistake(
    "[2001:db8::1/64, fe80::1/64]",
    "5:33: virtual_routers.orders-db.addresses[1]: the link-local address fe80::1 is not the "
      + "first; move it to the first place"),
  Mistake(
    "[2001:db8::1/64]\n    version: 2",
    "6:14: virtual_routers.orders-db.version: version 2 carries IPv4 only, the addresses are IPv6; "
      + "use version 3"),
  Mistake(
    "[2001:db8::1/64]\n    checksum: rfc9568",
    "6:5: virtual_routers.orders-db.checksum: IPv6 has only one form of checksum; leave the key out"
  ),
  Mistake(
    "[2001:db8::1/64]\n    source_address: fe80::5e00:233",
    "6:21: virtual_routers.orders-db.source_address: fe80::5e00:233 is one of the virtual router's "
      + "own addresses; use an address that only this node has"),
  Mistake(
    "[2001:db8::1/64]\n  two: { vrid: 52, interface: eth0, addresses: [\"fe80::5e00:233\"] }",
    "3:11: virtual_routers.orders-db.vrid: `two` lists fe80::5e00:233, which this VRID adds; "
      + "use another VRID, or list one here"),
  Mistake(
    "[2001:db8::1/64]\n    source_address: 2001:db8::2",
    "6:21: virtual_routers.orders-db.source_address: 2001:db8::2 is not link-local; "
      + "use an address of the interface in fe80::/10"),
  Mistake(
    "[" + (1...256).map { "10.1.\($0 / 200).\($0 % 200 + 1)" }.joined(separator: ", ") + "]",
    "5:16: virtual_routers.orders-db.addresses: 256 addresses are too many; "
      + "list 1-255, or use several virtual routers"),
  Mistake(
    "[" + (1...90).map { "2001:db8::\($0)" }.joined(separator: ", ") + "]",
    "5:16: virtual_routers.orders-db.addresses: 90 addresses are too many; list 1-89 in one IPv6 "
      + "advertisement, besides the link-local one, or use several virtual routers"),
  Mistake(
    "[fe80::1, " + (1...90).map { "2001:db8::\($0)" }.joined(separator: ", ") + "]",
    "5:16: virtual_routers.orders-db.addresses: 91 addresses are too many; list 1-90 in one IPv6 "
      + "advertisement, or use several virtual routers"),
]

@Test(arguments: wrongAddresses) func `Wrong addresses are refused`(mistake: Mistake) {
  let text = router.replacing("[192.0.2.100/24]", with: mistake.text)
  #expect(mistakes(text) == [mistake.error])
}

private let wrongInterfaces: [Mistake] = [
  Mistake(
    "sixteen-letters-",
    "4:16: virtual_routers.orders-db.interface: `sixteen-letters-` is not an interface name; "
      + "use 1-15 characters without `/`, `:` and spaces, like `eth0`"),
  Mistake(
    "eth0:1",
    "4:16: virtual_routers.orders-db.interface: `eth0:1` is not an interface name; "
      + "use 1-15 characters without `/`, `:` and spaces, like `eth0`"),
  Mistake(
    "[eth0]",
    "4:16: virtual_routers.orders-db.interface: expected an interface name, found a list; "
      + "use 1-15 characters without `/`, `:` and spaces, like `eth0`"),
  Mistake(
    "{}",
    "4:5: virtual_routers.orders-db.interface: the interface is not named; "
      + "write its name, `{mac: ...}` or `{subnet: ...}`"),
  Mistake(
    "{mac: 52:54:00:12:34:56, subnet: 192.0.2.0/24}",
    "4:41: virtual_routers.orders-db.interface.subnet: `mac` and `subnet` contradict each other; "
      + "keep one of them"),
  Mistake(
    "{mac: 52:54:00:12:34}",
    "4:22: virtual_routers.orders-db.interface.mac: `52:54:00:12:34` is not a hardware address; "
      + "write it like `52:54:00:12:34:56`"),
  Mistake(
    "{mac: ff:ff:ff:ff:ff:ff}",
    "4:22: virtual_routers.orders-db.interface.mac: ff:ff:ff:ff:ff:ff is not the address of one "
      + "interface; write it like `52:54:00:12:34:56`"),
  Mistake(
    "{subnet: 192.0.2.1/24}",
    "4:25: virtual_routers.orders-db.interface.subnet: 192.0.2.1/24 has bits behind its prefix; "
      + "write `192.0.2.0/24`"),
  Mistake(
    "{subnet: 2001:db8:0:1:8000::/64}",
    "4:25: virtual_routers.orders-db.interface.subnet: 2001:db8:0:1:8000::/64 has bits behind its "
      + "prefix; write `2001:db8:0:1::/64`"),
  Mistake(
    "{subnet: 192.0.2.1}",
    "4:25: virtual_routers.orders-db.interface.subnet: `192.0.2.1` is not a network; "
      + "write it like `192.0.2.0/24`"),
]

@Test(arguments: wrongInterfaces) func `A wrong interface is refused`(mistake: Mistake) {
  #expect(mistakes(router.replacing("eth0", with: mistake.text)) == [mistake.error])
}
