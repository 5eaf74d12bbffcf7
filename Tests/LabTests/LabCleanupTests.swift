import Foundation
import Lab
import Testing

@Suite("What a lab leaves behind", .requiresLab)
struct LabCleanupTests {
  @Test("nothing: no namespace, no process and no file, however often it is removed")
  func removal() throws {
    let lab = try Lab.make(nodes: ["a"])
    let process = try lab.start(["sleep", "1000"], in: "a")
    let shell = ["sh", "-c", "setsid sleep 1001 & echo $! ; wait"]
    let parent = try lab.start(shell, in: "a")
    try lab.eventually("the shell has said its child's identifier") {
      parent.output.hasSuffix("\n")
    }
    let child = try #require(Int32(parent.output.dropLast()))
    #expect(process.isRunning)
    #expect(kill(child, 0) == 0)
    lab.remove()
    lab.remove()
    #expect(process.exit == .signal(SIGKILL))
    try eventually("the process in a session of its own is gone") { !isAlive(child) }
    #expect(try leftovers(lab.prefix) == [])
    #expect(!FileManager.default.fileExists(atPath: lab.directory))
  }

  @Test("nothing when the last reference goes")
  func deinitialised() throws {
    let prefix = try { try Lab.make(nodes: ["a"]).prefix }()
    #expect(try leftovers(prefix) == [])
  }

  @Test("nothing when the process ends by a signal")
  func signalled() throws {
    let prefix = try hold("terminate", endsWith: .signal(SIGTERM))
    try expectNothing(of: prefix)
  }

  @Test("nothing when the process exits with a lab at hand")
  func exited() throws {
    let prefix = try hold("exit", endsWith: .status(3))
    try expectNothing(of: prefix)
  }

  @Test("what the next one sweeps away, when the process was killed")
  func killed() throws {
    let prefix = try hold("kill", endsWith: .signal(SIGKILL))
    let other = try Lab.make(nodes: ["a"])
    Lab.sweep()
    try expectNothing(of: prefix)
    #expect(try other.carrier(of: "a"))
  }

  /// The prefix of a lab that another process made before it ended like that.
  private func hold(_ ending: String, endsWith exit: ProcessExit) throws -> String {
    let lab = try Lab.make(nodes: ["a"])
    let result = try lab.run([Products.path("lab-holder"), ending], in: nil)
    #expect(result.exit == exit, "\(result)")
    return try #require(result.output.split(separator: "\n").first.map(String.init))
  }

  private func expectNothing(of prefix: String) throws {
    #expect(prefix.hasPrefix("gw"))
    #expect(try leftovers(prefix) == [])
    #expect(!FileManager.default.fileExists(atPath: "/tmp/\(prefix)"))
  }

  @Test("two labs at once do not meet")
  func twoLabs() throws {
    let one = try Lab.make(nodes: ["a"])
    let other = try Lab.make(nodes: ["a"])
    one.remove()
    #expect(try other.carrier(of: "a"))
    #expect(try other.holds("a", "10.77.0.1"))
  }

  /// A zombie that nobody has fetched yet is not alive.
  private func isAlive(_ process: Int32) -> Bool {
    let path = "/proc/\(process)/stat"
    guard let data = FileManager.default.contents(atPath: path) else { return false }
    let state = String(decoding: data, as: UTF8.self).split(separator: ")").last?.dropFirst().first
    return state != "Z" && state != "X"
  }

  private func leftovers(_ prefix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/run/netns")
      .filter { $0.hasPrefix(prefix) }
  }
}
