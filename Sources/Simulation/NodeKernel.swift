/// Some of the up to eight virtual addresses of a world, by their places.
struct AddressSet: OptionSet, Hashable, Sendable {
  let rawValue: UInt8

  static let limit = 8

  /// The first `count` addresses.
  init(first count: Int) { rawValue = UInt8(truncatingIfNeeded: (1 << count) - 1) }
  init(rawValue: UInt8) { self.rawValue = rawValue }

  var places: [Int] { (0..<Self.limit).filter { rawValue & (1 << $0) != 0 } }
}

/// How the kernel of a node is made to fall silent.
public enum LeaseMechanism: Sendable, CaseIterable {
  /// An absolute deadline of boot time: goes on while the machine sleeps, is never late.
  case deadline
  /// A timeout that begins when the kernel gets round to it, and stands still while the machine
  /// sleeps.
  case timeout
  /// Nothing but the lifetime of the addresses.
  case lifetime
  /// Nothing at all.
  case none
}

/// What stays when a process is gone: the addresses of one node and the lease in front of them.
struct NodeKernel: Sendable {
  let mechanism: LeaseMechanism
  private(set) var present: AddressSet = []
  /// By place: until when an address lives, in local time.
  private var validUntil = [Nanoseconds](repeating: 0, count: AddressSet.limit)
  /// When the lease ends, in local time; 0 when it is closed.
  private(set) var leaseEnd: Nanoseconds = 0

  init(_ mechanism: LeaseMechanism) { self.mechanism = mechanism }

  /// The addresses that this node answers for when its clock shows `local`.
  func answers(at local: Nanoseconds) -> AddressSet {
    switch mechanism {
    case .deadline, .timeout: return local < leaseEnd ? living(at: local) : []
    case .lifetime: return living(at: local)
    case .none: return present
    }
  }

  private func living(at local: Nanoseconds) -> AddressSet {
    var living = present
    for place in present.places where validUntil[place] <= local {
      living.remove(AddressSet(rawValue: 1 << UInt8(place)))
    }
    return living
  }

  mutating func add(_ addresses: AddressSet, validUntil end: Nanoseconds) {
    present.formUnion(addresses)
    refresh(addresses, validUntil: end)
  }

  mutating func refresh(_ addresses: AddressSet, validUntil end: Nanoseconds) {
    for place in addresses.intersection(present).places { validUntil[place] = end }
  }

  mutating func remove(_ addresses: AddressSet) { present.subtract(addresses) }

  /// Opens the lease, or closes it when the end has passed.
  mutating func open(until end: Nanoseconds) { leaseEnd = end }

  /// Extends a lease that runs; false for one that has ended.
  mutating func renew(until end: Nanoseconds, at local: Nanoseconds) -> Bool {
    guard mechanism != .none, mechanism != .lifetime else { return true }
    guard local < leaseEnd else { return false }
    leaseEnd = end
    return true
  }

  mutating func close() { leaseEnd = 0 }

  /// The machine slept: a timeout has not run meanwhile.
  mutating func slept(_ time: Nanoseconds) {
    if mechanism == .timeout, leaseEnd > 0 { leaseEnd += time }
  }

  /// What godwitd does first: leftovers removed, a new fence.
  mutating func clear() {
    present = []
    leaseEnd = 0
  }
}
