import Authentication
import Configuration
import Glibc
import LinuxIO

extension Daemon {
  /// The keys of the configuration, read now; nil when there are none, or when they cannot be used,
  /// which is logged.
  func makeKeyring() -> Keyring? {
    guard let authentication = configuration.authentication else { return nil }
    var sources: [UInt8: KeySource] = [:]
    for key in authentication.keys {
      switch key.source {
      case .file(let path): sources[key.identifier] = .file(path)
      case .credential(let name): sources[key.identifier] = .credential(name)
      }
    }
    do throws(KeyError) {
      return try Keyring(
        sources, activeKey: authentication.activeKey,
        credentials: getenv("CREDENTIALS_DIRECTORY").map { String(cString: $0) })
    } catch {
      log.write(.error, "the peer channel has no keys: \(error)")
      return nil
    }
  }
}
