/// Whether people are at work: nobody moves the role by itself then.
///
/// Every node keeps a mark of its own and takes over one that is newer, so that one command reaches
/// all of them, and a node that was away learns of it when it comes back. Versions order the commands of
/// nodes that hear each other; of nodes that were apart nobody can say who spoke last.
public struct MaintenanceMark: Hashable, Comparable, Sendable {
  /// Grows by one with every command.
  public var version: UInt64
  public var isOn: Bool

  public init(version: UInt64 = 0, isOn: Bool = false) {
    self.version = version
    self.isOn = isOn
  }

  /// The mark that a command makes of this one.
  public func switched(_ isOn: Bool) -> MaintenanceMark {
    MaintenanceMark(version: min(version, .max - 1) + 1, isOn: isOn)
  }

  /// The newer one counts; of two commands at the same time the careful one.
  public static func < (left: MaintenanceMark, right: MaintenanceMark) -> Bool {
    (left.version, left.isOn ? 1 : 0) < (right.version, right.isOn ? 1 : 0)
  }
}
