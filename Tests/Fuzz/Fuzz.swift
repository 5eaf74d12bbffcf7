import CFuzz
import Glibc

/// Feeds every parser that the network or a file reaches with what nobody has thought of.
///
/// `godwit-fuzz targets` lists the targets, `godwit-fuzz seeds DIRECTORY` writes inputs to begin
/// with, and `godwit-fuzz TARGET …` hands the rest of the arguments to libFuzzer: a directory of
/// inputs to fuzz from, or a file to run once. `make fuzz` does all three.
@main
enum Fuzz {
  static func main() {
    let arguments = CommandLine.arguments
    switch arguments.dropFirst().first {
    case "targets" where arguments.count == 2:
      for target in Target.allCases { print(target.rawValue) }
    case "seeds" where arguments.count == 3:
      do {
        try Seeds.write(to: arguments[2])
      } catch {
        stop("seeds: \(error)")
      }
    case let name?:
      guard let target = Target(rawValue: name) else { fallthrough }
      exit(run(target, [arguments[0]] + arguments.dropFirst(2)))
    case nil:
      stop("use: godwit-fuzz targets | seeds DIRECTORY | TARGET [libFuzzer's arguments]")
    }
  }

  private static func run(_ target: Target, _ arguments: [String]) -> CInt {
    var count = CInt(arguments.count)
    var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    return pointers.withUnsafeMutableBufferPointer { buffer in
      var first = buffer.baseAddress
      return LLVMFuzzerRunDriver(&count, &first, target.callback)
    }
  }

  private static func stop(_ message: String) -> Never {
    complain(message)
    exit(64)
  }
}

/// Ends the run with a finding unless `condition` holds; `sentence` says what should have.
func expect(
  _ condition: @autoclosure () -> Bool, _ sentence: @autoclosure () -> String
) {
  if condition() { return }
  complain("does not hold: \(sentence())")
  // What libFuzzer takes for a finding.
  abort()
}

/// What a target does, line by line, when TRACE is set in the environment: for one input.
enum Trace {
  static let isOn = getenv("TRACE") != nil

  static func tell(_ line: String) { complain(line) }
}

private func complain(_ message: String) {
  let line = Array("godwit-fuzz: \(message)\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
}
