import VRRP

@testable import LinuxIO

/// The mechanisms under which the kernel itself falls silent.
let silencing: [LeaseMechanism] = [.bpf, .nftables]

let virtualIPv4 = IPAddress.v4(IPv4Address(10, 0, 0, 100))
let virtualIPv6 = IPAddress.v6(IPv6Address(high: 0xfd00_0000_0000_0000, low: 0x100))

func virtualAddress(_ family: AddressFamily) -> IPAddress {
  family == .ipv4 ? virtualIPv4 : virtualIPv6
}

/// A pair whose left host has 10.0.0.100 and fd00::100 and does not lose them.
struct LeasePair {
  let pair: NamespacePair
  let interfaceIndex: Int32

  static func make(_ body: (LeasePair) throws -> Void) throws {
    try NamespacePair.make { pair in
      try pair.left.ip("addr add 10.0.0.100/32 dev eth0")
      try pair.left.ip("addr add fd00::100/128 dev eth0 nodad")
      try body(LeasePair(pair: pair, interfaceIndex: pair.left.index()))
    }
  }

  func identifier(_ family: AddressFamily) -> LeaseIdentifier {
    LeaseIdentifier(interfaceIndex: interfaceIndex, virtualRouter: 1, family: family)
  }
}

/// How long a frame that has left before the end of a lease may be on its way on a busy machine.
let delivery = Duration.milliseconds(25)

func inTime(_ duration: Duration = .seconds(60)) -> Instant { Clock.now() + duration }
