/// A parser, and what must hold for every input.
enum Target: String, CaseIterable {
  /// A VRRP message in its IP packet.
  case advertisement
  /// A life of one virtual router: messages, time, faults, commands.
  case router
  /// A datagram of a route socket.
  case netlink
  /// A configuration file.
  case configuration
  /// An Ethernet frame with ARP or a Neighbor Advertisement.
  case frame
  /// A line to or from the control socket, or of the history file.
  case control
  /// A datagram of the peer channel.
  case peer

  /// The function that libFuzzer calls; one of its own for each target, since C passes it no more
  /// than the input.
  var callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt {
    switch self {
    case .advertisement: { Self.call(AdvertisementTarget.take, $0, $1) }
    case .router: { Self.call(RouterTarget.take, $0, $1) }
    case .netlink: { Self.call(NetlinkTarget.take, $0, $1) }
    case .configuration: { Self.call(ConfigurationTarget.take, $0, $1) }
    case .frame: { Self.call(FrameTarget.take, $0, $1) }
    case .control: { Self.call(ControlTarget.take, $0, $1) }
    case .peer: { Self.call(PeerTarget.take, $0, $1) }
    }
  }

  /// The input stays where libFuzzer has put it: a read past its end is seen.
  private static func call(
    _ take: (Span<UInt8>) -> Void, _ data: UnsafePointer<UInt8>?, _ size: Int
  ) -> CInt {
    take(UnsafeBufferPointer(start: data, count: size).span)
    return 0
  }
}

extension Span where Element == UInt8 {
  /// A copy of the elements.
  var elements: [UInt8] { withUnsafeBufferPointer { Array($0) } }
}
