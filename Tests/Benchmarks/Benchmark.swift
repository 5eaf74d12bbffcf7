import Foundation
import Lab

/// Measures godwitd and keepalived side by side and writes what it found.
///
/// `godwit-bench [--rounds N] [--only SECTION] [--output FILE]`; the page goes to standard output
/// too. Exit status 64 for wrong arguments, 1 when a measurement failed.
@main
struct Benchmark {
  var rounds = 7
  var only: String?
  var output: String?

  static let sections: [(name: String, run: @Sendable (Int, inout Report) throws -> Void)] = [
    ("outage", measureOutage), ("handover", measureHandover), ("clients", measureClients),
    ("takeover", measureTakeover), ("addresses", measureAddresses), ("idle", measureIdle),
    ("routers", measureManyRouters), ("core", measureCore), ("leases", measureLeases),
    ("forged", measureForged),
  ]

  static func main() {
    var benchmark = Benchmark()
    guard benchmark.read(CommandLine.arguments.dropFirst()) else {
      let names = sections.map(\.name).joined(separator: "|")
      complain("usage: godwit-bench [--rounds N] [--only \(names)] [--output FILE]")
      exit(64)
    }
    for requirement in [LabRequirements.keepalived, .godwit] {
      if let missing = LabRequirements.missing(requirement) {
        complain(missing)
        exit(1)
      }
    }
    do {
      try benchmark.run()
    } catch {
      complain("\(error)")
      exit(1)
    }
  }

  private func run() throws {
    var report = Report(facts: .gather(), rounds: rounds)
    for section in Self.sections where only == nil || only == section.name {
      let start = Moment.now
      Self.complain("\(section.name) ...")
      try section.run(rounds, &report)
      Self.complain("\(section.name): \(number((Moment.now - start).inMilliseconds / 1000)) s")
    }
    try report.write(to: output)
  }

  private mutating func read(_ words: ArraySlice<String>) -> Bool {
    var rest = words
    while let word = rest.popFirst() {
      guard let value = rest.popFirst() else { return false }
      switch word {
      case "--rounds":
        guard let count = Int(value), (1...1000).contains(count) else { return false }
        rounds = count
      case "--only":
        guard Self.sections.contains(where: { $0.name == value }) else { return false }
        only = value
      case "--output": output = value
      default: return false
      }
    }
    return true
  }

  static func complain(_ text: String) {
    FileHandle.standardError.write(Data("godwit-bench: \(text)\n".utf8))
  }
}
