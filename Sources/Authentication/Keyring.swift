// The shared keys of a group of nodes and the codes they make. Nothing but this module ever holds a
// key's bytes: they go from the file into a buffer that is wiped, from there into contexts of
// libcrypto that wipe themselves, and come out as codes alone.

/// The keys of one configuration, by their ids, ready to make HMAC-SHA-256 codes.
///
/// A reload makes a new keyring and drops the old one, which wipes its keys. Belongs to one thread.
public final class Keyring {
  /// The key that signs.
  public let activeKey: UInt8
  /// The ids in use, in ascending order.
  public var keyIdentifiers: [UInt8] { keys.keys.sorted() }
  private let keys: [UInt8: PreparedKey]

  /// - Parameters:
  ///   - sources: the file of each key id.
  ///   - activeKey: one of those ids.
  ///   - credentials: the directory in which a service manager puts credentials:
  ///     `CREDENTIALS_DIRECTORY` of the environment (systemd.exec(5)).
  /// - Throws: the first key that cannot be used, and what to do about it.
  public init(
    _ sources: [UInt8: KeySource], activeKey: UInt8, credentials: String? = nil
  ) throws(KeyError) {
    var keys: [UInt8: PreparedKey] = [:]
    for (identifier, source) in sources.sorted(by: { $0.key < $1.key }) {
      do throws(KeyFault) {
        let bytes = try KeyFile.read(source, credentials: credentials)
        guard let key = PreparedKey(bytes) else { throw .libraryFailed }
        keys[identifier] = key
      } catch {
        throw KeyError(key: identifier, source: source, fault: error)
      }
    }
    guard keys[activeKey] != nil else {
      throw KeyError(key: activeKey, source: nil, fault: .undefinedActiveKey)
    }
    self.keys = keys
    self.activeKey = activeKey
  }

  /// Whether a key has that id.
  public func contains(_ identifier: UInt8) -> Bool { keys[identifier] != nil }

  /// The 32 bytes of HMAC-SHA-256 (RFC 2104, FIPS 180-4) over a message; nil when no key has that
  /// id.
  public func code(key identifier: UInt8, over message: Span<UInt8>) -> [UInt8]? {
    keys[identifier]?.code(over: message)
  }

  /// The 32 bytes of HMAC-SHA-256 over a message; nil when no key has that id.
  public func code(key identifier: UInt8, over message: [UInt8]) -> [UInt8]? {
    code(key: identifier, over: message.span)
  }
}

/// What a log line or a debugger may see.
extension Keyring: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Such as `keys 1 and 2, 2 signs`.
  public var description: String {
    let identifiers = keyIdentifiers.map(String.init)
    guard let last = identifiers.last, identifiers.count > 1 else { return "key \(activeKey)" }
    return "keys \(identifiers.dropLast().joined(separator: ", ")) and \(last), \(activeKey) signs"
  }

  public var debugDescription: String { description }

  public var customMirror: Mirror { Mirror(self, children: []) }
}
