import Glibc
import Testing

extension Trait where Self == ConditionTrait {
  /// The test switches users or asks the kernel for more than it gives an ordinary user. It is skipped
  /// elsewhere, but never with GODWIT_CI=1: there it runs and fails.
  static var requiresRoot: Self {
    let isStrict = getenv("GODWIT_CI").map { String(cString: $0) } == "1"
    return .enabled(if: isStrict || geteuid() == 0, "needs root")
  }
}
