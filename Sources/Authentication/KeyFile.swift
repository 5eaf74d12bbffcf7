import Glibc

/// Reads the file of a key, checked on the descriptor that is read: nobody can exchange it in
/// between.
enum KeyFile {
  /// Bytes of a key. 32 keep the strength of SHA-256, 64 are its block.
  static let keyLength = 32...64
  /// In front of hexadecimal digits.
  static let hexadecimalPrefix = Array("hex:".utf8)
  /// A file of more is none of a key: the longest in hexadecimal and a few line ends.
  private static let longestFile = 256

  static func read(
    _ source: KeySource, credentials: String?
  ) throws(KeyFault) -> SecretBytes {
    switch source {
    case .file(let path): return try read(path: path, isCredential: false)
    case .credential(let name):
      guard let credentials else { throw .noCredentials }
      guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
        throw .noSuchCredential
      }
      return try read(path: credentials + "/" + name, isCredential: true)
    }
  }

  private static func read(path: String, isCredential: Bool) throws(KeyFault) -> SecretBytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw fault(ofOpening: errno, isCredential: isCredential) }
    defer { close(descriptor) }
    try checkOwnership(descriptor, isCredential: isCredential)
    var text = SecretBytes(capacity: longestFile + 1)
    while text.count < text.capacity {
      let count = text.append { Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count == 0 { break }
      if count < 0, errno != EINTR { throw .unreadable(errno) }
    }
    guard text.count <= longestFile else { throw .tooLong(nil) }
    return try key(in: text)
  }

  private static func fault(ofOpening code: Int32, isCredential: Bool) -> KeyFault {
    switch code {
    case ENOENT, ENOTDIR: isCredential ? .noSuchCredential : .missing
    case ELOOP: .symbolicLink
    case EACCES, EPERM: .notPermitted
    default: .unreadable(code)
    }
  }

  private static func checkOwnership(
    _ descriptor: Int32, isCredential: Bool
  ) throws(KeyFault) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw .unreadable(errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
    // The service manager lets one user in through an access list, and the mask of that list shows
    // as permissions of the group (acl(5)); the directory is closed to everybody else.
    let forbidden: mode_t = isCredential ? 0o037 : 0o077
    guard status.st_mode & forbidden == 0 else { throw .tooOpen(status.st_mode & 0o7777) }
    guard status.st_uid == 0 || status.st_uid == geteuid() else {
      throw .foreignOwner(status.st_uid)
    }
  }

  /// `hex:` and digits, or the bytes themselves; line ends behind either do not count.
  static func key(in text: consuming SecretBytes) throws(KeyFault) -> SecretBytes {
    while text.count > 0, text[text.count - 1] == 0x0a || text[text.count - 1] == 0x0d {
      text.removeLast()
    }
    let isHexadecimal =
      text.count >= hexadecimalPrefix.count
      && hexadecimalPrefix.indices.allSatisfy { text[$0] == hexadecimalPrefix[$0] }
    let key = isHexadecimal ? try bytes(ofDigitsIn: text) : text
    guard key.count >= keyLength.lowerBound else { throw .tooShort(key.count) }
    guard key.count <= keyLength.upperBound else { throw .tooLong(key.count) }
    return key
  }

  private static func bytes(
    ofDigitsIn text: borrowing SecretBytes
  ) throws(KeyFault) -> SecretBytes {
    let start = hexadecimalPrefix.count
    guard (text.count - start).isMultiple(of: 2) else { throw .notHexadecimal }
    var bytes = SecretBytes(capacity: (text.count - start) / 2)
    for index in stride(from: start, to: text.count, by: 2) {
      guard let high = digit(text[index]), let low = digit(text[index + 1]) else {
        throw .notHexadecimal
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
