import Glibc

/// A new authentication key in a file of its own.
public enum KeyFile {
  /// Why no key was written; the file that was there is as it was.
  public enum Failure: Error, Equatable, Sendable {
    case exists(String)
    /// The call, its error number, and the path it was about.
    case system(call: String, errno: Int32, path: String)

    public var message: String {
      switch self {
      case .exists(let path):
        "\(path) exists and is left as it is: a key that is in use is never overwritten; "
          + "choose another name, or move the old file away"
      case .system("open", ENOENT, let path):
        "cannot write \(path): its directory does not exist; create it first, `mkdir -m 0700 -p …`"
      case .system(let call, let number, let path):
        "cannot write \(path): \(call): \(String(cString: strerror(number)))"
      }
    }

    public var exitStatus: Int32 {
      switch self {
      case .system(_, EACCES, _), .system(_, EPERM, _): ExitStatus.notAllowed
      default: ExitStatus.refused
      }
    }
  }

  /// Writes 32 random bytes (getrandom(2)) as `hex:` and 64 digits to `path`, which must not exist;
  /// mode 0600; on disk when this returns.
  public static func create(path: String) throws(Failure) {
    let text = try text { () throws(Failure) in try randomBytes(for: path) }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      if errno == EEXIST { throw .exists(path) }
      throw .system(call: "open", errno: errno, path: path)
    }
    var failure: Failure?
    let written = text.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if written != text.count {
      failure = .system(call: "write", errno: written < 0 ? errno : ENOSPC, path: path)
    } else if fsync(descriptor) != 0 {
      failure = .system(call: "fsync", errno: errno, path: path)
    }
    close(descriptor)
    if let failure {
      unlink(path)
      throw failure
    }
    keepName(of: path)
  }

  /// The text of a key file, from 32 random bytes that `draw` makes.
  ///
  /// Drawn again while the last byte is ff: keepalived refuses such digits as a key, and whoever has
  /// it beside Godwit would find out only when advertisements are discarded.
  static func text(drawing draw: () throws(Failure) -> [UInt8]) throws(Failure) -> [UInt8] {
    var key = try draw()
    while key.last == 0xff { key = try draw() }
    let digits = Array("0123456789abcdef".utf8)
    var text = Array("hex:".utf8)
    for byte in key {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 0xF)])
    }
    return text + [0x0A]
  }

  private static func randomBytes(for path: String) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    // getentropy(3) is getrandom(2) without its partial answers.
    guard bytes.withUnsafeMutableBytes({ getentropy($0.baseAddress, $0.count) }) == 0 else {
      throw .system(call: "getentropy", errno: errno, path: path)
    }
    return bytes
  }

  /// Puts the directory's new entry on disk, as far as that can be done.
  private static func keepName(of path: String) {
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
