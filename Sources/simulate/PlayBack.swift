import ArgumentParser
import FoundationEssentials
import Recording

/// Plays a recording of `godwitd --record` to this binary's participants.
struct PlayBack {
  let path: String
  /// Whether every event is shown, or only the first that differs.
  let isVerbose: Bool

  func run() throws {
    var replay = Replay()
    var number = 0
    var events = 0
    for line in try Data(contentsOf: URL(filePath: path)).split(separator: UInt8(ascii: "\n")) {
      number += 1
      let step: Replay.Step?
      do throws(RecordingError) {
        step = try replay.play(RecordedLine(bytes: line))
      } catch {
        throw ValidationError("\(path):\(number): \(error)")
      }
      guard let step else { continue }
      events += 1
      if isVerbose { show(step) }
      guard !step.isSame else { continue }
      print("\(path):\(number): the first difference")
      show(step)
      print("recorded:", step.recorded.joined(separator: "\n  "), separator: "\n  ")
      throw ExitCode.failure
    }
    print("same: \(events) events")
  }

  private func show(_ step: Replay.Step) {
    print(step.time, step.router, step.event)
    for effect in step.answered { print("  -> \(effect)") }
  }
}
