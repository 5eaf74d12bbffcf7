import CLab
import Glibc

/// close(2), under a name that no method hides.
func closeDescriptor(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

/// A descriptor that closes with its last owner.
struct Descriptor: ~Copyable {
  let number: Int32

  deinit { closeDescriptor(number) }
}
