import CNetlink
import Glibc
import VRRP

/// An address that could not be added or removed, and why.
public struct AddressFailure: Equatable, Sendable {
  public let address: InterfaceAddress
  public let error: SystemError
}

/// Adds, removes and reads the addresses of interfaces (rtnetlink(7)).
///
/// Requests go to the kernel in batches, which it carries out before the call returns; one that
/// fails does not stop those behind it.
public struct AddressTable: ~Copyable {
  /// The IFA_PROTO of the addresses that this program added.
  public static let protocolTag: UInt8 = 0x67

  private var socket: NetlinkSocket

  private init(_ socket: consuming NetlinkSocket) { self.socket = socket }

  /// Adding and removing need CAP_NET_ADMIN.
  public static func open() throws(SystemError) -> AddressTable {
    try open(receiveBuffer: 1 << 20)
  }

  static func open(receiveBuffer: Int32) throws(SystemError) -> AddressTable {
    AddressTable(try NetlinkSocket.open(receiveBuffer: receiveBuffer))
  }

  /// Adds addresses with exactly the prefixes given and returns those that are not there now.
  ///
  /// IPv6 addresses skip duplicate address detection and are never chosen as a source. An address
  /// that is there with the same prefix becomes ours; with another prefix (IPv6) it fails with
  /// EEXIST. With a lifetime, in whole seconds, the kernel takes them away after it by itself.
  public mutating func add(
    _ addresses: [InterfaceAddress], lifetime: Duration? = nil, interfaceIndex: Int32
  ) -> [AddressFailure] {
    let seconds = Self.seconds(lifetime)
    let fresh = AddressChange.add(flags: NLM_F_CREATE | NLM_F_EXCL, lifetime: seconds)
    let replacing = AddressChange.add(flags: NLM_F_REPLACE, lifetime: seconds)
    var errors = submit(addresses, fresh, interfaceIndex)
    let existing = errors.filter { $0.value.code == EEXIST }.keys.sorted()
    if !existing.isEmpty, let records = try? self.records(.any, interfaceIndex) {
      let present = Dictionary(records.map { ($0.interfaceAddress, $0) }) { first, _ in first }
      // Detection once begun goes on, or has failed for good, whatever is changed about the
      // address: that takes a new one.
      let idle = existing.filter { present[addresses[$0]]?.isTentative == false }
      let stuck = existing.filter { present[addresses[$0]]?.isTentative == true }
      retry(idle, of: addresses, replacing, interfaceIndex, &errors)
      retry(stuck, of: addresses, .remove, interfaceIndex, &errors)
      retry(stuck, of: addresses, fresh, interfaceIndex, &errors)
    }
    return Self.failures(addresses, errors)
  }

  /// Lets addresses with exactly these prefixes live on for a lifetime, in whole seconds, and returns
  /// those that could not be renewed. One that is not there is added.
  public mutating func refresh(
    _ addresses: [InterfaceAddress], lifetime: Duration?, interfaceIndex: Int32
  ) -> [AddressFailure] {
    let change = AddressChange.add(
      flags: NLM_F_CREATE | NLM_F_REPLACE, lifetime: Self.seconds(lifetime))
    return Self.failures(addresses, submit(addresses, change, interfaceIndex))
  }

  private static func seconds(_ lifetime: Duration?) -> UInt32 {
    guard let lifetime else { return .max }
    return UInt32(clamping: max(1, lifetime.components.seconds))
  }

  /// Removes addresses with exactly the prefixes given, whoever added them, and returns those that
  /// are still there. One that is not there, or whose interface is gone, counts as removed.
  public mutating func remove(
    _ addresses: [InterfaceAddress], interfaceIndex: Int32
  ) -> [AddressFailure] {
    Self.failures(addresses, submit(addresses, .remove, interfaceIndex))
  }

  /// All addresses of all interfaces.
  public mutating func list() throws(SystemError) -> [AddressRecord] {
    try records(.any, 0)
  }

  /// Which of the addresses are in use on the interface, with whatever prefix: there, and neither
  /// tentative nor duplicate. None when the interface is gone.
  public mutating func held(
    _ addresses: [IPAddress], interfaceIndex: Int32
  ) throws(SystemError) -> Set<IPAddress> {
    let wanted = Set(addresses)
    var held: Set<IPAddress> = []
    for family in AddressFamily.allCases where wanted.contains(where: { $0.family == family }) {
      for record in try records(.only(family), interfaceIndex)
      where !record.isTentative && !record.isDuplicate {
        let address = record.interfaceAddress.address
        if wanted.contains(address) { held.insert(address) }
      }
    }
    return held
  }
}

extension AddressTable {
  private enum Families {
    case any
    case only(AddressFamily)
  }

  /// The records of one interface, or of all for 0.
  private mutating func records(
    _ families: Families, _ interfaceIndex: Int32
  ) throws(SystemError) -> [AddressRecord] {
    var header = ifaddrmsg()
    header.ifa_index = UInt32(bitPattern: interfaceIndex)
    if case .only(let family) = families { header.ifa_family = UInt8(family.socketFamily) }
    let request = try NetlinkRequest.make(
      Int(RTM_GETADDR), flags: NLM_F_ROOT | NLM_F_MATCH, header: header)
    do {
      return try socket.dump(request) { message, body in
        guard message.type == Int(RTM_NEWADDR), let record = AddressRecord(body),
          interfaceIndex == 0 || record.interfaceIndex == interfaceIndex
        else { return nil }
        return record
      }
    } catch {
      if error.code == ENODEV { return [] }
      throw error
    }
  }

  /// Carries out one change for each address; the errors by the place of the address.
  private mutating func submit(
    _ addresses: [InterfaceAddress], _ change: AddressChange, _ interfaceIndex: Int32
  ) -> [Int: SystemError] {
    var errors: [Int: SystemError] = [:]
    for start in stride(from: 0, to: addresses.count, by: NetlinkBatch.limit) {
      let chunk = addresses[start..<min(start + NetlinkBatch.limit, addresses.count)]
      do {
        for (place, code) in try exchange(chunk, change, interfaceIndex).errors {
          if case .remove = change, [EADDRNOTAVAIL, ENODEV, ENXIO].contains(code) { continue }
          errors[start + place] = SystemError(change.name, code)
        }
      } catch {
        errors.merge(settle(chunk, change, interfaceIndex, error)) { _, late in late }
      }
    }
    return errors
  }

  private mutating func exchange(
    _ addresses: ArraySlice<InterfaceAddress>, _ change: AddressChange, _ interfaceIndex: Int32
  ) throws(SystemError) -> NetlinkSocket.Answer {
    var batch = socket.makeBatch()
    for address in addresses {
      batch.append(try change.request(address, interfaceIndex))
    }
    batch.acknowledgeLast()
    return try socket.exchange(batch)
  }

  /// The errors of a change whose answers were lost: the table itself is asked what became of it.
  private mutating func settle(
    _ addresses: ArraySlice<InterfaceAddress>, _ change: AddressChange, _ interfaceIndex: Int32,
    _ error: SystemError
  ) -> [Int: SystemError] {
    let records = try? records(.any, interfaceIndex)
    let tags = records.map { records in
      Dictionary(records.map { ($0.interfaceAddress, $0.protocolTag) }) { first, _ in first }
    }
    var errors: [Int: SystemError] = [:]
    for place in addresses.indices {
      guard let tags else {
        errors[place] = error
        continue
      }
      switch (change, tags[addresses[place]]) {
      case (.add, Self.protocolTag), (.remove, nil): break
      case (.add, nil), (.remove, .some): errors[place] = error
      case (.add, .some): errors[place] = SystemError(change.name, EEXIST)
      }
    }
    return errors
  }

  /// Carries out a change for the addresses at some places and notes what became of them.
  private mutating func retry(
    _ places: [Int], of addresses: [InterfaceAddress], _ change: AddressChange,
    _ interfaceIndex: Int32,
    _ errors: inout [Int: SystemError]
  ) {
    guard !places.isEmpty else { return }
    let again = submit(places.map { addresses[$0] }, change, interfaceIndex)
    for (offset, place) in places.enumerated() { errors[place] = again[offset] }
  }

  private static func failures(
    _ addresses: [InterfaceAddress], _ errors: [Int: SystemError]
  ) -> [AddressFailure] {
    errors.sorted { $0.key < $1.key }
      .map { AddressFailure(address: addresses[$0.key], error: $0.value) }
  }
}
