import CLinux
import Glibc
import VRRP

/// The fence of BPF programs (bpf(2)): one for frames that come in and one for frames that go out,
/// shared by all virtual routers, with a map of addresses and a map of deadlines.
///
/// The programs are attached without a link, so that they stay when this process ends; the maps live
/// as long as the programs do. A deadline is absolute, so a store that comes late cannot extend a
/// lease, and it counts on CLOCK_BOOTTIME: a machine that slept wakes up silenced.
struct ProgramFence: ~Copyable {
  private struct Entry {
    var place: UInt32
    var addresses: [IPAddress]
  }

  /// Virtual routers of one host, and addresses of all of them, twice.
  private static let mostDeadlines: UInt32 = 4096
  private static let mostAddresses: UInt32 = 1 << 17
  static let directions = [Int32(CLINUX_FENCE_IN), Int32(CLINUX_FENCE_OUT)]
  /// The index of `lo` in every network namespace.
  private static let loopback: Int32 = 1

  private let addresses: FileDescriptor
  private let deadlines: FileDescriptor
  private let incoming: FileDescriptor
  private let outgoing: FileDescriptor
  private let memory: UnsafeMutablePointer<UInt64>
  private var entries: [LeaseIdentifier: Entry] = [:]
  private var freePlaces: [UInt32] = Array((0..<ProgramFence.mostDeadlines).reversed())

  private init(
    addresses: consuming FileDescriptor, deadlines: consuming FileDescriptor,
    incoming: consuming FileDescriptor, outgoing: consuming FileDescriptor,
    memory: UnsafeMutablePointer<UInt64>
  ) {
    self.addresses = addresses
    self.deadlines = deadlines
    self.incoming = incoming
    self.outgoing = outgoing
    self.memory = memory
  }

  deinit { clinux_fence_unmap(memory, Self.mostDeadlines) }

  /// Loads the programs and attaches one to `lo` for a moment, to see that the kernel can.
  static func open() throws(SystemError) -> ProgramFence {
    let addresses = try owned("bpf BPF_MAP_CREATE", clinux_fence_addresses(mostAddresses))
    let deadlines = try owned("bpf BPF_MAP_CREATE", clinux_fence_deadlines(mostDeadlines))
    let incoming = try owned(
      "bpf BPF_PROG_LOAD",
      clinux_fence_load_program(directions[0], addresses.number, deadlines.number, nil, 0))
    let outgoing = try owned(
      "bpf BPF_PROG_LOAD",
      clinux_fence_load_program(directions[1], addresses.number, deadlines.number, nil, 0))
    guard let memory = clinux_fence_map(deadlines.number, mostDeadlines) else {
      throw SystemError("mmap")
    }
    let fence = ProgramFence(
      addresses: addresses, deadlines: deadlines, incoming: incoming, outgoing: outgoing,
      memory: memory)
    try check(
      "bpf BPF_PROG_ATTACH",
      clinux_fence_attach(fence.incoming.number, directions[0], UInt32(loopback)))
    _ = clinux_fence_detach(fence.incoming.number, directions[0], UInt32(loopback))
    try fence.compareClocks()
    try fence.lookBack()
    return fence
  }

  /// What this process could not find again the next one could not remove.
  private func lookBack() throws(SystemError) {
    let again = clinux_fence_program(try Self.identifier(incoming.number), Self.directions[0])
    try Self.check("bpf BPF_PROG_GET_FD_BY_ID (CAP_SYS_ADMIN)", again)
    _ = FileDescriptor(owning: again)
  }

  /// In a time namespace of its own this process reads another time than the program
  /// (time_namespaces(7)), whose verdict tells: a deadline that has come drops a frame, one that has
  /// not lets it pass.
  private func compareClocks() throws(SystemError) {
    let address = IPAddress.v4(IPv4Address(127, 0, 0, 1))
    let packet: [UInt8] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1] + address.bytes
    let frame = [UInt8](repeating: 0, count: 12) + [0x08, 0x00] + packet
    var key = Self.key(address, Self.loopback)
    try Self.check("bpf BPF_MAP_UPDATE_ELEM", clinux_fence_put(addresses.number, &key, 0))
    defer {
      clinux_fence_store(memory, 0)
      clinux_fence_remove(addresses.number, &key)
    }
    for (distance, verdict) in [(Duration.zero, Int32(0)), (.seconds(1), 1)] {
      clinux_fence_store(memory, (Clock.now() + distance).nanoseconds)
      let found = clinux_fence_test(
        incoming.number, frame, frame.count, UInt32(Self.loopback), 1, nil)
      try Self.check("bpf BPF_PROG_TEST_RUN", found)
      guard found == verdict else { throw SystemError("time_namespaces", EOPNOTSUPP) }
    }
  }

  // MARK: Fences

  mutating func fence(
    _ identifier: LeaseIdentifier, addresses wanted: [IPAddress], until end: Instant? = nil
  ) throws(SystemError) {
    let isNew = entries[identifier] == nil
    do throws(SystemError) {
      try change(identifier, to: wanted, beginsUntil: end)
    } catch {
      // One that is not there as a whole is not there at all.
      if isNew { try? unfence(identifier) }
      throw error
    }
  }

  private mutating func change(
    _ identifier: LeaseIdentifier, to wanted: [IPAddress], beginsUntil end: Instant?
  ) throws(SystemError) {
    var entry: Entry
    if let present = entries[identifier] {
      entry = present
    } else {
      guard let place = freePlaces.popLast() else { throw SystemError("fence", ENOSPC) }
      entry = Entry(place: place, addresses: [])
      // A deadline that has come drops frames like none.
      clinux_fence_store(memory + Int(place), end?.nanoseconds ?? 0)
    }
    // Known before the first step, so that whatever fails can be taken back.
    let gone = entry.addresses.filter { !wanted.contains($0) }
    entry.addresses = wanted + gone
    entries[identifier] = entry
    for address in wanted {
      for key in Self.keys(address, identifier.interfaceIndex) {
        try withUnsafePointer(to: key) { key throws(SystemError) in
          try Self.check(
            "bpf BPF_MAP_UPDATE_ELEM", clinux_fence_put(addresses.number, key, entry.place))
        }
      }
    }
    try remove(gone, identifier)
    entries[identifier]?.addresses = wanted
    try attach(identifier.interfaceIndex)
  }

  mutating func unfence(_ identifier: LeaseIdentifier) throws(SystemError) {
    guard let entry = entries.removeValue(forKey: identifier) else { return }
    clinux_fence_store(memory + Int(entry.place), 0)
    try remove(entry.addresses, identifier)
    // Nothing points to it any more.
    freePlaces.append(entry.place)
    if !entries.keys.contains(where: { $0.interfaceIndex == identifier.interfaceIndex }) {
      detach(identifier.interfaceIndex)
    }
    if entries.isEmpty { detach(Self.loopback) }
  }

  private func remove(
    _ gone: [IPAddress], _ identifier: LeaseIdentifier
  ) throws(SystemError) {
    for address in gone {
      for key in Self.keys(address, identifier.interfaceIndex) {
        try withUnsafePointer(to: key) { key throws(SystemError) in
          let result = clinux_fence_remove(addresses.number, key)
          if result != -ENOENT { try Self.check("bpf BPF_MAP_DELETE_ELEM", result) }
        }
      }
    }
  }

  /// On its interface and, but for a link-local address, which several interfaces may have, on the way
  /// that a local program would take.
  private static func keys(_ address: IPAddress, _ index: Int32) -> [clinux_fence_key] {
    (address.isLinkLocal ? [index] : [index, loopback]).map { key(address, $0) }
  }

  static func key(_ address: IPAddress, _ index: Int32) -> clinux_fence_key {
    var bytes = address.bytes
    if bytes.count == 4 { bytes = [UInt8](repeating: 0, count: 10) + [0xff, 0xff] + bytes }
    var key = clinux_fence_key()
    key.interface_index = UInt32(bitPattern: index)
    withUnsafeMutableBytes(of: &key.address) { $0.copyBytes(from: bytes) }
    return key
  }

  // MARK: Deadlines

  func grant(_ identifier: LeaseIdentifier, until end: Instant) throws(SystemError) {
    guard let entry = entries[identifier] else { throw SystemError("lease", ENOENT) }
    guard Clock.now() < end else {
      close(identifier)
      throw SystemError("lease", ETIME)
    }
    clinux_fence_store(memory + Int(entry.place), end.nanoseconds)
  }

  func renew(_ identifier: LeaseIdentifier, until end: Instant) throws(LeaseError) {
    guard let entry = entries[identifier] else { throw .lapsed }
    let old = clinux_fence_load(memory + Int(entry.place))
    guard Clock.now().nanoseconds < old else { throw .lapsed }
    clinux_fence_store(memory + Int(entry.place), end.nanoseconds)
    // Whoever was held up between the look at the clock and the store has revived it.
    guard Clock.now().nanoseconds < old else {
      close(identifier)
      throw .lapsed
    }
  }

  func close(_ identifier: LeaseIdentifier) {
    guard let entry = entries[identifier] else { return }
    clinux_fence_store(memory + Int(entry.place), 0)
  }

  // MARK: Interfaces

  /// Attaches what is not there; true when it was not.
  @discardableResult
  private func attach(_ index: Int32) throws(SystemError) -> Bool {
    let here = try attach(incoming.number, Self.directions[0], index)
    let there = try attach(outgoing.number, Self.directions[1], index)
    let inside = try attach(incoming.number, Self.directions[0], Self.loopback)
    return here || there || inside
  }

  private func attach(
    _ program: Int32, _ direction: Int32, _ index: Int32
  ) throws(SystemError) -> Bool {
    let result = clinux_fence_attach(program, direction, UInt32(bitPattern: index))
    // Attached already.
    if result == -EEXIST { return false }
    try Self.check("bpf BPF_PROG_ATTACH", result)
    return true
  }

  private func detach(_ index: Int32) {
    // An interface that is gone has let go of them already.
    _ = clinux_fence_detach(incoming.number, Self.directions[0], UInt32(bitPattern: index))
    guard index != Self.loopback else { return }
    _ = clinux_fence_detach(outgoing.number, Self.directions[1], UInt32(bitPattern: index))
  }

  /// Attaches what somebody detached. The deadlines are ours, so nothing is lost, but whoever holds a
  /// lease should hear of it.
  func repair() throws(SystemError) -> [LeaseIdentifier] {
    var missing: Set<Int32> = []
    for index in Set(entries.keys.map(\.interfaceIndex)) {
      do throws(SystemError) {
        if try attach(index) { missing.insert(index) }
      } catch {
        // The interface is gone, and its virtual routers hear of that.
        guard error.code == ENODEV else { throw error }
      }
    }
    return entries.keys.filter { missing.contains($0.interfaceIndex) }
  }

  /// What this owner has attached, as `removeLeftovers` sees it.
  func identifiers() throws(SystemError) -> [UInt32] {
    [try Self.identifier(incoming.number), try Self.identifier(outgoing.number)]
  }

  private static func identifier(_ program: Int32) throws(SystemError) -> UInt32 {
    var identifier: UInt32 = 0
    try check("bpf BPF_OBJ_GET_INFO_BY_FD", clinux_fence_identifier(program, &identifier))
    return identifier
  }

  mutating func removeAll(except kept: Set<LeaseIdentifier> = []) {
    for identifier in Array(entries.keys) where !kept.contains(identifier) {
      try? unfence(identifier)
    }
  }

  private static func owned(
    _ call: String, _ result: Int32
  ) throws(SystemError) -> FileDescriptor {
    try check(call, result)
    return FileDescriptor(owning: result)
  }

  private static func check(_ call: String, _ result: Int32) throws(SystemError) {
    guard result >= 0 else { throw SystemError(call, -result) }
  }
}

extension Instant {
  /// Whole nanoseconds of the clock, rounded down; 0 before its zero.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = sinceBoot.components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return UInt64(seconds) &* 1_000_000_000 &+ UInt64(attoseconds / 1_000_000_000)
  }
}
