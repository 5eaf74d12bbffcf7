import Foundation
import Lab
import Testing

@Suite("Recording", .requiresGodwit) struct RecordingScenarioTests {
  @Test("what a daemon recorded gives the same effects again")
  func replay() throws {
    let scenario = try Scenario(["a": 150, "b": 100])
    let lab = scenario.lab
    let file = "\(lab.directory)/a.jsonl"
    try scenario["a"].start(arguments: ["--record", file])
    try scenario["a"].wait(for: "active")
    try scenario["b"].start()
    try scenario["b"].wait(for: "backup")
    try scenario["a"].command("failover", "--yes").expectSuccess()
    try scenario.waitForHolder("b")
    try scenario["a"].command("reload").expectSuccess()
    #expect(try scenario["a"].stop() == .status(0))
    let events = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    #expect(events.count > 20)
    let same = try lab.run([Products.path("simulate"), "--replay", file], in: "client")
    #expect(same.status == 0)
    #expect(same.output.contains("same: \(events.count - 1) events"))

    // One effect that the daemon did not have is found.
    let changed = "\(lab.directory)/changed.jsonl"
    try (events.dropLast() + [events[events.count - 1].replacing("[\"", with: "[\"nothing\",\"")])
      .joined(separator: "\n").write(toFile: changed, atomically: true, encoding: .utf8)
    let other = try lab.run([Products.path("simulate"), "--replay", changed], in: "client")
    #expect(other.status != 0)
    #expect(other.output.contains("nothing"))
  }
}
