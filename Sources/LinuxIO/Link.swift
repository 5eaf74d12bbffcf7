import CNetlink
import Glibc
import VRRP

/// One interface as the kernel tells it (struct ifinfomsg, linux/if_link.h).
public struct Link: Hashable, Sendable {
  /// IFF_* of linux/if.h, which cannot be imported beside net/if.h.
  private enum Flag {
    static let up: UInt32 = 0x1
    static let loopback: UInt32 = 0x8
    static let running: UInt32 = 0x40
    static let lowerUp: UInt32 = 0x1_0000
  }

  public let index: Int32
  public let name: String
  /// nil when the interface has none of six bytes.
  public let hardwareAddress: HardwareAddress?
  /// The largest packet in bytes.
  public let mtu: Int
  let flags: UInt32

  /// Set up by the administrator (IFF_UP).
  public var isUp: Bool { flags & Flag.up != 0 }
  /// The medium is there and the interface works (IFF_LOWER_UP and IFF_RUNNING).
  public var hasCarrier: Bool { flags & Flag.lowerUp != 0 && flags & Flag.running != 0 }
  public var isLoopback: Bool { flags & Flag.loopback != 0 }

  /// From what follows the header of RTM_NEWLINK or RTM_DELLINK; nil when it is malformed, and for
  /// the messages of a bridge about its ports, which have the same types.
  init?(_ body: Span<UInt8>) {
    guard let family: UInt8 = body.hostInteger(at: 0), Int32(family) == AF_UNSPEC,
      let index: Int32 = body.hostInteger(at: 4),
      let flags: UInt32 = body.hostInteger(at: 8), body.count >= 16
    else { return nil }
    var name: String?
    var hardwareAddress: HardwareAddress?
    var mtu: UInt32 = 0
    NetlinkMessage.forEachAttribute(in: body, skipping: 16) { type, value in
      switch type {
      case Int(IFLA_IFNAME):
        name = String(decoding: value.array.prefix { $0 != 0 }, as: UTF8.self)
      case Int(IFLA_ADDRESS):
        hardwareAddress = HardwareAddress(bytes: value.array)
      case Int(IFLA_MTU): mtu = value.hostInteger(at: 0) ?? mtu
      default: break
      }
    }
    guard let name else { return nil }
    self.index = index
    self.name = name
    self.hardwareAddress = hardwareAddress
    self.mtu = Int(mtu)
    self.flags = flags
  }
}
