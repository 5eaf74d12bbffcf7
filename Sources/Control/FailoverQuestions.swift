// What `godwit failover` asks on a terminal.

extension FailoverText {
  /// The question before it begins. `holder` is the node that is Active, nil if unknown.
  public static func question(name: String, holder: String?) -> String {
    "Move \(printable(name)) away from \(printable(holder ?? "its Active node"))? [y/N] "
  }

  /// What `--force` risks, and whether to go on.
  public static func riskQuestion(name: String, risk: ForceRisk) -> String {
    let name = printable(name)
    switch risk {
    case .secondHolder(let isMaintenance):
      let why = isMaintenance ? "although maintenance is on" : "although nobody is known to have it"
      return """
        --force takes \(name) \(why), without a word from the host that had it.
        If that host still answers, two hosts have the address; and what it has committed and not
        sent may be lost. Switch it off, or cut it off, first.
        Is that host off, and may commits be lost? [y/N] 
        """
    case .disregardedCheck(let holder):
      return """
        --force moves \(name) where a check advises against it: the node that takes over may not be
        ready, or may lack what \(printable(holder ?? "the Active node")) has committed last.
        Go on against the check? [y/N] 
        """
    }
  }
}

/// What may go wrong with `godwit failover --force`.
public enum ForceRisk: Equatable, Sendable {
  /// The node that has the role is not heard: it may have the addresses all the same.
  case secondHolder(isMaintenance: Bool)
  /// The role leaves a node that serves, although a check says no. `holder` is its name, if known.
  case disregardedCheck(holder: String?)
}
