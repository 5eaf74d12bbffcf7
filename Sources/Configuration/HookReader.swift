import Failover

/// The `hooks` of a virtual router.
enum HookReader {
  private static let keys = ["command", "events", "timeout", "user", "environment"]
  private static let eventNames = HookEvent.allCases.map(\.rawValue)
  private static let times: ClosedRange<Duration> = .milliseconds(10) ... .seconds(86_400)

  /// All that can be read, in the order they run.
  static func list(_ section: Section) -> [HookSettings] {
    (section["hooks"]?.list(of: "hooks") ?? []).compactMap { field in
      Section(field, "a hook", keys: keys).flatMap(hook)
    }
  }

  private static func hook(_ section: Section) -> HookSettings? {
    let command = section.required("command", "add it, like `command: [/usr/bin/program]`")?
      .command()
    let events = section["events"].map { readEvents($0) } ?? Set(HookEvent.allCases)
    let timeouts = section["timeout"].map { readTimeouts($0, events) } ?? [:]
    let user = section["user"]?.accountName()
    let environment = section["environment"].map(readEnvironment) ?? [:]
    guard let command, let events else { return nil }
    return HookSettings(
      command: command, events: events, timeouts: timeouts, user: user, environment: environment)
  }

  /// nil when the list is none, or one of its events is wrong.
  private static func readEvents(_ field: Field) -> Set<HookEvent>? {
    guard let fields = field.list(of: "events") else { return nil }
    if fields.isEmpty {
      field.refuse("a hook without events never runs", "leave the key out for all events")
    }
    var events: Set<HookEvent> = []
    var isRight = true
    for field in fields {
      let known = field.text("an event", "use \(list(eventNames))").flatMap { name in
        event(name) { field.refuse($0, $1) }
      }
      guard let known else {
        isRight = false
        continue
      }
      if !events.insert(known).inserted {
        field.refuse("`\(known.rawValue)` is listed twice", "remove one")
      }
    }
    return isRight ? events : nil
  }

  private static func readTimeouts(
    _ field: Field, _ events: Set<HookEvent>?
  ) -> [HookEvent: Duration] {
    var timeouts: [HookEvent: Duration] = [:]
    guard case .mapping = field.node.content else {
      let timeout = field.duration(times)
      for event in HookEvent.allCases { timeouts[event] = timeout }
      return timeouts
    }
    for (name, field) in field.entries("a mapping of events to durations") ?? [] {
      let timeout = field.duration(times)
      guard let event = event(name, refuse: { field.refuseKey($0, $1) }) else { continue }
      if let events, !events.contains(event) {
        field.refuseKey(
          "this hook does not run for `\(name)`", "add it to `events`, or remove it here")
      }
      timeouts[event] = timeout
    }
    return timeouts
  }

  private static func event(
    _ name: String, refuse: (_ problem: String, _ remedy: String) -> Void
  ) -> HookEvent? {
    if let event = HookEvent(rawValue: name) { return event }
    let hint = NearestMatch.of(name, in: eventNames).map { "did you mean `\($0)`?" }
    refuse("unknown event `\(shown(name))`", hint ?? "use \(list(eventNames))")
    return nil
  }

  private static func list(_ names: [String]) -> String {
    names.map { "`\($0)`" }.joined(separator: ", ")
  }

  private static func readEnvironment(_ field: Field) -> [String: String] {
    var environment: [String: String] = [:]
    for (name, field) in field.entries("a mapping of variables to text") ?? [] {
      if !isVariable(name) {
        field.refuseKey(
          "`\(shown(name))` is not the name of a variable",
          "use letters, digits and `_`, beginning with a letter or `_`")
      } else if name.hasPrefix("GODWIT_") {
        field.refuseKey("names that begin with `GODWIT_` are set by godwitd", "use another name")
      }
      environment[name] = field.anyText("text", "write text, or \"\" for an empty value")
    }
    return environment
  }

  /// POSIX.1-2017 section 8.1.
  private static func isVariable(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 255 else { return false }
    return (isLetter(first) || first == UInt8(ascii: "_"))
      && name.utf8.allSatisfy {
        isLetter($0) || $0 == UInt8(ascii: "_") || (48...57).contains($0)
      }
  }
}
