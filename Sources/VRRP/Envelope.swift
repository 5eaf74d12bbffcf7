/// What the IP header said about a VRRP message.
public struct Envelope: Equatable, Sendable {
  public var source: IPAddress
  public var destination: IPAddress
  /// TTL or Hop Limit; nil when the kernel did not tell it, which counts as wrong.
  public var hopLimit: UInt8?

  public init(source: IPAddress, destination: IPAddress, hopLimit: UInt8?) {
    self.source = source
    self.destination = destination
    self.hopLimit = hopLimit
  }
}
