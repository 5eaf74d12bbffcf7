import Glibc
import Lab

/// What a packet costs that somebody has forged.
func measureForged(rounds: Int, report: inout Report) throws {
  let total = 100_000
  let perSecond = 20_000
  var samples: [String: [Program: Samples]] = [:]
  for _ in 0..<min(rounds, 3) {
    for program in Program.allCases {
      let stage = try Stage(program, centiseconds: 10)
      for forgery in Forgery.all + [.signed()] {
        let before = Consumption.of(stage.pair.a)
        let start = Moment.now
        try stage.lab.flood(
          [forgery.frame], total: total, perSecond: perSecond, from: "client"
        ).wait()
        let time = Moment.now - start
        let used = Consumption.of(stage.pair.a).processor(since: before, over: time)
        guard try stage.lab.holders(of: Stage.address) == ["a"] else {
          throw LabError("\(forgery.name): a has lost the address")
        }
        // Milliseconds per second, over all packets of all seconds.
        let each = used.ticks * (time / .seconds(1)) * 1000 / Double(total)
        samples[forgery.name, default: [:]][program, default: Samples()].add(each)
      }
    }
  }
  report.section(
    "Cost of a forged packet",
    """
    \(total) packets of one kind from another host, \(perSecond) each second, to the Active Router: \
    the processor time of its program (utime and stime, in steps of 10 ms in all) divided by their \
    number. godwitd demands signatures (`authentication`), which keepalived 2.2.7 cannot. The \
    interval is 100 ms; the address stays where it is. \(min(rounds, 3)) rounds.
    """)
  report.comparison(
    "microseconds per packet",
    (Forgery.all + [.signed()]).map { ($0.name, samples[$0.name] ?? [:]) })
}

/// A frame from the client, node 3, that must change nothing, byte by byte.
private struct Forgery {
  var name: String
  var frame: [UInt8]

  static let all = [
    // Priority 200, with 0 for the checksum.
    Forgery(
      name: "advertisement, wrong checksum",
      frame: advertisement(hops: 255, header: [0xd0, 0x4b], [0x31, 51, 200, 1, 0, 10, 0, 0])),
    Forgery(
      name: "advertisement, TTL 254",
      frame: advertisement(hops: 254, header: [0xd1, 0x4b], [0x31, 51, 200, 1, 0, 10, 0xfc, 0x0f])),
    Forgery(
      name: "advertisement, unknown VRID",
      frame: advertisement(hops: 255, header: [0xd0, 0x4b], [0x31, 52, 200, 1, 0, 10, 0xfc, 0x0e])),
    // An ARP reply of hardware type 6.
    Forgery(
      name: "ARP that claims the address, damaged",
      frame: everybody + client + [0x08, 0x06, 0, 6, 8, 0, 6, 4, 0, 2] + client + [10, 77, 0, 100]
        + everybody + [10, 77, 0, 100]),
    // 64 bytes, without a checksum.
    Forgery(
      name: "datagram to UDP port 9112, garbage",
      frame: [2, 0x77, 0, 0, 0, 1] + client + [0x08, 0x00]
        + [0x45, 0, 0, 92, 0, 0, 0x40, 0, 64, 17, 0x25, 0xf4, 10, 77, 0, 3, 10, 77, 0, 1]
        + [0x23, 0x98, 0x23, 0x98, 0, 72, 0, 0] + [UInt8](repeating: 0x5a, count: 64)),
  ]

  /// With a trailer as of now, whose code is wrong: the one forgery that costs a computation.
  static func signed() -> Forgery {
    let seconds = UInt32(truncatingIfNeeded: time(nil) + 2)
    let clock = stride(from: 24, through: 0, by: -8).map { UInt8(seconds >> $0 & 0xff) }
    let trailer = [1, 1, 0, 0] + clock + [UInt8](repeating: 0x5a, count: 20)
    return Forgery(
      name: "advertisement, wrong code",
      frame: advertisement(
        length: 60, hops: 255, header: [0xd0, 0x2f], [0x31, 51, 200, 1, 0, 10, 0xfc, 0x0f])
        + trailer)
  }

  private static let everybody = [UInt8](repeating: 0xff, count: 6)
  private static let client: [UInt8] = [2, 0x77, 0, 0, 0, 3]

  /// To 224.0.0.18; `header` is the checksum of the IP header.
  private static func advertisement(
    length: UInt8 = 32, hops: UInt8, header: [UInt8], _ message: [UInt8]
  ) -> [UInt8] {
    [1, 0, 0x5e, 0, 0, 0x12] + client + [0x08, 0x00, 0x45, 0xc0, 0, length]
      + [0, 0, 0, 0, hops, 112]
      + header + [10, 77, 0, 3, 224, 0, 0, 18] + message + [10, 77, 0, 100]
  }
}
