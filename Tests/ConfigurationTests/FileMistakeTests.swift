import Testing

@testable import Configuration

// One mistake of each kind in the text as a whole and in the keys of the node.

private let wrongYAML: [Mistake] = [
  Mistake("", "1:1: the file is empty; write at least `virtual_routers`"),
  Mistake("# nothing\n", "1:1: the file is empty; write at least `virtual_routers`"),
  Mistake(
    "a: [1\nb: 2\n",
    "2:2: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence from 1:4; "
      + "separate the values with `,` and end the list with `]`"),
  Mistake(
    "a:\n\tb: 1\n",
    "2:1: not valid YAML: found character that cannot start any token while scanning for the next "
      + "token from 2:1; indent with spaces, not tabs; put text that begins with a special "
      + "character in quotes"),
  Mistake(
    "node: a: b\n",
    "1:8: not valid YAML: mapping values are not allowed in this context; "
      + "put text that contains `: ` in quotes, or check the indentation of this line"),
  Mistake("node: \"a\u{1}\"\n", "1:9: the character U+0001 is not allowed; remove it"),
  Mistake("# é\nnode: \u{2028}\n", "2:7: the character U+2028 is not allowed; remove it"),
  Mistake(
    "---\n" + router + "---\n",
    "7:1: a second document begins here; keep one document, without a second `---`"),
  Mistake(
    "%YAML 1.1\n---\n" + router,
    "1:1: `%YAML 1.1` is not supported, the file is read as YAML 1.2; remove it"),
  Mistake("node: &x db-a\n" + router, "1:7: node: the anchor `&x` is not supported; remove it"),
  Mistake(
    "node: *x\n" + router, "1:7: node: the alias `*x` is not supported; write the value itself"),
  Mistake(
    "node: !!str db-a\n" + router,
    "1:7: node: the tag `tag:yaml.org,2002:str` is not supported; remove it"),
  Mistake("[a]: b\n" + router, "1:1: ?: a key must be text; write `key: value`"),
  Mistake(
    "node: db-a\nnode: db-b\n" + router,
    "2:1: node: duplicate key, first set at 1:1; keep one of them"),
  Mistake(
    router + "    vrid: 52\n",
    "6:5: virtual_routers.orders-db.vrid: duplicate key, first set at 3:5; keep one of them"),
  Mistake(
    router + "  orders-db: {}\n",
    "6:3: virtual_routers.orders-db: duplicate key, first set at 2:3; keep one of them"),
  Mistake(
    String(repeating: "[", count: 33),
    "1:33: lists and mappings are nested deeper than 32; close some"),
  Mistake(
    "a: [" + String(repeating: "0,", count: 100_000) + "]",
    "1:199999: the file has more than 100000 keys and values; make it smaller"),
  Mistake(
    String(repeating: "#", count: 1_048_577), " the file is larger than 1 MiB; make it smaller"),
  Mistake(
    "- a\n",
    "1:1: expected a mapping of keys to values, found a list; "
      + "write `key: value`, indented, one per line"),
]

@Test(arguments: wrongYAML) func `A text that is not one plain document is refused`(
  mistake: Mistake
) {
  #expect(mistakes(mistake.text) == [mistake.error])
}

@Test func `A text that is not UTF-8 is refused at its place`() {
  let bytes = Array("# é\nnode: db".utf8) + [0xff] + Array("\n".utf8)
  #expect(mistakes(bytes) == ["2:9: the text is not UTF-8; save the file as UTF-8"])
}

private let wrongNodes: [Mistake] = [
  Mistake(
    "node: db a\n",
    "1:7: node: `db a` is not a name; use 1-64 letters, digits, `-`, `_` and `.`"),
  Mistake(
    "node: ''\n", "1:7: node: `` is not a name; use 1-64 letters, digits, `-`, `_` and `.`"),
  Mistake(
    "node: 1\n",
    "1:7: node: expected a name, found the number `1`; put it in quotes if it is meant so: \"1\""),
  Mistake(
    "node:\n",
    "1:6: node: expected a name, found nothing; use 1-64 letters, digits, `-`, `_` and `.`"),
  Mistake("nod: db-a\n", "1:1: nod: unknown key `nod`; did you mean `node`?"),
  Mistake(
    "fishes: 1\n",
    "1:1: fishes: unknown key `fishes`; use one of `node`, `peers`, `peer_port`, `authentication`, `control_socket`, "
      + "`control_group`, `control_admin_group`, `state_directory`, `log_level`, "
      + "`realtime_priority`, `lock_memory`, `lease_mechanism`, `virtual_routers`"),
  Mistake(
    "peers: [db-b]\n",
    "1:8: peers: expected a mapping of node names, found a list; "
      + "write `key: value`, indented, one per line"),
  Mistake(
    "peers:\n  db/b: { addresses: [192.0.2.2] }\n",
    "2:3: peers.db/b: `db/b` is not a name; use 1-64 letters, digits, `-`, `_` and `.`"),
  Mistake(
    "peers:\n  db-a: { addresses: [192.0.2.2] }\n",
    "2:3: peers.db-a: `db-a` is this node itself; list the other nodes only, or correct `node`"),
  Mistake(
    "peers:\n  db-b: { addresses: [192.0.2.2], address: 192.0.2.3 }\n",
    "2:35: peers.db-b.address: unknown key `address`; did you mean `addresses`?"),
  Mistake(
    "peers:\n  db-b: {}\n",
    "2:3: peers.db-b.addresses: required key is missing; "
      + "add one at least, like `addresses: [192.0.2.2]`"),
  Mistake(
    "peers:\n  db-b: { addresses: [] }\n",
    "2:22: peers.db-b.addresses: the list is empty; add at least one address"),
  Mistake(
    "peers:\n  db-b: { addresses: 192.0.2.2 }\n",
    "2:22: peers.db-b.addresses: expected a list of addresses, found the text `192.0.2.2`; "
      + "write `[...]`, or one `- ...` per line"),
  Mistake(
    "peers:\n  db-b: { addresses: [192.0.2.2/24] }\n",
    "2:23: peers.db-b.addresses[0]: `192.0.2.2/24` is not an IP address; "
      + "leave out the prefix length"),
  Mistake(
    "peers:\n  db-b: { addresses: [192.0.2.2, 192.0.2.2] }\n",
    "2:34: peers.db-b.addresses[1]: 192.0.2.2 is already an address of the peer `db-b`; remove one"
  ),
  Mistake(
    "peers:\n  db-b: { addresses: [192.0.2.100] }\n",
    "2:23: peers.db-b.addresses[0]: 192.0.2.100 is an address of the virtual router `orders-db`, "
      + "which moves; use an address that the peer always has"),
  Mistake(
    "control_socket: run/godwit.sock\n",
    "1:17: control_socket: `run/godwit.sock` is not an absolute path; begin it with `/`"),
  Mistake(
    "control_socket: /" + String(repeating: "a", count: 107) + "\n",
    "1:17: control_socket: the path has 108 bytes; use a path of at most 107 bytes"),
  Mistake(
    "control_group: 1000\n",
    "1:16: control_group: expected a name, found the number `1000`; "
      + "put it in quotes if it is meant so: \"1000\""),
  Mistake(
    "control_admin_group: -x\n",
    "1:22: control_admin_group: `-x` is not the name of a user or group; "
      + "use 1-32 letters, digits, `-`, `_` and `.`, beginning with a letter or `_`"),
  Mistake(
    "state_directory: state\n",
    "1:18: state_directory: `state` is not an absolute path; begin it with `/`"),
  Mistake(
    "log_level: warn\n",
    "1:12: log_level: unknown word `warn`; use one of `debug`, `info`, `notice`, `warning`, `error`"
  ),
  Mistake("log_level: eror\n", "1:12: log_level: unknown word `eror`; did you mean `error`?"),
  Mistake("realtime_priority: -1\n", "1:20: realtime_priority: -1 is out of range; use 0-99"),
  Mistake("realtime_priority: 100\n", "1:20: realtime_priority: 100 is out of range; use 0-99"),
  Mistake(
    "lock_memory: yes\n",
    "1:14: lock_memory: expected true or false, found the text `yes`; write `true` or `false`"),
  Mistake(
    "lock_memory: True\n",
    "1:14: lock_memory: expected true or false, found `True`; write `true` or `false`"),
]

@Test(arguments: wrongNodes) func `A wrong key of the node is refused`(mistake: Mistake) {
  #expect(mistakes(mistake.text + router) == [mistake.error])
}

@Test(arguments: [
  Mistake(
    "node: db-a\n",
    "1:1: virtual_routers: required key is missing; add at least one virtual router"),
  Mistake(
    "virtual_routers: {}\n", "1:18: virtual_routers: there is no virtual router; add at least one"),
  Mistake(
    "virtual_routers:\n",
    "1:17: virtual_routers: expected a mapping of virtual router names, found nothing; "
      + "write `key: value`, indented, one per line"),
]) func `A file without a virtual router is refused`(mistake: Mistake) {
  #expect(mistakes(mistake.text) == [mistake.error])
}

@Test func `A host name that is not a node name has to be set aside`() {
  #expect(throws: ConfigurationErrors.self) {
    try NodeConfiguration.read(Array(router.utf8), file: "f", hostName: "")
  }
  #expect(throws: Never.self) {
    try NodeConfiguration.read(Array(("node: a\n" + router).utf8), file: "f", hostName: "")
  }
}

@Test func `All mistakes of a file are reported at once, in its order`() {
  let text = """
    nodes: db-a
    virtual_routers:
      orders-db:
        advertisement_interval: 1
        prioritty: 150
        vrid: 300
        interface: eth0/1
        addresses: [192.0.2.100/24, 2001:db8::1]
        checks:
          - tcp: 127.0.0.1
            command: true
        preempt: never
      billing:
        interface: eth0
        vrid: 0
    log_level: loud
    peers: 5
    """
  let expected = """
    1:1: nodes: unknown key `nodes`; did you mean `node`?
    4:29: virtual_routers.orders-db.advertisement_interval: `1` has no unit; write `1s` or `1ms`
    5:5: virtual_routers.orders-db.prioritty: unknown key `prioritty`; did you mean `priority`?
    6:11: virtual_routers.orders-db.vrid: 300 is out of range; use 1-255
    7:16: virtual_routers.orders-db.interface: `eth0/1` is not an interface name; use 1-15 \
    characters without `/`, `:` and spaces, like `eth0`
    8:33: virtual_routers.orders-db.addresses[1]: 2001:db8::1 is IPv6, the first address is IPv4; \
    move it to a virtual router of its own
    10:9: virtual_routers.orders-db.checks[0].name: required key is missing; add a name of its own \
    for each check
    10:14: virtual_routers.orders-db.checks[0].tcp: `127.0.0.1` is not an address with a port of \
    1-65535; write it like `127.0.0.1:5432` or `"[::1]:5432"`
    11:9: virtual_routers.orders-db.checks[0].command: `command` contradicts `tcp`; keep one of \
    them, or make two checks
    12:14: virtual_routers.orders-db.preempt: expected true, false or a delay, found the text \
    `never`; write `true`, `false` or `{delay: 30s}`
    13:3: virtual_routers.billing.addresses: required key is missing; add it, like `addresses: \
    [192.0.2.100/24]`
    15:11: virtual_routers.billing.vrid: 0 is out of range; use 1-255
    16:12: log_level: unknown word `loud`; use one of `debug`, `info`, `notice`, `warning`, `error`
    17:8: peers: expected a mapping of node names, found the number `5`; write `key: value`, \
    indented, one per line
    """
  #expect(mistakes(text).joined(separator: "\n") == expected)
}
