import Foundation
import Lab

/// What the numbers depend on.
struct MachineFacts {
  let command: String
  let date: String
  let rows: [(String, String)]

  static func gather() -> MachineFacts {
    let information = ProcessInfo.processInfo
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withFullDate]
    let arguments = CommandLine.arguments.dropFirst().joined(separator: " ")
    return MachineFacts(
      command: "godwit-bench \(arguments)", date: formatter.string(from: Date()),
      rows: [
        ("kernel", firstLine(["uname", "-srm"])),
        ("processors", "\(information.activeProcessorCount) x \(processor())"),
        ("memory", "\(information.physicalMemory >> 20) MiB"),
        ("godwitd", firstLine([Products.path("godwitd"), "--version"])),
        ("keepalived", firstLine(["keepalived", "--version"])),
        ("load when it began", read("/proc/loadavg").prefix { $0 != " " }.description),
      ])
  }

  private static func processor() -> String {
    let line = read("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last?.trimmingCharacters(in: .whitespaces) ?? "unknown"
  }

  /// The first line that a program prints, on whichever output.
  private static func firstLine(_ command: [String]) -> String {
    guard let path = command[0].hasPrefix("/") ? command[0] : Products.find(command[0]) else {
      return "not found"
    }
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = Array(command.dropFirst())
    process.standardOutput = pipe
    process.standardError = pipe
    guard (try? process.run()) != nil else { return "cannot be run" }
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return output.split(separator: "\n").first.map(String.init) ?? ""
  }
}

/// A file of /proc as text, empty when it cannot be read.
func read(_ path: String) -> String {
  guard let file = FileHandle(forReadingAtPath: path) else { return "" }
  defer { try? file.close() }
  return String(decoding: file.readDataToEndOfFile(), as: UTF8.self)
}
