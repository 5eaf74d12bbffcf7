import CLab

/// The VRRP, ARP and neighbour discovery frames and those of the peer channel (UDP port 9112 over
/// IPv4) of one interface, both ways, with the kernel's timestamps. Other frames never reach it. Keeps the newest 20,000.
public final class Sniffer {
  private let socket: Descriptor
  private var kept: [Frame] = []
  private var searched = 0

  fileprivate init(_ socket: consuming Descriptor) { self.socket = socket }

  /// All frames so far.
  public var frames: [Frame] {
    while read(timeout: 0) {}
    return kept
  }

  /// The first frame that `matches` and no earlier `wait` returned or passed over.
  public func wait(
    for what: String, within limit: Duration = .seconds(20), _ matches: (Frame) throws -> Bool
  ) throws -> Frame {
    let deadline = Moment.now + limit
    while true {
      while searched < kept.count {
        searched += 1
        if try matches(kept[searched - 1]) { return kept[searched - 1] }
      }
      let left = deadline - Moment.now
      if left <= .zero {
        throw LabError(
          "not within \(limit): \(what); last frames: \(kept.suffix(5).map(\.content))")
      }
      _ = read(timeout: left.forPoll)
    }
  }

  /// Takes one frame from the socket; false when there is none.
  private func read(timeout: Int32) -> Bool {
    var frame = clinux_lab_frame()
    guard clinux_lab_next_frame(socket.number, timeout, &frame) > 0 else { return false }
    let bytes = withUnsafeBytes(of: &frame.bytes) { Array($0.prefix(Int(frame.length))) }
    kept.append(
      Frame(time: Moment(nanoseconds: frame.time), isOutgoing: frame.outgoing, bytes: bytes))
    if kept.count > 20_000 {
      kept.removeFirst(10_000)
      searched = max(0, searched - 10_000)
    }
    return true
  }
}

extension Lab {
  /// Starts to record on a node's interface, without what `ignored` sends.
  public func sniffer(
    on node: String, network: Int = 0, ignoring ignored: String? = nil
  ) throws -> Sniffer {
    let hardware = ignored.map { hardwareBytes(of: $0, network: network) }
    let socket = clinux_lab_sniffer_socket(namespace(of: node), "eth\(network)", hardware)
    if socket < 0 { throw LabError.system("packet socket on \(node)") }
    return Sniffer(Descriptor(number: socket))
  }
}
