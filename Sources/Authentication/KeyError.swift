import Glibc

/// A key that cannot be used: which, why, and what to do about it.
public struct KeyError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Its id in the configuration.
  public let key: UInt8
  /// nil when no key has that id.
  public let source: KeySource?
  public let fault: KeyFault

  /// One sentence and the remedy.
  public var description: String {
    guard let source else { return "key \(key): \(fault.explanation("FILE"))" }
    return "key \(key) (\(source)): \(fault.explanation(source.description))"
  }
}

/// Why a key cannot be used.
public enum KeyFault: Error, Equatable, Sendable {
  case missing
  case noSuchCredential
  /// The daemon was not started with any credentials.
  case noCredentials
  case notPermitted
  /// errno of the call that failed.
  case unreadable(Int32)
  case notAFile
  case symbolicLink
  /// Its mode.
  case tooOpen(UInt32)
  /// The user who owns it.
  case foreignOwner(UInt32)
  /// How many bytes the key has.
  case tooShort(Int)
  /// How many bytes the key has; nil when the file was not read to its end.
  case tooLong(Int?)
  case notHexadecimal
  case undefinedActiveKey
  case libraryFailed

  /// What is wrong, and what to do.
  func explanation(_ source: String) -> String {
    switch self {
    case .missing:
      "there is no such file; copy the key from another node with `scp -p`, or make the first one "
        + "with `godwit keygen \(source)`"
    case .noSuchCredential:
      "the service has no credential of that name; add `LoadCredential=NAME:PATH` to it with "
        + "`systemctl edit godwitd` and restart it"
    case .noCredentials:
      "CREDENTIALS_DIRECTORY is not set, so no service manager passed any credential; add "
        + "`LoadCredential=NAME:PATH` with `systemctl edit godwitd`, or name a file"
    case .notPermitted: "permission denied; only its owner and root may read it"
    case .unreadable(let code): "it cannot be read: \(String(cString: strerror(code)))"
    case .notAFile: "it is not a regular file; name the file that holds the key"
    case .symbolicLink: "it is a symbolic link, which is not followed; name the file itself"
    case .tooOpen(let mode):
      "its mode is \(Self.octal(mode)), so other users may read or change it; do "
        + "`chmod 0600 \(source)`, and make a new key if any of them may have read it"
    case .foreignOwner(let user):
      "it belongs to user \(user), who may change it; do `chown root \(source)`"
    case .tooShort(let count):
      "the key has \(count) byte\(count == 1 ? "" : "s"); 32 to 64 are needed, as `godwit keygen` "
        + "makes them"
    case .tooLong(let count?): "the key has \(count) bytes; 32 to 64 are needed"
    case .tooLong(nil): "the file is too large for a key, which has 32 to 64 bytes"
    case .notHexadecimal:
      "after `hex:` must come 64 to 128 hexadecimal digits and nothing else"
    case .undefinedActiveKey: "it is to sign, but it is not among the keys"
    case .libraryFailed: "libcrypto cannot make HMAC-SHA-256 codes with it"
    }
  }

  private static func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
