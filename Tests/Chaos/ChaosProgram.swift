import CLab
import Foundation
import Lab

/// Whole nodes in a lab, everything done to them that happens to hosts, and one question: does the
/// address ever have two holders?
///
/// `godwit-chaos [--seconds N] [--seed N] [--interval 100ms] [--nodes 2]` does random things, the
/// same ones in the same order for the same seed. `godwit-chaos --kills N --stops N` does the two
/// that only a lease survives, that often, and measures; `--lease off` shows what happens without
/// one. Exit status 1 when a promise was broken.
@main
struct ChaosProgram {
  static func main() {
    do {
      let options = try ChaosOptions(Array(CommandLine.arguments.dropFirst()))
      if let missing = LabRequirements.missing(.godwit) { throw LabError(missing) }
      // Busy nodes must not keep this thread from ending what it has begun.
      clinux_lab_keep_ahead()
      let stage = try ChaosStage(options)
      defer { stage.lab.remove() }
      let isClean: Bool
      if options.kills + options.stops > 0 {
        isClean = try LapseRun(stage, options).run()
      } else {
        isClean = try ChaosRun(stage, options).run()
      }
      stage.lab.remove()
      exit(isClean ? 0 : 1)
    } catch {
      FileHandle.standardError.write(Data("godwit-chaos: \(error)\n".utf8))
      exit(2)
    }
  }
}

struct ChaosOptions {
  var seconds = 60
  var seed = UInt64.random(in: 1...999_999)
  /// 1-4095.
  var centiseconds = 10
  var nodes = 2
  var kills = 0
  var stops = 0
  /// As in the configuration file; nil leaves the key out.
  var leaseText: String?
  /// `bpf`, `nftables`; nil leaves the choice to the daemon.
  var mechanism: String?

  /// Advertisement_Interval.
  var interval: Duration { .milliseconds(centiseconds * 10) }
  /// The standard: two and a half intervals.
  var lease: Duration { .milliseconds(centiseconds * 25) }

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      guard let value = rest.popFirst() else { throw LabError("\(option) needs a value") }
      switch option {
      case "--seconds": seconds = try Self.number(value, 1...86_400)
      case "--seed": seed = UInt64(try Self.number(value, 0...Int.max))
      case "--interval": centiseconds = try Self.interval(value)
      case "--nodes": nodes = try Self.number(value, 2...5)
      case "--kills": kills = try Self.number(value, 0...10_000)
      case "--stops": stops = try Self.number(value, 0...10_000)
      case "--lease": leaseText = value
      case "--mechanism": mechanism = value
      default: throw LabError("there is no option \(option)")
      }
    }
  }

  private static func number(_ text: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw LabError("\(text) is not a number of \(range)")
    }
    return number
  }

  /// `100ms`, `1s`.
  private static func interval(_ text: String) throws -> Int {
    let digits = text.prefix { $0.isNumber }
    let milliseconds = (Int(digits) ?? 0) * (text.hasSuffix("ms") ? 1 : 1000)
    guard text == "\(digits)ms" || text == "\(digits)s", milliseconds % 10 == 0 else {
      throw LabError("\(text) is not an interval like 100ms or 1s")
    }
    return try number("\(milliseconds / 10)", 1...4095)
  }
}
