import Glibc
import LinuxIO

/// The process that appends a recording to its file, for as long as standard input lasts. It may block
/// for as long as the disk does.
struct RecordingWriter {
  let path: String

  func run() {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
    guard descriptor >= 0 else { return complain(SystemError("open")) }
    let file = FileDescriptor(owning: descriptor)
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(0, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      var sent = 0
      while sent < count {
        let written = buffer[sent..<count].withUnsafeBytes {
          Glibc.write(file.number, $0.baseAddress, $0.count)
        }
        if written < 0, errno == EINTR { continue }
        // A full disk ends the recording, since one with a gap would tell another story.
        guard written > 0 else { return complain(SystemError("write")) }
        sent += written
      }
    }
  }

  private func complain(_ error: SystemError) {
    let text = "\(path): \(error)\n"
    _ = Glibc.write(2, text, text.utf8.count)
  }
}
