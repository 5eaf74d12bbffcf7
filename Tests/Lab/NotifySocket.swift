import CLab
import Glibc

/// The socket on which a daemon says that it is ready, as systemd would have it (sd_notify(3)).
final class NotifySocket {
  let path: String
  private let socket: Descriptor
  /// Everything that was said, a line each; the newest 1,000.
  private(set) var lines: [String] = []

  init(path: String) throws {
    self.path = path
    unlink(path)
    let number = clinux_lab_notify_socket(path)
    if number < 0 { throw LabError.system("bind \(path)") }
    socket = Descriptor(number: number)
  }

  deinit { unlink(path) }

  /// Waits for a line, for up to `limit`; whether it came.
  func wait(for line: String, within limit: Duration) -> Bool {
    let deadline = Moment.now + limit
    while !lines.contains(line) {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let length = recv(socket.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if length > 0 {
        let text = String(decoding: buffer[..<length], as: UTF8.self)
        lines = (lines + text.split(separator: "\n").map(String.init)).suffix(1000)
      } else if Moment.now >= deadline {
        return false
      } else {
        _ = clinux_lab_readable(socket.number, (deadline - Moment.now).forPoll)
      }
    }
    return true
  }
}
