import Authentication
import VRRP

/// How the nodes of a group prove to each other who they are.
public struct AuthenticationConfiguration: Hashable, Sendable {
  public var mode: AuthenticationMode
  /// In the order of the file; at least one, no two with the same id.
  public var keys: [AuthenticationKey]
  /// The id of the key that signs; one of `keys`.
  public var activeKey: UInt8
  public var replayProtection: ReplayProtection
  /// Seconds; nil for the standard of each virtual router.
  public var window: Int32?

  /// Where the key of each id is.
  public var sources: [UInt8: KeySource] {
    Dictionary(keys.map { ($0.identifier, $0.source) }, uniquingKeysWith: { first, _ in first })
  }

  /// What it means for a virtual router that advertises at this interval.
  public func policy(interval: AdvertisementInterval) -> AuthenticationPolicy {
    AuthenticationPolicy(
      mode: mode, replayProtection: replayProtection,
      window: window ?? AuthenticationPolicy.standardWindow(interval))
  }
}

/// Where one key is; nobody has opened it.
public struct AuthenticationKey: Hashable, Sendable {
  /// 1-255.
  public var identifier: UInt8
  public var source: KeySource

  public init(identifier: UInt8, source: KeySource) {
    self.identifier = identifier
    self.source = source
  }
}

extension AuthenticationConfiguration {
  /// `authentication`; nil when something is missing, which is reported.
  static func read(_ field: Field) -> AuthenticationConfiguration? {
    guard
      let section = Section(
        field, "a mapping with `keys`",
        keys: ["mode", "keys", "active_key", "anti_replay", "time_window"])
    else { return nil }
    let mode = section["mode"]?.choice(AuthenticationMode.allCases.map(\.rawValue))
    let replayProtection = section["anti_replay"]?.choice(ReplayProtection.allCases.map(\.rawValue))
    let window = section["time_window"].flatMap(readWindow)
    let keys = readKeys(section)
    let activeKey = readActiveKey(section, keys)
    guard let keys, let activeKey else { return nil }
    return AuthenticationConfiguration(
      mode: mode.flatMap(AuthenticationMode.init) ?? .enforce, keys: keys, activeKey: activeKey,
      replayProtection: replayProtection.flatMap(ReplayProtection.init) ?? .time, window: window)
  }

  private static func readWindow(_ field: Field) -> Int32? {
    let range = AuthenticationPolicy.windows
    guard
      let window = field.duration(
        .seconds(Int64(range.lowerBound)) ... .seconds(Int64(range.upperBound)))
    else { return nil }
    let parts = window.components
    guard parts.attoseconds == 0 else {
      field.refuse("\(DurationText.spelled(window)) is not in whole seconds", "use steps of 1s")
      return nil
    }
    return Int32(truncatingIfNeeded: parts.seconds)
  }

  /// nil when one of them is wrong.
  private static func readKeys(_ section: Section) -> [AuthenticationKey]? {
    let remedy = "add it, like `keys: [{ id: 1, file: /etc/godwit/keys/1 }]`"
    guard let field = section.required("keys", remedy), let elements = field.list(of: "keys") else {
      return nil
    }
    guard (1...255).contains(elements.count) else {
      field.refuse(
        elements.isEmpty ? "the list is empty" : "\(elements.count) keys are too many",
        "list 1-255 keys")
      return nil
    }
    var seen: Set<UInt8> = []
    let keys = elements.compactMap { element -> AuthenticationKey? in
      guard let section = Section(element, "a key", keys: ["id", "file", "credential"]) else {
        return nil
      }
      let number = section.required("id", "add `id`, 1-255")
      let identifier = number?.integer(1...255).map { UInt8(truncatingIfNeeded: $0) }
      if let identifier, !seen.insert(identifier).inserted {
        number?.refuse("another key has the id \(identifier) already", "give each key its own id")
      }
      let source = readSource(section)
      guard let identifier, let source else { return nil }
      return AuthenticationKey(identifier: identifier, source: source)
    }
    return keys.count == elements.count ? keys : nil
  }

  private static func readSource(_ section: Section) -> KeySource? {
    switch (section["file"], section["credential"]) {
    case (let file?, nil): return file.path().map { .file($0) }
    case (nil, let credential?): return credential.credentialName().map { .credential($0) }
    case (_?, let credential?):
      credential.refuseKey("`file` and `credential` contradict each other", "keep one of them")
    case (nil, nil):
      section.refuse(
        "the key is nowhere", "write `file: PATH`, or `credential: NAME` for one of the service")
    }
    return nil
  }

  private static func readActiveKey(_ section: Section, _ keys: [AuthenticationKey]?) -> UInt8? {
    guard let field = section["active_key"] else {
      guard let keys else { return nil }
      if keys.count == 1 { return keys[0].identifier }
      section.refuse(
        "active_key", "of \(keys.count) keys none is named to sign",
        "add `active_key` with the id of one of them")
      return nil
    }
    guard let number = field.integer(1...255) else { return nil }
    guard let keys else { return nil }
    let identifier = UInt8(truncatingIfNeeded: number)
    guard keys.contains(where: { $0.identifier == identifier }) else {
      let identifiers = keys.map { "\($0.identifier)" }.joined(separator: ", ")
      field.refuse("no key has the id \(identifier)", "name one of \(identifiers)")
      return nil
    }
    return identifier
  }
}

extension Field {
  /// The name of a credential: of a file in one directory.
  fileprivate func credentialName() -> String? {
    let remedy = "use 1-255 letters, digits, `-`, `_` and `.`, as in `LoadCredential=`"
    guard let text = text("the name of a credential", remedy) else { return nil }
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isPlain, (1...255).contains(text.utf8.count), text != ".", text != ".." else {
      refuse("`\(shown(text))` is not the name of a credential", remedy)
      return nil
    }
    return text
  }
}

/// An IPv6 advertisement with a trailer has room for one address less (1500 bytes: 40 of IP, 8 of
/// VRRP, 28 of the trailer).
func refuseAddressesWithoutRoom(_ drafts: [VirtualRouterDraft]) {
  let limit = 89
  for draft in drafts where draft.family == .ipv6 {
    guard let count = draft.configuration?.addresses.count, count > limit else { continue }
    draft.listed.last?.1.refuse(
      "an authenticated IPv6 advertisement has no room for it",
      "list \(limit - (count - draft.listed.count)) addresses at most, or use several virtual"
        + " routers")
  }
}
