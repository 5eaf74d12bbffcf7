import Glibc

extension NodeConfiguration {
  /// Reads a configuration file of at most 1 MiB.
  ///
  /// - Parameter hostName: this host's name up to its first dot, the default of `node`.
  public static func load(
    path: String, hostName: String
  ) throws(ConfigurationErrors) -> NodeConfiguration {
    let text: [UInt8]
    do throws(FileProblem) {
      text = try ConfigurationFile(path).contents()
    } catch {
      throw ConfigurationErrors(
        ConfigurationError(file: path, problem: error.problem, remedy: error.remedy))
    }
    return try read(text, file: path, hostName: hostName)
  }
}

/// Why a file cannot be read.
private struct FileProblem: Error {
  var problem: String
  var remedy: String

  init(_ problem: String, _ remedy: String) {
    self.problem = problem
    self.remedy = remedy
  }

  /// What open(2) said.
  init(opening path: String, _ code: CInt) {
    switch code {
    case ENOENT where Self.isSymbolicLink(path):
      self.init("the symbolic link leads to no file", "correct the link")
    case ENOENT: self.init("there is no such file", "create it, or name the right path")
    case ENOTDIR: self.init("a part of the path is not a directory", "name the right path")
    case ELOOP: self.init("the symbolic link leads back to itself", "correct the link")
    case EACCES: self.init("no permission to read it", "let this user read the file")
    default: self.init("open failed: \(String(cString: strerror(code)))", "check the file system")
    }
  }

  private static func isSymbolicLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }
}

/// The open file.
private struct ConfigurationFile: ~Copyable {
  private let descriptor: CInt
  /// What open(2) said when there is no descriptor.
  private let failure: FileProblem?

  init(_ path: String) {
    // O_NONBLOCK: opening a FIFO must not wait for a writer.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    failure = descriptor < 0 ? FileProblem(opening: path, errno) : nil
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// All of a regular file.
  func contents() throws(FileProblem) -> [UInt8] {
    if let failure { throw failure }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.readFailure(errno) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw FileProblem("it is a directory", "name the file in it")
    default: throw FileProblem("it is not a regular file", "name a regular file")
    }
    // One byte more than allowed, so that `read` sees that the file is too long.
    var bytes = [UInt8](repeating: 0, count: YAMLDocument.maximumSize + 1)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
      }
      if count == 0 { break }
      if count > 0 {
        filled += count
      } else if errno != EINTR {
        throw Self.readFailure(errno)
      }
    }
    return Array(bytes.prefix(filled))
  }

  private static func readFailure(_ code: CInt) -> FileProblem {
    FileProblem("read failed: \(String(cString: strerror(code)))", "check the file system")
  }
}
