import Failover
import Glibc
import Lab
import VRRP

/// What one advertisement costs inside the daemon, without the kernel.
func measureCore(rounds: Int, report: inout Report) throws {
  let count = 1_000_000
  var received: [Int: Samples] = [:]
  var sent: [Int: Samples] = [:]
  var allocations = ["not measured", "not measured", "not measured"]
  for routers in [1, 1000] {
    var bench = try CoreBench(routers: routers)
    try bench.becomeBackup()
    for _ in 0..<max(5, rounds) {
      received[routers, default: Samples()].add(try timed(count) { try bench.receive(count) })
    }
    if routers == 1, let counter = AllocationCounter() {
      let before = counter.count
      try bench.receive(1000)
      let between = counter.count
      allocations[0] = String(between - before)
      // Opaque to the compiler, which would leave out a malloc that nobody uses.
      free(realpath("/", nil))
      allocations[2] = String(counter.count - between)
    }
    try bench.becomeActive()
    for _ in 0..<max(5, rounds) {
      sent[routers, default: Samples()].add(try timed(count) { try bench.send(count) })
    }
    if routers == 1, let counter = AllocationCounter() {
      let before = counter.count
      try bench.send(1000)
      allocations[1] = String(counter.count - before)
    }
  }
  report.section(
    "One advertisement",
    """
    Received is decoding, comparing the address list, admitting and handing to a Backup; sent is the \
    timer of an Active Router up to the finished message. Runs of \(count) each, in one process, with \
    one virtual router and with 1,000 in turn. Allocations are calls of malloc, calloc, realloc and \
    posix_memalign counted by processor breakpoints; the last row is a function known to call malloc, to prove the count.
    """)
  report.table(
    ["ns per advertisement", "1 virtual router", "1,000 virtual routers"],
    [
      ["received", (received[1] ?? Samples()).text, (received[1000] ?? Samples()).text],
      ["sent", (sent[1] ?? Samples()).text, (sent[1000] ?? Samples()).text],
    ])
  report.table(
    ["allocations", "calls"],
    zip(["1,000 received", "1,000 sent", "one realpath(3)"], allocations).map { [$0, $1] })
}

/// Nanoseconds for each of `count`.
private func timed(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
  let start = Moment.now
  try body()
  return (Moment.now - start) / .nanoseconds(1) / Double(count)
}

/// Participants, the list and the template of each, and the advertisement that another router sends.
private struct CoreBench {
  static let own = IPAddress("192.0.2.2")
  static let other = IPAddress("192.0.2.1")

  private var participants: [Participant] = []
  private var templates: [AdvertisementTemplate] = []
  private var lists: [AddressList] = []
  private var messages: [[UInt8]] = []
  private let envelope: Envelope
  private let source: IPAddress
  private var now = Instant(sinceBoot: .seconds(1000))
  private var checksum = 0

  init(routers: Int) throws {
    guard let own = Self.own, let other = Self.other,
      let identifier = VirtualRouterIdentifier(51), let address = IPAddress("192.0.2.100")
    else { throw LabError("an address is not understood") }
    source = own
    envelope = Envelope(
      source: other, destination: AddressFamily.ipv4.advertisementGroup, hopLimit: 255)
    let settings = VirtualRouterSettings(identifier: identifier, addresses: [address])
    for _ in 0..<routers {
      participants.append(
        Participant(
          ParticipantSettings(router: settings, isPair: true), term: 0, at: now))
      templates.append(AdvertisementTemplate(settings, source: own))
      lists.append(AddressList(settings.addresses))
      var theirs = settings
      theirs.priority = Priority(150)
      messages.append(AdvertisementTemplate(theirs, source: other).message)
    }
  }

  mutating func becomeBackup() throws {
    for place in participants.indices {
      _ = participants[place].handle(.link([], source: source), at: now)
      _ = participants[place].handle(.start, at: now)
      guard participants[place].role == .backup else { throw LabError("not Backup") }
    }
    try receive(participants.count)
  }

  mutating func becomeActive() throws {
    now += .seconds(10)
    for place in participants.indices {
      _ = participants[place].handle(.timer, at: now)
      _ = participants[place].handle(.installed(failure: nil), at: now)
      guard participants[place].role == .active else { throw LabError("not Active") }
      // Beyond the announcements that follow.
      for step in 1...20 {
        _ = participants[place].handle(.timer, at: now + .milliseconds(500 * step))
      }
    }
    now += .seconds(10)
  }

  mutating func receive(_ count: Int) throws {
    var place = 0
    for _ in 0..<count {
      now += .microseconds(1)
      let bytes = messages[place]
      let message = bytes.span
      let advertisement = try Advertisement(decoding: message, in: envelope)
      let listsOurs = advertisement.lists(lists[place], in: message)
      try participants[place].router.admit(
        advertisement, from: envelope.source, listsOurAddresses: listsOurs)
      let effects = participants[place].handle(
        .advertisement(advertisement, from: envelope.source), at: now)
      guard effects.isEmpty, listsOurs else { throw LabError("not a routine advertisement") }
      place = place + 1 == participants.count ? 0 : place + 1
    }
  }

  mutating func send(_ count: Int) throws {
    var place = 0
    for _ in 0..<count {
      now += .seconds(1)
      for effect in participants[place].handle(.timer, at: now) {
        guard case .send(let priority) = effect else { continue }
        templates[place].priority = priority
        checksum &+= templates[place].message.count
      }
      place = place + 1 == participants.count ? 0 : place + 1
    }
    guard checksum > 0 else { throw LabError("nothing was sent") }
  }
}
