import Foundation
import Lab

/// Makes a lab with a process in it, prints its prefix, and ends as it is told: by SIGTERM, by
/// SIGKILL or by an exit. What is left behind then is for the tests of the lab to find.
@main
struct LabHolder {
  static func main() throws {
    let lab = try Lab.make(nodes: ["a"])
    let process = try lab.start(["sleep", "1000"], in: "a")
    FileHandle.standardOutput.write(Data("\(lab.prefix)\n".utf8))
    switch CommandLine.arguments.dropFirst().first {
    case "terminate": kill(getpid(), SIGTERM)
    case "kill": kill(getpid(), SIGKILL)
    default: exit(3)
    }
    _ = try process.waitForExit(within: .seconds(20))
    try eventually("the signal ends this process", within: .seconds(20)) { false }
  }
}
