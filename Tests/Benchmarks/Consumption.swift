import Foundation
import Lab

/// What the processes of a program have used or use.
struct Consumption {
  /// utime and stime (proc(5)).
  var ticks = 0
  /// Time on a processor by the scheduler's own account.
  var nanoseconds = 0
  /// KiB, with shared pages counted whole and in proportion.
  var residentKiB = 0
  var proportionalKiB = 0
  var privateKiB = 0

  static func of(_ daemon: Daemon) -> Consumption {
    var sum = Consumption()
    for identifier in daemon.identifiers {
      let words =
        read("/proc/\(identifier)/stat").split(separator: ")").last?
        .split(separator: " ") ?? []
      if words.count > 12 { sum.ticks += (Int(words[11]) ?? 0) + (Int(words[12]) ?? 0) }
      let tasks =
        (try? FileManager.default.contentsOfDirectory(
          atPath: "/proc/\(identifier)/task")) ?? []
      for task in tasks {
        let schedule = read("/proc/\(identifier)/task/\(task)/schedstat").split(separator: " ")
        sum.nanoseconds += schedule.first.flatMap { Int($0) } ?? 0
      }
      for line in read("/proc/\(identifier)/smaps_rollup").split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count > 1, let amount = Int(words[1]) else { continue }
        switch words[0] {
        case "Rss:": sum.residentKiB += amount
        case "Pss:": sum.proportionalKiB += amount
        case "Private_Dirty:", "Private_Clean:": sum.privateKiB += amount
        default: break
        }
      }
    }
    return sum
  }

  /// Milliseconds of processor time per second since `earlier`, by both accounts.
  func processor(since earlier: Consumption, over time: Duration) -> (exact: Double, ticks: Double)
  {
    let seconds = time / .seconds(1)
    // A tick of proc(5) is 10 ms wherever Linux runs.
    return (
      Double(nanoseconds - earlier.nanoseconds) / 1e6 / seconds,
      Double(ticks - earlier.ticks) * 10 / seconds
    )
  }
}
