import Glibc

/// The users and groups of the system (passwd(5), group(5)).
///
/// A lookup may ask a directory over the network and block: look up when a configuration is loaded,
/// not when a hook is due.
public enum Account {
  /// What a process needs to become a user.
  public struct Credentials: Hashable, Sendable {
    public var user: UInt32
    public var group: UInt32
    /// All groups, `group` among them.
    public var groups: [UInt32]
    public var name: String
    public var homeDirectory: String
    public var shell: String
  }

  private static let largestRecord = 1 << 20
  private static let mostGroups: Int32 = 65536

  /// The user of that name; nil when there is none or the lookup failed.
  public static func credentials(user name: String) -> Credentials? {
    var found = withUser { entry, buffer, size, result in
      getpwnam_r(name, entry, buffer, size, result)
    } read: { entry in
      Credentials(
        user: entry.pw_uid, group: entry.pw_gid, groups: [], name: String(cString: entry.pw_name),
        homeDirectory: String(cString: entry.pw_dir), shell: String(cString: entry.pw_shell))
    }
    guard let group = found?.group, let groups = groups(of: name, and: group) else { return nil }
    found?.groups = groups
    return found
  }

  /// The name of a user; nil when there is none.
  public static func userName(_ identifier: UInt32) -> String? {
    withUser { entry, buffer, size, result in
      getpwuid_r(identifier, entry, buffer, size, result)
    } read: {
      String(cString: $0.pw_name)
    }
  }

  /// The number of a group; nil when there is none.
  public static func groupIdentifier(_ name: String) -> UInt32? {
    withGrowingBuffer { buffer, size in
      var entry = group()
      var result: UnsafeMutablePointer<group>?
      let failure = getgrnam_r(name, &entry, buffer, size, &result)
      return (failure, result == nil ? nil : entry.gr_gid)
    }
  }

  private typealias UserLookup = (
    UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
    UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
  ) -> Int32

  private static func withUser<Value>(_ lookup: UserLookup, read: (passwd) -> Value) -> Value? {
    withGrowingBuffer { buffer, size in
      var entry = passwd()
      var result: UnsafeMutablePointer<passwd>?
      let failure = lookup(&entry, buffer, size, &result)
      return (failure, result == nil ? nil : read(entry))
    }
  }

  private static func withGrowingBuffer<Value>(
    _ body: (UnsafeMutablePointer<CChar>, Int) -> (failure: Int32, value: Value?)
  ) -> Value? {
    var size = 4096
    while size <= largestRecord {
      var buffer = [CChar](repeating: 0, count: size)
      let answer = body(&buffer, size)
      guard answer.failure == ERANGE || answer.failure == EINTR else { return answer.value }
      size *= 2
    }
    return nil
  }

  private static func groups(of name: String, and group: UInt32) -> [UInt32]? {
    var capacity: Int32 = 64
    while capacity <= mostGroups {
      var count = capacity
      var groups = [gid_t](repeating: 0, count: Int(capacity))
      if getgrouplist(name, group, &groups, &count) >= 0 { return Array(groups.prefix(Int(count))) }
      capacity = max(count, capacity * 2)
    }
    return nil
  }
}
