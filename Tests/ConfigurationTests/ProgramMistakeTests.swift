import Testing

@testable import Configuration

// One mistake of each kind in checks and hooks.

/// What follows `- ` in the list; it stands at 7:9.
private let wrongChecks: [Mistake] = [
  Mistake(
    "{ tcp: \"127.0.0.1:5432\" }",
    "7:9: virtual_routers.orders-db.checks[0].name: required key is missing; "
      + "add a name of its own for each check"),
  Mistake(
    "{ name: a }",
    "7:9: virtual_routers.orders-db.checks[0]: the check asks nothing; "
      + "add one of `command`, `tcp`, `http`, `process`, `file`"),
  Mistake(
    "{ name: a, file: /x, process: y }",
    "7:30: virtual_routers.orders-db.checks[0].process: `process` contradicts `file`; "
      + "keep one of them, or make two checks"),
  Mistake(
    "{ name: a, comand: [/bin/true] , file: /x }",
    "7:20: virtual_routers.orders-db.checks[0].comand: unknown key `comand`; "
      + "did you mean `command`?"),
  Mistake(
    "{ name: a, command: /bin/true }",
    "7:29: virtual_routers.orders-db.checks[0].command: expected a list of the program and its "
      + "arguments, found the text `/bin/true`; write it like `[/usr/bin/program, argument]`"),
  Mistake(
    "{ name: a, command: [] }",
    "7:29: virtual_routers.orders-db.checks[0].command: the command is empty; "
      + "write it like `[/usr/bin/program, argument]`"),
  Mistake(
    "{ name: a, command: [pg_isready] }",
    "7:30: virtual_routers.orders-db.checks[0].command[0]: `pg_isready` is not an absolute path; "
      + "begin it with `/`"),
  Mistake(
    "{ name: a, command: [/bin/sleep, 1] }",
    "7:42: virtual_routers.orders-db.checks[0].command[1]: expected text, found the number `1`; "
      + "put it in quotes if it is meant so: \"1\""),
  Mistake(
    "{ name: a, command: [/bin/x, \"a\\0b\"] }",
    "7:38: virtual_routers.orders-db.checks[0].command[1]: a NUL character in `a\\u{0}b`; "
      + "write it like `[/usr/bin/program, argument]`"),
  Mistake(
    "{ name: a, tcp: 127.0.0.1 }",
    "7:25: virtual_routers.orders-db.checks[0].tcp: `127.0.0.1` is not an address with a port of "
      + "1-65535; write it like `127.0.0.1:5432` or `\"[::1]:5432\"`"),
  Mistake(
    "{ name: a, tcp: \"db:65536\" }",
    "7:25: virtual_routers.orders-db.checks[0].tcp: `db:65536` is not an address with a port of "
      + "1-65535; write it like `127.0.0.1:5432` or `\"[::1]:5432\"`"),
  Mistake(
    "{ name: a, tcp: \"db:0\" }",
    "7:25: virtual_routers.orders-db.checks[0].tcp: `db:0` is not an address with a port of "
      + "1-65535; write it like `127.0.0.1:5432` or `\"[::1]:5432\"`"),
  Mistake(
    "{ name: a, tcp: \"::1:5432\" }",
    "7:25: virtual_routers.orders-db.checks[0].tcp: `::1:5432` is not an address with a port of "
      + "1-65535; write it like `127.0.0.1:5432` or `\"[::1]:5432\"`"),
  Mistake(
    "{ name: a, tcp: \"192.0.2.256:80\" }",
    "7:25: virtual_routers.orders-db.checks[0].tcp: `192.0.2.256:80` is not an address with a port "
      + "of 1-65535; write it like `127.0.0.1:5432` or `\"[::1]:5432\"`"),
  Mistake(
    "{ name: a, http: \"https://127.0.0.1/\" }",
    "7:26: virtual_routers.orders-db.checks[0].http: `https://127.0.0.1/` is not a URL that begins "
      + "with `http://`; write it like `http://127.0.0.1:8008/primary`"),
  Mistake(
    "{ name: a, http: \"http:///primary\" }",
    "7:26: virtual_routers.orders-db.checks[0].http: `http:///primary` is not a URL that begins "
      + "with `http://`; write it like `http://127.0.0.1:8008/primary`"),
  Mistake(
    "{ name: a, process: /usr/bin/postgres }",
    "7:29: virtual_routers.orders-db.checks[0].process: `/usr/bin/postgres` is not the name of a "
      + "process; write the name of the program without its directory"),
  Mistake(
    "{ name: a, file: ok }",
    "7:26: virtual_routers.orders-db.checks[0].file: `ok` is not an absolute path; begin it with `/`"
  ),
  Mistake(
    "{ name: a, file: /x, interval: 9ms }",
    "7:40: virtual_routers.orders-db.checks[0].interval: 9ms is out of range; use 10ms-1h"),
  Mistake(
    "{ name: a, file: /x, interval: 61m }",
    "7:40: virtual_routers.orders-db.checks[0].interval: 61m is out of range; use 10ms-1h"),
  Mistake(
    "{ name: a, file: /x, timeout: 1 }",
    "7:39: virtual_routers.orders-db.checks[0].timeout: `1` has no unit; write `1s` or `1ms`"),
  Mistake(
    "{ name: a, file: /x, timeout: 2001ms }",
    "7:39: virtual_routers.orders-db.checks[0].timeout: the timeout 2.001s is longer than the "
      + "interval 2s; use at most 2s"),
  Mistake(
    "{ name: a, file: /x, interval: 500ms }",
    "7:40: virtual_routers.orders-db.checks[0].interval: the interval 500ms is shorter than the "
      + "timeout 1s; add a `timeout` of at most 500ms"),
  Mistake(
    "{ name: a, file: /x, rise: 0 }",
    "7:36: virtual_routers.orders-db.checks[0].rise: 0 is out of range; use 1-100"),
  Mistake(
    "{ name: a, file: /x, fall: 101 }",
    "7:36: virtual_routers.orders-db.checks[0].fall: 101 is out of range; use 1-100"),
  Mistake(
    "{ name: a, file: /x, on_failure: ignore }",
    "7:42: virtual_routers.orders-db.checks[0].on_failure: unknown word `ignore`; "
      + "write `fault` or `{priority: -50}`"),
  Mistake(
    "{ name: a, file: /x, on_failure: { priority: -255 } }",
    "7:54: virtual_routers.orders-db.checks[0].on_failure.priority: -255 is out of range; "
      + "use -254 to 254"),
  Mistake(
    "{ name: a, file: /x, on_failure: { priority: 255 } }",
    "7:54: virtual_routers.orders-db.checks[0].on_failure.priority: 255 is out of range; "
      + "use -254 to 254"),
  Mistake(
    "{ name: a, file: /x, on_failure: { priority: 0 } }",
    "7:54: virtual_routers.orders-db.checks[0].on_failure.priority: 0 changes nothing; "
      + "use -254 to 254 without 0"),
  Mistake(
    "{ name: a, file: /x, user: \"a b\" }",
    "7:36: virtual_routers.orders-db.checks[0].user: `a b` is not the name of a user or group; "
      + "use 1-32 letters, digits, `-`, `_` and `.`, beginning with a letter or `_`"),
  Mistake(
    "{ name: a, file: /x }\n      - { name: a, file: /y }",
    "8:17: virtual_routers.orders-db.checks[1].name: another check has the name `a`; "
      + "give each its own name"),
  Mistake(
    "[]",
    "7:9: virtual_routers.orders-db.checks[0]: expected a check, found a list; "
      + "write `key: value`, indented, one per line"),
]

@Test(arguments: wrongChecks) func `A wrong check is refused`(mistake: Mistake) {
  #expect(
    mistakes(router + "    checks:\n      - " + mistake.text + "\n") == [mistake.error])
}

/// What follows `- ` in the list; it stands at 7:9.
private let wrongHooks: [Mistake] = [
  Mistake(
    "{ events: [active] }",
    "7:9: virtual_routers.orders-db.hooks[0].command: required key is missing; "
      + "add it, like `command: [/usr/bin/program]`"),
  Mistake(
    "{ command: [x] }",
    "7:21: virtual_routers.orders-db.hooks[0].command[0]: `x` is not an absolute path; "
      + "begin it with `/`"),
  Mistake(
    "{ command: [/x], events: [promoted] }",
    "7:35: virtual_routers.orders-db.hooks[0].events[0]: unknown event `promoted`; "
      + "did you mean `promote`?"),
  Mistake(
    "{ command: [/x], events: [stop] }",
    "7:35: virtual_routers.orders-db.hooks[0].events[0]: unknown event `stop`; use `promote`, "
      + "`demote`, `undo`, `active`, `standby`, `fault`, `precheck`, `maintenance`, `fence`"),
  Mistake(
    "{ command: [/x], events: [active, active] }",
    "7:43: virtual_routers.orders-db.hooks[0].events[1]: `active` is listed twice; remove one"),
  Mistake(
    "{ command: [/x], events: [] }",
    "7:34: virtual_routers.orders-db.hooks[0].events: a hook without events never runs; "
      + "leave the key out for all events"),
  Mistake(
    "{ command: [/x], timeout: 30 }",
    "7:35: virtual_routers.orders-db.hooks[0].timeout: `30` has no unit; write `30s` or `30ms`"),
  Mistake(
    "{ command: [/x], timeout: 5ms }",
    "7:35: virtual_routers.orders-db.hooks[0].timeout: 5ms is out of range; use 10ms-24h"),
  Mistake(
    "{ command: [/x], timeout: { demote: 25h } }",
    "7:45: virtual_routers.orders-db.hooks[0].timeout.demote: 25h is out of range; use 10ms-24h"),
  Mistake(
    "{ command: [/x], timeout: { demot: 5s } }",
    "7:37: virtual_routers.orders-db.hooks[0].timeout.demot: unknown event `demot`; "
      + "did you mean `demote`?"),
  Mistake(
    "{ command: [/x], events: [active], timeout: { demote: 5s } }",
    "7:55: virtual_routers.orders-db.hooks[0].timeout.demote: this hook does not run for `demote`; "
      + "add it to `events`, or remove it here"),
  Mistake(
    "{ command: [/x], environment: { A-B: x } }",
    "7:41: virtual_routers.orders-db.hooks[0].environment.A-B: `A-B` is not the name of a "
      + "variable; use letters, digits and `_`, beginning with a letter or `_`"),
  Mistake(
    "{ command: [/x], environment: { 1A: x } }",
    "7:41: virtual_routers.orders-db.hooks[0].environment.1A: `1A` is not the name of a "
      + "variable; use letters, digits and `_`, beginning with a letter or `_`"),
  Mistake(
    "{ command: [/x], environment: { GODWIT_TERM: x } }",
    "7:41: virtual_routers.orders-db.hooks[0].environment.GODWIT_TERM: names that begin with "
      + "`GODWIT_` are set by godwitd; use another name"),
  Mistake(
    "{ command: [/x], environment: { PORT: 5432 } }",
    "7:47: virtual_routers.orders-db.hooks[0].environment.PORT: expected text, found the number "
      + "`5432`; put it in quotes if it is meant so: \"5432\""),
]

@Test(arguments: wrongHooks) func `A wrong hook is refused`(mistake: Mistake) {
  #expect(mistakes(router + "    hooks:\n      - " + mistake.text + "\n") == [mistake.error])
}
