import CLab
import Foundation

// A process that was killed with SIGKILL removes nothing. Each lab therefore holds a lock on a file
// in its directory, which the kernel lets go with the process; a lab without one has no owner.

extension Lab {
  /// Takes the lock of a new lab's directory; nil when a sweep was quicker.
  static func lock(_ directory: String) throws -> Int32? {
    let path = "\(directory)/lock"
    let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if number < 0 { throw LabError.system("open \(path)") }
    if flock(number, LOCK_EX | LOCK_NB) == 0 { return number }
    closeDescriptor(number)
    return nil
  }

  /// Removes what killed processes left of their labs. Done once in each process, before its first
  /// lab.
  public static func sweep() {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: "/tmp")) ?? [] where isPrefix(name) {
      let number = open("/tmp/\(name)/lock", O_RDWR | O_CLOEXEC)
      if number < 0 { continue }
      defer { closeDescriptor(number) }
      guard flock(number, LOCK_EX | LOCK_NB) == 0 else { continue }
      for namespace in (try? files.contentsOfDirectory(atPath: "/run/netns")) ?? []
      where namespace.hasPrefix("\(name)-") {
        clinux_lab_remove_namespace(namespace)
      }
      clinux_lab_remove_directory("/tmp/\(name)")
    }
  }

  static let sweptOnce: Void = sweep()

  private static func isPrefix(_ name: String) -> Bool {
    name.count == 7 && name.hasPrefix("gw") && name.dropFirst(2).allSatisfy(\.isHexDigit)
  }
}
