import VRRP

@testable import LinuxIO

/// Reads a datagram as a route socket or one that lists connections hands it over.
enum NetlinkTarget {
  static func take(_ input: Span<UInt8>) {
    var bytes = 0
    let size = input.count
    NetlinkMessage.forEach(in: input) { message, body in
      bytes += NetlinkMessage.headerLength + body.count
      expect(bytes <= size, "messages do not overlap")
      switch LinkMonitor.event(message, body) {
      case .addressAdded(let record), .addressRemoved(let record): check(record)
      case .link(let link): expect(link.name.utf8.count <= 3 * body.count, "a name is a part of it")
      case .linkRemoved, .overflow, nil: break
      }
      // Of another kind of socket, in the same form.
      if let connection = ListedConnection(body) {
        expect(
          connection.request.sdiag_family == body[0], "a connection is asked for as it is told")
      }
    }
  }

  private static func check(_ record: AddressRecord) {
    let address = record.interfaceAddress
    expect(
      address.prefixLength <= address.address.family.addressBits, "a prefix fits its address")
    expect(InterfaceAddress(address.description) == address, "\(address) is read as it is written")
  }
}
