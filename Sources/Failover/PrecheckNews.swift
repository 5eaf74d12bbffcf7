import VRRP

/// Which results of routine prechecks are worth telling: they come every few seconds, and most say what
/// the one before has said.
public struct PrecheckNews: Sendable {
  /// How long another reason for the same verdict waits: a program may give a new one each time.
  static let pause = Duration.seconds(600)

  /// What was told last of each program; of one that is not here nothing but that it passes is expected.
  private var told: [HookSettings: (result: HookResult, at: Instant)] = [:]

  public init() {}

  /// Takes a result in; whether it is to be told: the verdict has changed, or the reason now and then.
  public mutating func isNews(
    _ result: HookResult, of hook: HookSettings, at now: Instant
  ) -> Bool {
    let last = told[hook]
    let isNews: Bool
    if result == last?.result ?? .done {
      isNews = false
    } else if result.passes != last?.result.passes ?? true {
      isNews = true
    } else {
      isNews = last.map { now - $0.at >= Self.pause } ?? true
    }
    if isNews { told[hook] = (result, now) }
    return isNews
  }

  /// Forgets what is not among these.
  public mutating func keep(only hooks: [HookSettings]) {
    told = told.filter { hooks.contains($0.key) }
  }
}
