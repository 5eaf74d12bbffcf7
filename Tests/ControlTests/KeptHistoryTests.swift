import Control
import Testing

struct KeptHistoryTests {
  private static func entry(_ term: Int, _ router: String = "orders-db", detail: String = "")
    -> HistoryEntry
  {
    HistoryEntry(
      time: noon, virtualRouter: router, event: "active", reason: "manual", term: term,
      detail: detail)
  }

  @Test("The line of an answer is what the reply with these entries is")
  func reply() {
    var history = KeptHistory([Self.entry(1), Self.entry(2, "mail"), Self.entry(3)])
    #expect(history.add(Self.entry(4, detail: "\"é\n")) == Self.entry(4, detail: "\"é\n").line())
    let expected = HistoryReport(entries: [Self.entry(3), Self.entry(4, detail: "\"é\n")])
    #expect(history.reply("orders-db", limit: 2) == Reply.result(.history(expected)).line())
    #expect(
      history.reply("unknown", limit: 2)
        == Reply.result(.history(HistoryReport(entries: []))).line())
    #expect(history.knows("mail") && !history.knows("unknown"))
  }

  @Test("An answer has the newest entries of 1 MiB, and says how many had no room")
  func bound() throws {
    let long = String(repeating: "x", count: 10_000)
    let history = KeptHistory((1...300).map { Self.entry($0, detail: long) })
    let line = history.reply(nil, limit: 1000)
    #expect(line.count <= 1 << 20 + 100)
    guard case .result(.history(let report)) = try Reply(line: line) else {
      Issue.record("no history")
      return
    }
    #expect(report.entries.last?.term == 300)
    #expect((90...104).contains(report.entries.count))
    #expect(report.leftOut == 300 - report.entries.count)
    guard case .result(.history(let few)) = try Reply(line: history.reply(nil, limit: 5)) else {
      Issue.record("no history")
      return
    }
    #expect(few.entries.map(\.term) == [296, 297, 298, 299, 300] && few.leftOut == 0)
  }

  @Test("The oldest of more than 1000 entries is forgotten")
  func capacity() throws {
    var history = KeptHistory((1...1000).map { Self.entry($0) })
    _ = history.add(Self.entry(1001))
    guard case .result(.history(let report)) = try Reply(line: history.reply(nil, limit: 5000))
    else {
      Issue.record("no history")
      return
    }
    #expect(report.entries.map(\.term) == Array(2...1001))
  }

  @Test("What a hook wrote is kept up to 4 KiB, and what was cut is marked")
  func output() {
    #expect(HookRecord.kept([]) == nil)
    #expect(HookRecord.kept(Array("ok\n".utf8)) == "ok\n")
    let full = String(repeating: "x", count: 4096)
    #expect(HookRecord.kept(Array(full.utf8)) == full)
    #expect(HookRecord.kept(Array(full.utf8) + [120]) == full + "\n[cut here, 4097 bytes in all]")
    // A character is not cut in two.
    #expect(
      HookRecord.kept(Array(("x" + String(repeating: "é", count: 3000)).utf8))
        == "x" + String(repeating: "é", count: 2047) + "\n[cut here, 6001 bytes in all]")
  }
}
