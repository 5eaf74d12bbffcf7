import CNetlink
import VRRP

/// One address of an interface as the kernel tells it (struct ifaddrmsg, linux/if_addr.h).
public struct AddressRecord: Hashable, Sendable {
  public let interfaceIndex: Int32
  /// The local address with the length of its prefix.
  public let interfaceAddress: InterfaceAddress
  /// Who added it (IFA_PROTO): `AddressTable.protocolTag` for ours; 0 when unset, and always before
  /// Linux 5.18.
  public let protocolTag: UInt8
  /// How long it stays from when the kernel told it, in seconds; nil for ever (IFA_CACHEINFO).
  public let validLifetime: UInt32?
  /// IFA_F_*.
  let flags: UInt32

  /// Duplicate address detection runs, or ended badly: the address is not in use.
  public var isTentative: Bool { flags & UInt32(IFA_F_TENTATIVE) != 0 }
  /// Duplicate address detection found another holder.
  public var isDuplicate: Bool { flags & UInt32(IFA_F_DADFAILED) != 0 }
  /// IPv4: not the first address of its network on this interface, and removed with the first
  /// unless promote_secondaries is set.
  public var isSecondary: Bool {
    interfaceAddress.address.family == .ipv4 && flags & UInt32(IFA_F_SECONDARY) != 0
  }
  /// Without an end of its lifetime.
  public var isPermanent: Bool { flags & UInt32(IFA_F_PERMANENT) != 0 }
  /// Past its preferred lifetime: not chosen as a source.
  public var isDeprecated: Bool { flags & UInt32(IFA_F_DEPRECATED) != 0 }

  init(
    interfaceIndex: Int32, interfaceAddress: InterfaceAddress, protocolTag: UInt8,
    validLifetime: UInt32? = nil, flags: UInt32
  ) {
    self.interfaceIndex = interfaceIndex
    self.interfaceAddress = interfaceAddress
    self.protocolTag = protocolTag
    self.validLifetime = validLifetime
    self.flags = flags
  }

  /// From what follows the header of RTM_NEWADDR or RTM_DELADDR; nil when it is malformed or of
  /// another family.
  init?(_ body: Span<UInt8>) {
    guard let family: UInt8 = body.hostInteger(at: 0),
      let prefixLength: UInt8 = body.hostInteger(at: 1),
      let shortFlags: UInt8 = body.hostInteger(at: 2),
      let index: UInt32 = body.hostInteger(at: 4)
    else { return nil }
    var local: IPAddress?
    var address: IPAddress?
    var tag: UInt8 = 0
    var validLifetime: UInt32?
    var flags = UInt32(shortFlags)
    NetlinkMessage.forEachAttribute(in: body, skipping: 8) { type, value in
      switch type {
      case Int(IFA_LOCAL): local = IPAddress(value)
      case Int(IFA_ADDRESS): address = IPAddress(value)
      case Int(IFA_FLAGS): flags = value.hostInteger(at: 0) ?? flags
      case Int(IFA_PROTO): tag = value.hostInteger(at: 0) ?? tag
      // ifa_valid comes behind ifa_prefered.
      case Int(IFA_CACHEINFO): validLifetime = value.hostInteger(at: 4)
      default: break
      }
    }
    // With a peer IFA_ADDRESS is the peer's.
    guard let own = local ?? address, own.family.socketFamily == Int32(family),
      let interfaceAddress = InterfaceAddress(own, prefixLength: prefixLength)
    else { return nil }
    self.init(
      interfaceIndex: Int32(truncatingIfNeeded: index), interfaceAddress: interfaceAddress,
      protocolTag: tag, validLifetime: validLifetime == .max ? nil : validLifetime, flags: flags)
  }
}

extension IPAddress {
  /// From 4 or 16 bytes in network order; nil for any other count.
  init?(_ bytes: Span<UInt8>) {
    switch bytes.count {
    case 4:
      guard let number: UInt32 = bytes.hostInteger(at: 0) else { return nil }
      self = .v4(IPv4Address(number: UInt32(bigEndian: number)))
    case 16:
      guard let high: UInt64 = bytes.hostInteger(at: 0),
        let low: UInt64 = bytes.hostInteger(at: 8)
      else { return nil }
      self = .v6(IPv6Address(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low)))
    default: return nil
    }
  }
}
