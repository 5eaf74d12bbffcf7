import Failover

/// The `checks` of a virtual router.
enum CheckReader {
  private static let probeKeys = ["command", "tcp", "http", "process", "file"]
  private static let keys =
    ["name"] + probeKeys + ["interval", "timeout", "rise", "fall", "on_failure", "user"]
  private static let times: ClosedRange<Duration> = .milliseconds(10) ... .seconds(3600)

  /// All that can be read; two of one name are reported.
  static func list(_ section: Section) -> [CheckSettings] {
    var seen: Set<String> = []
    return (section["checks"]?.list(of: "checks") ?? []).compactMap { field in
      guard let section = Section(field, "a check", keys: keys) else { return nil }
      let nameField = section.required("name", "add a name of its own for each check")
      let name = nameField?.name()
      if let nameField, let name, !seen.insert(name).inserted {
        nameField.refuse("another check has the name `\(name)`", "give each its own name")
      }
      return check(section, name)
    }
  }

  private static func check(_ section: Section, _ name: String?) -> CheckSettings? {
    let probe = probe(section)
    let interval = section["interval"].map { $0.duration(times) } ?? .seconds(2)
    let timeout = section["timeout"].map { $0.duration(times) } ?? .seconds(1)
    refuseOverlongTimeout(section, interval, timeout)
    let rise = section["rise"]?.integer(1...100) ?? 2
    let fall = section["fall"]?.integer(1...100) ?? 3
    let effect = section["on_failure"].map { failureEffect($0) } ?? .fault
    let user = section["user"]?.accountName()
    guard let name, let probe, let interval, let timeout, let effect else { return nil }
    return CheckSettings(
      name: name, probe: probe, interval: interval, timeout: timeout, rise: rise, fall: fall,
      onFailure: effect, user: user)
  }

  private static func probe(_ section: Section) -> CheckSettings.Probe? {
    let present = probeKeys.compactMap { key in section[key].map { (key, $0) } }
    let inOrder = present.sorted { $0.1.keyMark < $1.1.keyMark }
    guard let (key, field) = inOrder.first else {
      section.refuse(
        "the check asks nothing", "add one of `command`, `tcp`, `http`, `process`, `file`")
      return nil
    }
    for (other, field) in inOrder.dropFirst() {
      field.refuseKey("`\(other)` contradicts `\(key)`", "keep one of them, or make two checks")
    }
    switch key {
    case "command": return field.command().map { .command($0) }
    case "tcp": return field.endpoint().map { .tcp($0) }
    case "http": return field.webAddress().map { .http($0) }
    case "process": return field.processName().map { .process($0) }
    default: return field.path().map { .file($0) }
    }
  }

  private static func refuseOverlongTimeout(
    _ section: Section, _ interval: Duration?, _ timeout: Duration?
  ) {
    guard let interval, let timeout, timeout > interval else { return }
    let (longer, shorter) = (DurationText.spelled(timeout), DurationText.spelled(interval))
    if let field = section["timeout"] {
      field.refuse(
        "the timeout \(longer) is longer than the interval \(shorter)", "use at most \(shorter)")
    } else {
      section["interval"]?.refuse(
        "the interval \(shorter) is shorter than the timeout \(longer)",
        "add a `timeout` of at most \(shorter)")
    }
  }

  private static func failureEffect(_ field: Field) -> CheckSettings.FailureEffect? {
    if case .mapping = field.node.content {
      let mapping = Section(field, "a mapping with `priority`", keys: ["priority"])
      guard let priority = mapping?.required("priority", "add it, like `priority: -50`"),
        let change = priority.integer(-254...254)
      else { return nil }
      guard change != 0 else {
        priority.refuse("0 changes nothing", "use -254 to 254 without 0")
        return nil
      }
      return .priority(change)
    }
    let remedy = "write `fault` or `{priority: -50}`"
    guard let word = field.text("`fault` or a change of the priority", remedy) else { return nil }
    guard word == "fault" else {
      field.refuse("unknown word `\(shown(word))`", remedy)
      return nil
    }
    return .fault
  }
}

extension Field {
  /// The name of a process as `ps -C` shows it.
  fileprivate func processName() -> String? {
    let remedy = "write the name of the program without its directory"
    guard let text = text("the name of a process", remedy) else { return nil }
    guard (1...255).contains(text.utf8.count), !text.contains("/") else {
      refuse("`\(shown(text))` is not the name of a process", remedy)
      return nil
    }
    return text
  }
}
