/// Where the bytes of a key are.
public enum KeySource: Hashable, Sendable, CustomStringConvertible {
  /// A file, by its absolute path.
  case file(String)
  /// A credential of the service, by its name (`LoadCredential=` of systemd.exec(5)).
  case credential(String)

  /// Such as `/etc/godwit/keys/1` or `credential godwit-key`.
  public var description: String {
    switch self {
    case .file(let path): path
    case .credential(let name): "credential \(name)"
    }
  }
}
