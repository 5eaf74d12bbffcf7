import CLab
import Glibc

/// Counts what this thread asks of the allocator, by breakpoints on its functions: nothing is
/// replaced, so what is measured is what runs in the daemon.
struct AllocationCounter: ~Copyable {
  private var descriptors: [Int32] = []

  /// nil where the machine has no breakpoints to give.
  init?() {
    for function in ["malloc", "calloc", "realloc", "posix_memalign"] {
      let descriptor = clinux_calls_open(function)
      guard descriptor >= 0 else {
        for descriptor in descriptors { close(descriptor) }
        return nil
      }
      descriptors.append(descriptor)
    }
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  /// Calls since it was made.
  var count: Int { descriptors.reduce(0) { $0 + Int(clinux_calls_count($1)) } }
}
