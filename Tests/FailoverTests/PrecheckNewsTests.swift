import Failover
import Testing
import VRRP

@Suite struct PrecheckNewsTests {
  private static let disk = HookSettings(command: ["/usr/local/sbin/disk"])
  private static let lag = HookSettings(command: ["/usr/local/sbin/lag"])

  /// Which of these are news, each with the second at which it comes.
  private func told(
    _ results: [(HookResult, Int)], by hook: HookSettings = disk, in news: inout PrecheckNews
  ) -> [Int] {
    results.compactMap { result, second in
      let now = Instant(sinceBoot: .seconds(1_000_000 + second))
      return news.isNews(result, of: hook, at: now) ? second : nil
    }
  }

  @Test func `A precheck that passes as it always did is no news`() {
    var news = PrecheckNews()
    let found = told((0..<100).map { (.done, $0 * 10) }, in: &news)
    #expect(found == [])
  }

  @Test func `A verdict is told when it changes, and once`() {
    var news = PrecheckNews()
    let unfit: [(HookResult, Int)] = (0..<1000).map { (.unfit, $0 * 10) }
    let found = told(
      unfit + [(.done, 10_000), (.done, 10_010), (.timedOut, 10_020)], in: &news)
    #expect(found == [0, 10_000, 10_020])
  }

  @Test func `Another reason for the same verdict is told every ten minutes at most`() {
    var news = PrecheckNews()
    let found = told(
      [
        (.unfit, 0), (.failed(.exited(1)), 10), (.failed(.exited(2)), 599),
        (.failed(.exited(3)), 600), (.unfit, 610),
      ], in: &news)
    #expect(found == [0, 600])
    // A warning is a reason too.
    let warned = told([(.warning, 0), (.done, 10), (.warning, 20)], by: Self.lag, in: &news)
    #expect(warned == [0])
  }

  @Test func `Each program has its own news, and one that is gone has none`() {
    var news = PrecheckNews()
    let first = told([(.unfit, 0)], in: &news) + told([(.unfit, 1)], by: Self.lag, in: &news)
    news.keep(only: [Self.lag])
    let second = told([(.unfit, 10)], in: &news) + told([(.unfit, 11)], by: Self.lag, in: &news)
    #expect(first == [0, 1])
    #expect(second == [10])
  }
}
