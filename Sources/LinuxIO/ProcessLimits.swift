import CLinux
import Glibc

/// What the daemon asks of the kernel for itself. A child of `ChildProcess` inherits none of it.
public enum ProcessLimits {
  /// The two capabilities the daemon cannot work without (capabilities(7)).
  public enum Capability: Int32, Sendable, CaseIterable {
    /// Addresses, routes, nftables.
    case networkAdministration = 12
    /// Raw and packet sockets.
    case rawSockets = 13
  }

  /// SCHED_FIFO for this thread, priority 1-99, not inherited by children (sched(7)).
  public static func setRealtime(priority: Int32) throws(SystemError) {
    guard godwit_set_realtime(priority) == 0 else { throw SystemError("sched_setscheduler") }
  }

  /// Nice value -20, the best without real time (setpriority(2)).
  public static func raisePriority() throws(SystemError) {
    guard setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -20) == 0 else {
      throw SystemError("setpriority")
    }
  }

  /// Gives back the pages of code that were touched so far: most of them served the start alone.
  /// What runs on is read again from the page cache. Before `lockMemory`; after it nothing happens.
  public static func forgetCode() {
    // START-END r-xp OFFSET DEVICE INODE PATH (proc_pid_maps(5)).
    var code: [(start: UInt, length: Int)] = []
    for mapping in lines(of: "/proc/self/maps") {
      let fields = mapping.split(separator: " ", omittingEmptySubsequences: true)
      guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { continue }
      let range = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard range.count == 2, range[0] < range[1] else { continue }
      code.append((range[0], Int(range[1] - range[0])))
    }
    for (start, length) in code {
      // Nothing of it was ever written, so nothing is lost.
      madvise(UnsafeMutableRawPointer(bitPattern: start), length, MADV_DONTNEED)
    }
  }

  /// Keeps every page that was once touched in memory (mlockall(2) with MCL_ONFAULT).
  public static func lockMemory() throws(SystemError) {
    guard godwit_lock_memory() == 0 else { throw SystemError("mlockall") }
  }

  /// Raises the limit of open files to what the kernel allows; children get the old limit.
  public static func raiseDescriptorLimit() throws(SystemError) {
    guard godwit_raise_descriptor_limit() == 0 else { throw SystemError("setrlimit") }
  }

  /// Keeps what this process has in memory out of every core (core(5)); children get the old limit.
  public static func forbidCore() throws(SystemError) {
    guard godwit_forbid_core() == 0 else { throw SystemError("setrlimit") }
  }

  /// Whether this process may use a capability now.
  public static func hasCapability(_ capability: Capability) -> Bool {
    godwit_has_capability(capability.rawValue) == 1
  }

  /// Makes a write to a reader that is gone an error (EPIPE) instead of the end of the process.
  public static func ignoreBrokenPipes() {
    // Fails only for an unknown signal.
    _ = godwit_ignore_broken_pipes()
  }

  /// The lines of a small file, none when it cannot be read.
  private static func lines(of path: String) -> [Substring] {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return [] }
    let file = FileDescriptor(owning: number)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16384)
    while bytes.count < 1 << 20 {
      let count = Glibc.read(file.number, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }
}
