import Glibc

/// Whether a process of that name runs: its command name (proc_pid_comm(5), at most 15 bytes) or the
/// last part of its first argument. Zombies do not run, and this process does not count.
enum ProcessCheck {
  static func run(_ name: String) throws(Failure) {
    guard let directory = opendir("/proc") else { throw Failure(systemCall: "opendir") }
    defer { closedir(directory) }
    let wanted = Array(name.utf8)
    while let entry = readdir(directory) {
      let process = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let number = Int32(process), number != getpid() else { continue }
      if matches(process, wanted) { return }
    }
    throw Failure("no such process")
  }

  private static func matches(_ process: String, _ name: [UInt8]) -> Bool {
    // `PID (COMMAND) STATE ...`, where the command may contain anything, also parentheses.
    let status = contents("/proc/\(process)/stat")
    guard let start = status.firstIndex(of: UInt8(ascii: "(")),
      let end = status.lastIndex(of: UInt8(ascii: ")")), start < end, end + 2 < status.count,
      !"ZX".utf8.contains(status[end + 2])
    else { return false }
    if status[(start + 1)..<end].elementsEqual(name) { return true }
    let argument = contents("/proc/\(process)/cmdline").prefix { $0 != 0 }
    let base = argument.lastIndex(of: UInt8(ascii: "/")).map { argument[($0 + 1)...] } ?? argument
    return base.elementsEqual(name)
  }

  // The first 4 KiB; nothing when the process is gone by now.
  private static func contents(_ path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &buffer, buffer.count)
    return Array(buffer.prefix(max(0, count)))
  }
}
