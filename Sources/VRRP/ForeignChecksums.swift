/// Routers whose advertisements have the other form of the checksum than this one sends.
///
/// Here either form is accepted; elsewhere a router that gets the other form may discard it, hear
/// nobody, and become a second Active Router. Only version 3 over IPv4 has two forms.
public struct ForeignChecksums: Equatable, Sendable {
  /// Routers that are remembered.
  static let most = 4

  public private(set) var sources: Set<IPAddress> = []

  public init() {}

  /// Notes a received form; whether it is news that this router sends another one than it should.
  ///
  /// - Parameter settings: what this router sends.
  public mutating func note(
    _ form: ChecksumForm, from source: IPAddress, _ settings: VirtualRouterSettings
  ) -> Bool {
    guard settings.version == .version3, settings.family == .ipv4, form != settings.checksumForm
    else {
      sources.remove(source)
      return false
    }
    guard sources.count < Self.most else { return false }
    return sources.insert(source).inserted
  }
}
