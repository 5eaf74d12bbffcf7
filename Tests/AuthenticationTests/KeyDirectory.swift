import Glibc

/// A directory of the test's own for key files; goes with it.
final class KeyDirectory {
  let path: String

  init() throws {
    var template = Array("/tmp/godwit-keys-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw Failure() }
    path = String(cString: made)
  }

  deinit {
    for name in names { unlink(path + "/" + name) }
    rmdir(path)
  }

  /// Writes a file of that mode, and returns its path.
  func file(_ name: String, _ content: [UInt8], mode: mode_t = 0o600) throws -> String {
    let file = path + "/" + name
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else { throw Failure() }
    defer { close(descriptor) }
    names.append(name)
    guard write(descriptor, content, content.count) == content.count,
      fchmod(descriptor, mode) == 0
    else { throw Failure() }
    return file
  }

  func file(_ name: String, _ content: String, mode: mode_t = 0o600) throws -> String {
    try file(name, Array(content.utf8), mode: mode)
  }

  func link(_ name: String, to file: String) throws -> String {
    let link = path + "/" + name
    guard symlink(file, link) == 0 else { throw Failure() }
    names.append(name)
    return link
  }

  private var names: [String] = []
  struct Failure: Error {}
}
