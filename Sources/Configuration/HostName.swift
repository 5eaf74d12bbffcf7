import Glibc

/// The name of this host.
public enum HostName {
  /// The host name up to its first dot (gethostname(2)); empty when the host has none.
  public static func upToFirstDot() -> String {
    // HOST_NAME_MAX is 64; the last byte stays 0 whatever the call writes.
    var bytes = [CChar](repeating: 0, count: 256)
    let result = gethostname(&bytes, bytes.count - 1)
    guard result == 0 else { return "" }
    let name = bytes.lazy.map { UInt8(bitPattern: $0) }.prefix {
      $0 != 0 && $0 != UInt8(ascii: ".")
    }
    return String(decoding: name, as: UTF8.self)
  }
}
