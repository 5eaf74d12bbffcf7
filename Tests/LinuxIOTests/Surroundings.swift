import Glibc
import VRRP

@testable import LinuxIO

/// Waits until a descriptor is ready, at most `milliseconds`; false when it did not become so.
func waitUntilReady(_ descriptor: Int32, for events: Int32 = POLLIN, milliseconds: Int32 = 20_000)
  -> Bool
{
  var wanted = pollfd(fd: descriptor, events: Int16(events), revents: 0)
  return poll(&wanted, 1, milliseconds) == 1
}

/// Whether something becomes true within 20 s, asked every millisecond.
func becomesTrue(_ condition: () -> Bool) -> Bool {
  let end = Clock.now() + .seconds(20)
  while Clock.now() < end {
    if condition() { return true }
    usleep(1000)
  }
  return condition()
}

/// The first 4 KiB of a file.
func readFile(_ path: String) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  defer { close(descriptor) }
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = read(descriptor, &buffer, buffer.count)
  return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

/// Writes to a file that exists.
func writeFile(_ path: String, _ text: String) {
  let descriptor = open(path, O_WRONLY | O_CLOEXEC)
  defer { close(descriptor) }
  let bytes = Array(text.utf8)
  _ = write(descriptor, bytes, bytes.count)
}

/// A directory of its own for one test, removed with everything in it.
struct TemporaryDirectory: ~Copyable {
  let path: String

  init() {
    var template = Array("/tmp/godwit-test-XXXXXX".utf8CString)
    path = mkdtemp(&template).map { String(cString: $0) } ?? "/nonexistent"
    chmod(path, 0o755)
  }

  /// Writes a file and returns its path.
  func write(_ text: String, to name: String, mode: mode_t = 0o644) -> String {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    let bytes = Array(text.utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
    close(descriptor)
    chmod(file, mode)
    return file
  }

  deinit {
    guard let directory = opendir(path) else { return }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { unlink("\(path)/\(name)") }
    }
    closedir(directory)
    rmdir(path)
  }
}
