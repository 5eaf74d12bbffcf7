import CNetlink
import Glibc

/// Hears of changes of interfaces and addresses (rtnetlink(7)).
///
/// The kernel holds back the events of a flapping carrier for up to a second: whoever must know
/// earlier asks `LinkTable.link(index:)` as well.
public struct LinkMonitor: ~Copyable {
  /// What happened.
  public enum Event: Equatable, Sendable {
    /// The interface is new or something about it changed.
    case link(Link)
    /// The interface is gone, or has moved to another namespace.
    case linkRemoved(index: Int32, name: String)
    /// The address is new or something about it changed.
    case addressAdded(AddressRecord)
    case addressRemoved(AddressRecord)
    /// Events were lost: what the tables say has to be read again.
    case overflow
  }

  private var socket: NetlinkSocket

  private init(_ socket: consuming NetlinkSocket) { self.socket = socket }

  /// The descriptor, readable when an event waits.
  public var descriptor: Int32 { socket.descriptor }

  /// Room for about 10,000 events.
  public static func open() throws(SystemError) -> LinkMonitor {
    try open(receiveBuffer: 8 << 20)
  }

  static func open(receiveBuffer: Int32) throws(SystemError) -> LinkMonitor {
    let socket = try NetlinkSocket.open(receiveBuffer: receiveBuffer)
    for group in [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR] {
      try socket.join(group)
    }
    return LinkMonitor(socket)
  }

  /// Reads up to `limit` datagrams, usually of one event each, and returns how many there were.
  public mutating func receive(
    limit: Int, _ body: (Event) -> Void
  ) throws(SystemError) -> Int {
    var count = 0
    while count < limit {
      do {
        let received = try socket.receive { message, bytes in
          if let event = Self.event(message, bytes) { body(event) }
        }
        guard received else { break }
      } catch {
        // EMSGSIZE: one event did not fit the buffer, so it is lost as well.
        guard error.code == ENOBUFS || error.code == EMSGSIZE else { throw error }
        body(.overflow)
      }
      count += 1
    }
    return count
  }

  /// The event that a message tells; nil for any other message.
  static func event(_ message: NetlinkMessage, _ body: Span<UInt8>) -> Event? {
    switch message.type {
    case Int(RTM_NEWLINK): Link(body).map { .link($0) }
    case Int(RTM_DELLINK): Link(body).map { .linkRemoved(index: $0.index, name: $0.name) }
    case Int(RTM_NEWADDR): AddressRecord(body).map { .addressAdded($0) }
    case Int(RTM_DELADDR): AddressRecord(body).map { .addressRemoved($0) }
    default: nil
    }
  }
}
