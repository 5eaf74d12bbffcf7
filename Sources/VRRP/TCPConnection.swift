/// The four numbers that name one TCP connection (RFC 9293 section 3.3.1), seen from this host.
public struct TCPConnection: Hashable, Sendable {
  /// The address on this side: one that moves.
  public var local: IPAddress
  public var localPort: UInt16
  /// The client, of the same family; IPv4 also where it uses a socket of IPv6.
  public var remote: IPAddress
  public var remotePort: UInt16

  public init(local: IPAddress, localPort: UInt16, remote: IPAddress, remotePort: UInt16) {
    self.local = local
    self.localPort = localPort
    self.remote = remote
    self.remotePort = remotePort
  }
}
