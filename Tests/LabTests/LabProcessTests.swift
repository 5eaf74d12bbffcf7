import Glibc
import Lab
import Testing

@Suite("A process in a namespace", .requiresLab)
struct LabProcessTests {
  @Test("has the identifier, the environment, the outputs and the namespace it is given")
  func properties() throws {
    let lab = try Lab.make(nodes: ["a"])
    let script = "echo $$; echo $GODWIT_WORD; ls /sys/class/net; echo trouble >&2; exit 3"
    let process = try lab.start(["sh", "-c", script], in: "a", environment: ["GODWIT_WORD": "x y"])
    #expect(try process.waitForExit() == .status(3))
    #expect(process.output == "\(process.processIdentifier)\nx y\neth0\nlo\n")
    #expect(process.errors == "trouble\n")
    #expect(try lab.run(["cat"], in: "a", input: "word").output == "word")
  }

  @Test("is told to end by a signal, which its exit says")
  func signals() throws {
    let lab = try Lab.make(nodes: ["a"])
    let process = try lab.start(["sleep", "1000"], in: "a")
    #expect(throws: LabError.self) { try process.waitForExit(within: .milliseconds(10)) }
    process.signal(SIGTERM)
    #expect(try process.waitForExit() == .signal(SIGTERM))
    #expect(!process.isRunning)
  }

  @Test("whose log is in the error of a condition that did not come true in time")
  func logs() throws {
    let lab = try Lab.make(nodes: ["a"])
    let process = try lab.start(["echo", "what happened"], in: "a", log: "a-daemon")
    try process.waitForExit()
    let error = #expect(throws: LabError.self) {
      try lab.eventually("the sun shines", within: .milliseconds(20)) { false }
    }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("the sun shines"))
    #expect(text.contains("a-daemon.log\nwhat happened"))
  }
}
