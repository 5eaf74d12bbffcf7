import LinuxIO
import VRRP

/// The sockets for advertisements: one for each interface and family that a virtual router is on.
final class AdvertisementSockets {
  private final class Entry {
    let index: Int32
    let family: AddressFamily
    var socket: AdvertisementSocket
    /// What the kernel could not queue, as it was last seen.
    var drops: UInt32 = 0

    init(_ index: Int32, _ family: AddressFamily, _ socket: consuming AdvertisementSocket) {
      self.index = index
      self.family = family
      self.socket = socket
    }
  }

  /// Datagrams taken from one socket before the loop looks at everything else again.
  static let batch = 64

  private var entries: [UInt64: Entry] = [:]

  /// What `receive` knows the socket of an interface and family by.
  static func key(_ index: Int32, _ family: AddressFamily) -> UInt64 {
    UInt64(UInt32(bitPattern: index)) << 8 | UInt64(family.rawValue)
  }

  /// Opens the socket unless there is one.
  func open(
    _ link: Link, _ family: AddressFamily, loop: borrowing EventLoop
  ) throws(SystemError) {
    let key = Self.key(link.index, family)
    guard entries[key] == nil else { return }
    let entry = Entry(
      link.index, family,
      try AdvertisementSocket.open(
        family: family, interfaceIndex: link.index, interfaceName: link.name))
    try loop.watch(
      entry.socket.descriptor, for: .readable, token: Token.advertisements.with(key))
    entries[key] = entry
  }

  /// Joins the group again on an interface that has come back up.
  func rejoin(_ index: Int32, _ family: AddressFamily) {
    try? entries[Self.key(index, family)]?.socket.rejoin()
  }

  /// Closes what no virtual router uses any more.
  func close(unusedBy routers: [LocalRouter], loop: borrowing EventLoop) {
    let used = Set(
      routers.compactMap { router in
        router.link.map { Self.key($0.index, router.family) }
      })
    for (key, entry) in entries where !used.contains(key) {
      loop.forget(entry.socket.descriptor)
      entries[key] = nil
    }
  }

  /// Takes the datagrams that wait, at most `batch`; the error that ended it early, if one did.
  func receive(
    _ key: UInt64, _ body: (Int32, AddressFamily, Span<UInt8>, Envelope) -> Void
  ) -> SystemError? {
    guard let entry = entries[key] else { return nil }
    do throws(SystemError) {
      _ = try entry.socket.receive(limit: Self.batch) { message, envelope in
        body(entry.index, entry.family, message, envelope)
      }
      return nil
    } catch {
      return error
    }
  }

  /// Whether the kernel could not queue advertisements since this was last asked.
  func hasMissed(_ key: UInt64) -> Bool {
    guard let entry = entries[key] else { return false }
    let drops = entry.socket.drops
    defer { entry.drops = drops }
    return drops != entry.drops
  }

  func send(
    _ message: [UInt8], from source: IPAddress, to destination: IPAddress, on index: Int32
  ) -> SystemError? {
    guard let entry = entries[Self.key(index, source.family)] else { return nil }
    do throws(SystemError) {
      try entry.socket.send(message, from: source, to: destination)
      return nil
    } catch {
      return error
    }
  }
}
