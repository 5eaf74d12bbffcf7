import Lab
import Testing

extension Trait where Self == ConditionTrait {
  /// Skips with the reason where no lab can be made; with GODWIT_CI=1 the test runs and fails.
  static var requiresLab: Self { .requires(.network) }
  static var requiresKeepalived: Self { .requires(.keepalived) }
  static var requiresGodwit: Self { .requires(.godwit) }

  private static func requires(_ requirement: LabRequirements) -> Self {
    .enabled(
      if: LabRequirements.runs(requirement),
      Comment(rawValue: LabRequirements.missing(requirement) ?? "the machine has all it needs"))
  }
}
