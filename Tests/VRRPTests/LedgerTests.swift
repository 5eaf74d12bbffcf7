import Foundation
import Testing

/// Docs/Conformance.md against the tests that it names.
@Suite("The ledger of requirements")
struct LedgerTests {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The cells of each row that begins with a requirement.
  static func rows() throws -> [[String]] {
    let text = try String(
      contentsOf: root.appendingPathComponent("Docs/Conformance.md"), encoding: .utf8)
    return text.split(separator: "\n").filter { $0.hasPrefix("| R-") }.map { line in
      line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  @Test("Every requirement has one row, and every row a proof or a reason")
  func complete() throws {
    let rows = try Self.rows()
    var expected: [String] = []
    for range in [
      1...18, 20...41, 50...56, 60...70, 80...106, 120...124, 130...141, 150...163, 170...177,
      180...186, 190...195, 200...232,
    ] {
      expected += range.map {
        "R-" + String(repeating: "0", count: $0 < 100 ? $0 < 10 ? 2 : 1 : 0) + "\($0)"
      }
    }
    expected += "abcdefghijklmn".map { "R-107\($0)" }
    #expect(rows.map { $0[0] }.sorted() == expected.sorted())
    let reasons = ["\"", "Deviation", "Kernel", "Not offered", "Open", "Documentation"]
    for row in rows {
      #expect(row.count == 4, "\(row[0])")
      #expect(reasons.contains { row.last?.contains($0) ?? false }, "\(row[0])")
    }
  }

  @Test("Every test that a row names is in the file that it names")
  func testsExist() throws {
    var sources: [String: String] = [:]
    let tests = Self.root.appendingPathComponent("Tests")
    let files = FileManager.default.enumerator(at: tests, includingPropertiesForKeys: nil)
    for case let file as URL in try #require(files) where file.pathExtension == "swift" {
      sources[file.lastPathComponent] = try String(contentsOf: file, encoding: .utf8)
    }
    var named = 0
    for row in try Self.rows() {
      for match in row[3].matches(of: /((?:"[^"]+"[, ]*)+)\((\w+\.swift)\)/) {
        let source = sources[String(match.2)] ?? ""
        for name in String(match.1).matches(of: /"([^"]+)"/) {
          named += 1
          let isThere = source.contains("\"\(name.1)\"") || source.contains("`\(name.1)`")
          #expect(isThere, "\(row[0]): \(name.1)")
        }
      }
      #expect(!row[3].contains("\"") || row[3].contains(".swift)"), "\(row[0])")
    }
    #expect(named > 100)
  }
}
