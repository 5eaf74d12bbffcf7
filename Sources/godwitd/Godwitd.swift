import Control
import Glibc
import LinuxIO

/// `godwitd --config FILE [--foreground] [--record FILE]`: the daemon.
///
/// It always runs in the foreground and logs to standard error, as systemd wants it. Its exit status
/// is 0 after SIGTERM, 78 for an error in the configuration, 77 for a missing capability and 71 for
/// any other reason that it cannot start (sysexits.h(3)).
@main
struct Godwitd {
  static func main() {
    switch Arguments(CommandLine.arguments.dropFirst()) {
    case .run(let path, let recording): exit(run(path, recording: recording))
    case .writeRecording(let path): RecordingWriter(path: path).run()
    case .writeState(let directory):
      var writer = StateWriter(directory: directory)
      writer.run()
    case .version: print("godwitd \(godwitVersion)")
    case .help: print(Arguments.usage)
    case .wrong(let why):
      complain("\(why)\n\(Arguments.usage)")
      exit(64)
    }
  }

  private static func run(_ path: String, recording: String?) -> Int32 {
    do throws(StartupError) {
      let startup = try Startup.make(configurationPath: path)
      try startup.checkLease()
      if let recording { try Startup.checkRecording(recording) }
      let daemon = Daemon(startup, recording: recording)
      do throws(SystemError) {
        try daemon.run()
        return 0
      } catch {
        throw .system("\(error)")
      }
    } catch {
      complain(error.text)
      return error.status
    }
  }

  private static func complain(_ text: String) {
    let line = "godwitd: \(text)\n"
    _ = write(2, line, line.utf8.count)
  }
}

/// What the command line asks for.
enum Arguments {
  /// With this configuration, and everything that happens recorded in that file.
  case run(String, recording: String?)
  case writeRecording(String)
  case writeState(String)
  case version
  case help
  case wrong(String)

  static let usage = """
    usage: godwitd --config FILE [--foreground] [--record FILE]

      --config FILE  the configuration; /etc/godwit/godwit.yaml when left out
      --foreground   accepted for clarity: godwitd never goes to the background
      --record FILE  append what goes into the virtual routers and what comes out as lines of JSON;
                     `simulate --replay FILE` runs them again
      --version      print the version
      --help         print this
    """

  init(_ words: ArraySlice<String>) {
    var path = "/etc/godwit/godwit.yaml"
    var recording: String?
    var rest = words
    while let word = rest.popFirst() {
      switch word {
      case "--config":
        guard let value = rest.popFirst() else {
          self = .wrong("--config needs a file")
          return
        }
        path = value
      case "--foreground": break
      case "--record":
        guard let value = rest.popFirst() else {
          self = .wrong("--record needs a file")
          return
        }
        recording = value
      case "--write-recording":
        self = rest.popFirst().map(Self.writeRecording) ?? .wrong("--write-recording needs a file")
        return
      case "--write-state":
        self = rest.popFirst().map(Self.writeState) ?? .wrong("--write-state needs a directory")
        return
      case "--version":
        self = .version
        return
      case "--help", "-h":
        self = .help
        return
      default:
        self = .wrong("\(word) is not an option")
        return
      }
    }
    self = .run(path, recording: recording)
  }
}
