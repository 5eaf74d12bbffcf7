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

  /// Keeps every page that was once touched in memory (mlockall(2) with MCL_ONFAULT).
  public static func lockMemory() throws(SystemError) {
    guard godwit_lock_memory() == 0 else { throw SystemError("mlockall") }
  }

  /// Raises the limit of open files to what the kernel allows; children get the old limit.
  public static func raiseDescriptorLimit() throws(SystemError) {
    guard godwit_raise_descriptor_limit() == 0 else { throw SystemError("setrlimit") }
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
}
