import CLab

/// Waits until `condition` holds, asking every `poll`; an error that says `what` never came and
/// after how long, followed by `logs`. The one place of the lab that sleeps.
public func eventually(
  _ what: String, within limit: Duration = .seconds(20), poll: Duration = .milliseconds(5),
  logs: () -> String = { "" }, _ condition: () throws -> Bool
) throws {
  let start = Moment.now
  let deadline = start + limit
  while try !condition() {
    if Moment.now > deadline {
      throw LabError("not within \(limit): \(what)\n\(logs())")
    }
    clinux_lab_sleep(poll.inNanoseconds / 1000)
  }
}

extension Lab {
  /// As the function of that name, with the end of every log of this lab in the error.
  public func eventually(
    _ what: String, within limit: Duration = .seconds(20), poll: Duration = .milliseconds(5),
    _ condition: () throws -> Bool
  ) throws {
    try Lab::eventually(what, within: limit, poll: poll, logs: { logs() }, condition)
  }
}
