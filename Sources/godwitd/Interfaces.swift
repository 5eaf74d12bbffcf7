import Configuration
import Failover
import LinuxIO
import VRRP

/// What the kernel says about interfaces and their addresses, kept up to date by its events.
final class Interfaces {
  private var table: LinkTable
  private var addresses: AddressTable
  private var monitor: LinkMonitor
  private(set) var links: [Int32: Link] = [:]
  /// Addresses that Godwit did not add, in the kernel's order.
  private var own: [Int32: [AddressRecord]] = [:]
  /// Addresses that carry Godwit's tag.
  private var ours: [Int32: Set<IPAddress>] = [:]

  var descriptor: Int32 { monitor.descriptor }

  private init(
    _ table: consuming LinkTable, _ addresses: consuming AddressTable,
    _ monitor: consuming LinkMonitor
  ) {
    self.table = table
    self.addresses = addresses
    self.monitor = monitor
  }

  static func open() throws(SystemError) -> Interfaces {
    // The events are subscribed to before the tables are read, so that nothing falls in between.
    let monitor = try LinkMonitor.open()
    let interfaces = Interfaces(try LinkTable.open(), try AddressTable.open(), monitor)
    try interfaces.read()
    return interfaces
  }

  /// Reads both tables anew.
  func read() throws(SystemError) {
    links = [:]
    for link in try table.links() { links[link.index] = link }
    own = [:]
    ours = [:]
    for record in try addresses.list() { take(record) }
  }

  private func take(_ record: AddressRecord) {
    drop(record)
    if record.protocolTag == AddressTable.protocolTag {
      ours[record.interfaceIndex, default: []].insert(record.interfaceAddress.address)
    } else {
      own[record.interfaceIndex, default: []].append(record)
    }
  }

  private func drop(_ record: AddressRecord) {
    own[record.interfaceIndex]?.removeAll { $0.interfaceAddress == record.interfaceAddress }
    ours[record.interfaceIndex]?.remove(record.interfaceAddress.address)
  }

  /// What a batch of events changed.
  struct Changes {
    /// Interfaces that came, went or changed.
    var links: Set<Int32> = []
    /// Interfaces whose own addresses changed; Godwit's are not among them.
    var addresses: Set<Int32> = []
    /// Addresses that went away, by interface.
    var removed: [Int32: Set<IPAddress>] = [:]
    /// Events were lost and everything was read anew.
    var isComplete = false
  }

  /// Takes in the events that wait, a bounded number of them.
  func takeEvents() throws(SystemError) -> Changes {
    var changes = Changes()
    _ = try monitor.receive(limit: 512) { event in
      switch event {
      case .link(let link):
        if links[link.index] != link { changes.links.insert(link.index) }
        links[link.index] = link
      case .linkRemoved(let index, _):
        links[index] = nil
        own[index] = nil
        ours[index] = nil
        changes.links.insert(index)
      case .addressAdded(let record):
        take(record)
        if record.protocolTag != AddressTable.protocolTag {
          changes.addresses.insert(record.interfaceIndex)
        }
      case .addressRemoved(let record):
        drop(record)
        if record.protocolTag != AddressTable.protocolTag {
          changes.addresses.insert(record.interfaceIndex)
        }
        changes.removed[record.interfaceIndex, default: []].insert(record.interfaceAddress.address)
      case .overflow: changes.isComplete = true
      }
    }
    if changes.isComplete { try read() }
    return changes
  }

  /// Asks the kernel for the link as it is now; true when it differs from what was known.
  func poll(_ index: Int32) throws(SystemError) -> Bool {
    let link = try table.link(index: index)
    defer { links[index] = link }
    return links[index] != link
  }

  // MARK: Looking up

  func link(_ selector: InterfaceSelector) -> Link? {
    switch selector {
    case .name(let name): return links.values.first { $0.name == name }
    case .hardwareAddress(let address):
      return links.values.filter { $0.hardwareAddress == address }.min { $0.index < $1.index }
    case .subnet(let subnet):
      let index = own.keys.sorted().first { index in
        links[index] != nil
          && ownAddresses(index).contains { subnet.contains($0.interfaceAddress.address) }
      }
      return index.flatMap { links[$0] }
    }
  }

  /// The addresses of the interface that Godwit did not add.
  func ownAddresses(_ index: Int32) -> [AddressRecord] { own[index] ?? [] }

  /// Whether the interface has this address, whoever added it.
  func isOwn(_ address: IPAddress, _ index: Int32) -> Bool {
    if ours[index]?.contains(address) == true { return true }
    return own[index]?.contains { $0.interfaceAddress.address == address } ?? false
  }

  /// The primary address of RFC 9568 section 1.7: over IPv4 the first that is not secondary, over
  /// IPv6 the link-local one; none of `excluded` when there is another.
  func primaryAddress(
    _ index: Int32, _ family: AddressFamily, avoiding excluded: [IPAddress]
  ) -> IPAddress? {
    let usable = ownAddresses(index).filter { record in
      let address = record.interfaceAddress.address
      guard address.family == family, !record.isTentative, !record.isDuplicate else { return false }
      return family == .ipv6 ? address.isLinkLocal : !record.isSecondary
    }
    let addresses = usable.map(\.interfaceAddress.address)
    return addresses.first { !excluded.contains($0) } ?? addresses.first
  }

  /// The address with the prefix it is added with: full length when the interface has an address of
  /// its own in that network already, so that the virtual one is never the primary of it.
  private func installable(
    _ address: InterfaceAddress, beside own: [AddressRecord]
  ) -> InterfaceAddress {
    let isCovered = own.contains {
      $0.interfaceAddress.address != address.address
        && $0.interfaceAddress.prefixLength <= address.prefixLength
        && $0.interfaceAddress.contains(address.address)
    }
    let isLinkLocal = address.address.isLinkLocal
    guard isCovered || isLinkLocal else { return address }
    return InterfaceAddress(
      address.address, prefixLength: address.address.family.addressBits) ?? address
  }

  // MARK: Changing addresses

  /// Adds the addresses for a lifetime, nil for ever, and reads them back; what is not there is named
  /// with its reason.
  func install(
    _ wanted: [InterfaceAddress], _ index: Int32, lifetime: Duration?
  ) -> String? {
    let own = ownAddresses(index)
    let failures = addresses.add(
      wanted.map { installable($0, beside: own) }, lifetime: lifetime, interfaceIndex: index)
    return missing(wanted.map(\.address), index, failures)
  }

  /// Lets addresses that are there live on for a lifetime, nil for ever; the first failure, with its
  /// address.
  func refresh(_ held: [InterfaceAddress], _ index: Int32, lifetime: Duration?) -> String? {
    let own = ownAddresses(index)
    return addresses.refresh(
      held.map { installable($0, beside: own) }, lifetime: lifetime, interfaceIndex: index
    ).first.map { "\($0.address.address): \($0.error)" }
  }

  /// Removes the addresses that Godwit added and reads back; what is still there is named with its
  /// reason. An interface that is gone has taken its addresses with it.
  func remove(_ unwanted: [IPAddress], _ index: Int32) -> String? {
    let gone = Set(unwanted)
    do throws(SystemError) {
      let present = try tagged(index).filter { gone.contains($0.address) }
      if present.isEmpty { return nil }
      let failures = addresses.remove(present, interfaceIndex: index)
      let left = try tagged(index).filter { gone.contains($0.address) }
      if left.isEmpty { return nil }
      let why = failures.first.map { ": \($0.error)" } ?? ""
      return "\(left.map(\.description).joined(separator: ", "))\(why)"
    } catch {
      return links[index] == nil ? nil : "\(error)"
    }
  }

  /// Which of the addresses the kernel has now; nil when it cannot be asked.
  func held(_ wanted: [IPAddress], _ index: Int32) -> Set<IPAddress>? {
    try? addresses.held(wanted, interfaceIndex: index)
  }

  /// Which of the addresses carry Godwit's tag on the interface.
  func ofOurs(_ wanted: [IPAddress], _ index: Int32) -> [IPAddress] {
    wanted.filter { ours[index]?.contains($0) ?? false }
  }

  /// Removes whatever carries Godwit's tag, on every interface: leftovers of an earlier run. `kept` stay,
  /// by the index of their interface.
  func removeLeftovers(except kept: [Int32: Set<IPAddress>]) throws(SystemError)
    -> [InterfaceAddress]
  {
    var removed: [InterfaceAddress] = []
    for index in ours.keys.sorted() {
      let leftovers = try tagged(index).filter { !(kept[index]?.contains($0.address) ?? false) }
      guard !leftovers.isEmpty else { continue }
      if let failure = addresses.remove(leftovers, interfaceIndex: index).first {
        throw failure.error
      }
      removed += leftovers
    }
    try read()
    return removed
  }

  private func tagged(_ index: Int32) throws(SystemError) -> [InterfaceAddress] {
    try addresses.list().filter {
      $0.interfaceIndex == index && $0.protocolTag == AddressTable.protocolTag
    }.map(\.interfaceAddress)
  }

  private func missing(
    _ wanted: [IPAddress], _ index: Int32, _ failures: [AddressFailure]
  ) -> String? {
    do throws(SystemError) {
      let held = try addresses.held(wanted, interfaceIndex: index)
      let missing = wanted.filter { !held.contains($0) }
      if missing.isEmpty { return nil }
      let why = failures.first.map { ": \($0.error)" } ?? ""
      return "\(missing.map(\.description).joined(separator: ", "))\(why)"
    } catch {
      return "\(error)"
    }
  }
}
