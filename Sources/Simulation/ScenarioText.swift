import VRRP

extension Scenario {
  /// The scenario in a few lines, for whoever reads a failure.
  public var summary: String {
    let members = members.enumerated().map { index, member in
      "  node \(index): priority \(member.priority), preemption \(member.preemption),"
        + " drift \(member.drift) ppm, \(member.hookCount) hooks, checks \(member.hasChecks)"
    }.joined(separator: "\n")
    return """
      interval \(interval), after a reload \(otherInterval), lease \(leaseTenths)/10, \(version), \
      \(mechanism), delay \(minimumDelay)-\(maximumDelay) ns, loss \(lossPercent) %, duplicates \
      \(duplicatePercent) %, lateness \(lateness) ns, trouble ends at \(History.text(troubleEnds)) s
      \(members)
      """
  }
}

extension Injection: CustomStringConvertible {
  public var description: String {
    "\(History.text(time)) \(node.map { "node \($0)" } ?? "the holder"): \(mishap)"
  }
}
