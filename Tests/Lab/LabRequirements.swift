import Glibc

/// What a lab needs of the machine.
public enum LabRequirements: Sendable {
  /// Namespaces and loss: root, ip(8), nft(8).
  case network
  /// Also keepalived(8).
  case keepalived
  /// Also the built `godwitd` and `godwit`.
  case godwit

  /// The reason why it cannot be used here, nil when it can.
  public static func missing(_ requirement: LabRequirements) -> String? {
    if geteuid() != 0 { return "needs root" }
    var programs = ["ip", "nft"]
    if requirement == .keepalived { programs.append("keepalived") }
    for program in programs where Products.find(program) == nil {
      return "needs the program \(program)"
    }
    guard requirement == .godwit else { return nil }
    for product in ["godwitd", "godwit"] where access(Products.path(product), X_OK) != 0 {
      return "needs the built program \(Products.path(product))"
    }
    return nil
  }

  /// Whether a test that needs it should run: it is there, or GODWIT_CI=1 says that it has to be,
  /// in which case the test fails with the reason.
  public static func runs(_ requirement: LabRequirements) -> Bool {
    missing(requirement) == nil || Products.environment("GODWIT_CI") == "1"
  }
}
