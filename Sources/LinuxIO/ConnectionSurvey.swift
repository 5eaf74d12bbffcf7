import CNetlink
import Glibc
import VRRP

/// Lists the TCP connections of addresses without blocking.
///
/// Watch `descriptor` for reading and call `proceed` each time: it takes one datagram, which holds a
/// few hundred connections. What ends the list ends the value too: forget the descriptor and let it
/// go. Half-open connections are told only where that is asked for, so that a flood of them counts for
/// nothing.
public struct ConnectionSurvey: ~Copyable {
  private var socket: NetlinkSocket
  private var dump: ConnectionDump

  private init(_ socket: consuming NetlinkSocket, _ dump: ConnectionDump) {
    self.socket = socket
    self.dump = dump
  }

  /// Asks for the connections that are in one of the scopes, which have an address at least.
  public static func start(
    _ scopes: [ConnectionScope], halfOpen: Bool = false
  ) throws(SystemError) -> ConnectionSurvey {
    let unwanted = halfOpen ? 0 : ConnectionDump.halfOpen
    var survey = ConnectionSurvey(
      try NetlinkSocket.open(NETLINK_SOCK_DIAG, receiveBuffer: 1 << 18),
      ConnectionDump(ConnectionScopes(scopes), states: ConnectionDump.allStates & ~unwanted))
    guard try survey.dump.ask(&survey.socket) else { throw SystemError("sock_diag dump", EINVAL) }
    return survey
  }

  public var descriptor: Int32 { socket.descriptor }

  /// Takes the datagram that waits, and visits each connection with the number of its scope; true
  /// when there are no more.
  public mutating func proceed(
    _ visit: (_ scope: Int, TCPConnection) -> Void
  ) throws(SystemError) -> Bool {
    try dump.proceed(&socket) { visit($0, $1.connection) }
  }
}
