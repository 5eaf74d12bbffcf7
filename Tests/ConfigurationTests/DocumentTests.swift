import Foundation
import Testing

@testable import Configuration

// The reference for users says what the reader does.

private func page(_ name: String) throws -> String {
  let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  return try String(contentsOf: root.appending(path: "Docs/\(name)"), encoding: .utf8)
}

private func reference() throws -> String { try page("Configuration.md") }

@Test func `The example beside keepalived is a right file`() throws {
  let blocks = try page("Authentication.md").components(separatedBy: "```yaml\n")
  let example = try #require(blocks.last?.components(separatedBy: "```").first)
  #expect(example.contains("checksum: pseudo-header") && example.contains("time_window: 60s"))
  #expect(mistakes(example) == [])
}

@Test func `Every example of the reference is a right file`() throws {
  let blocks = try reference().components(separatedBy: "```yaml\n").dropFirst()
  #expect(blocks.count == 5)
  for block in blocks {
    let example = try #require(block.components(separatedBy: "```").first)
    // An indented example is a part of a virtual router.
    #expect(mistakes(example.hasPrefix(" ") ? router + example : example) == [])
  }
}

@Test(arguments: [
  "node", "peers.NAME.addresses", "control_socket", "control_group", "control_admin_group",
  "state_directory", "log_level", "realtime_priority", "lock_memory", "lease_mechanism",
  "virtual_routers.NAME",
  "vrid", "version", "interface", "addresses", "priority", "advertisement_interval", "preempt",
  "transport", "source_address", "checksum", "accept_mode", "virtual_mac", "lease",
  "announcements.refresh", "conflict_detection", "checks", "hooks", "track.interfaces", "name",
  "command", "tcp", "http", "process", "file", "interval", "timeout", "rise", "on_failure", "user",
  "events", "environment",
])
func `Every key has a line in the reference`(key: String) throws {
  #expect(try reference().contains("\n| `\(key)`"))
}
