import CLab

/// A numbered datagram to an address at a fixed interval, and who answered when.
///
/// A thread of its own, ahead of every ordinary one, sends at absolute times and reads the answers
/// with the kernel's receive timestamps; so are the threads that answer. At an interval of 100 us the
/// longest time between two answers of an undisturbed node is about 0.2 ms on a quiet machine.
public final class Probe {
  private let thread: OpaquePointer
  private let node: String

  fileprivate init(_ thread: OpaquePointer, node: String) {
    self.thread = thread
    self.node = node
  }

  deinit { clinux_probe_free(thread) }

  /// Probes sent so far.
  public var count: Int { Int(clinux_probe_count(thread)) }

  /// The newest answer: who and when; nil before the first one. Looks back over 1,000 probes.
  public var lastAnswer: (responder: String, at: Moment)? {
    var number = clinux_probe_count(thread)
    let oldest = number > 1000 ? number - 1000 : 0
    while number > oldest {
      number -= 1
      let record = clinux_probe_at(thread, number)
      if record.received != 0, let name = name(of: record.responder) {
        return (name, Moment(nanoseconds: record.received))
      }
    }
    return nil
  }

  /// Whether a probe sent at `moment` or later has been answered, by `node` unless that is nil.
  public func answered(since moment: Moment, by node: String? = nil) -> Bool {
    var number = clinux_probe_count(thread)
    while number > 0 {
      number -= 1
      let record = clinux_probe_at(thread, number)
      if record.sent < moment.nanoseconds { return false }
      if record.received != 0, node == nil || name(of: record.responder) == node { return true }
    }
    return false
  }

  /// Sends no more and waits for answers on their way.
  public func stop(grace: Duration = .milliseconds(50)) { clinux_probe_stop(thread, grace.forPoll) }

  /// What happened so far, the last `grace` excepted: its answers may be on their way.
  ///
  /// An answer later than `late` counts as none: it waited in a queue for the address to come back.
  public func report(
    late: Duration = .milliseconds(50), grace: Duration = .milliseconds(20)
  ) -> ProbeReport {
    let until = Moment.now.nanoseconds - grace.inNanoseconds
    var results: [ProbeResult] = []
    for number in 0..<clinux_probe_count(thread) {
      let record = clinux_probe_at(thread, number)
      if record.received == 0, record.sent > until { break }
      let all = (0..<16).filter { record.responders & 1 << $0 != 0 }.compactMap(name(of:))
      let isAnswer =
        record.received != 0 && record.received - record.sent <= late.inNanoseconds
      results.append(
        ProbeResult(
          sent: Moment(nanoseconds: record.sent),
          received: isAnswer ? Moment(nanoseconds: record.received) : nil,
          responder: isAnswer ? name(of: record.responder) : nil, responders: all))
    }
    return ProbeReport(results)
  }

  private func name(of index: UInt8) -> String? {
    var buffer = [CChar](repeating: 0, count: 16)
    guard clinux_probe_responder(thread, index, &buffer) else { return nil }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension Lab {
  /// Starts probing an address from a node: at most `limit` probes (24 bytes each), then it stops
  /// sending.
  public func probe(
    _ address: String, from node: String, every interval: Duration = .milliseconds(1),
    limit: Int = 300_000
  ) throws -> Probe {
    let bytes = try addressBytes(address)
    guard
      let thread = clinux_probe_start(
        namespace(of: node), bytes, bytes.count, EchoServer.port, interval.inNanoseconds / 1000,
        UInt32(clamping: min(limit, 10_000_000)))
    else { throw LabError.system("start a probe on \(node)") }
    return Probe(thread, node: node)
  }
}

extension Lab {
  /// Whether a node gets an answer from another at one of its addresses within `limit`: a datagram
  /// each 5 ms.
  public func reaches(
    _ other: String, at address: String, from node: String, within limit: Duration = .seconds(2)
  ) throws -> Bool {
    let echo = try echo(on: other, [address])
    defer { echo.stop() }
    let probe = try probe(address, from: node, every: .milliseconds(5), limit: 10_000)
    let deadline = Moment.now + limit
    try eventually("a probe is answered, or the time is over", within: limit + .seconds(5)) {
      probe.lastAnswer != nil || Moment.now > deadline
    }
    return probe.lastAnswer != nil
  }
}
