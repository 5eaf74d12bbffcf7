@testable import Failover
@testable import VRRP

// Short words for the values that the tests of this module are made of.

/// The instant that many seconds after the clock's zero.
func at(_ seconds: Double) -> Instant {
  // In whole microseconds: a binary fraction of a second is not the time that is written.
  Instant(sinceBoot: .microseconds(Int64((seconds * 1_000_000).rounded())))
}

let thisNode = IPAddress.v4(IPv4Address(192, 0, 2, 1))
let otherNode = IPAddress.v4(IPv4Address(192, 0, 2, 2))
let virtualAddress = IPAddress.v4(IPv4Address(192, 0, 2, 100))

func order(
  _ event: HookEvent, _ number: UInt64 = 1, operation: OperationIdentifier? = nil
) -> HookOrder {
  HookOrder(
    number: number, event: event, operation: operation, reason: .startup, isPlanned: false,
    oldState: .backup, newState: .active, term: 1, priority: .standard, peer: nil)
}

func run(_ number: UInt64) -> HookRun.Identifier { HookRun.Identifier(number) }

func routerSettings(
  priority: UInt8 = 100, preemption: Preemption = .never, addresses: [IPAddress] = [virtualAddress],
  interval: AdvertisementInterval = .standard
) -> VirtualRouterSettings {
  VirtualRouterSettings(
    identifier: VirtualRouterIdentifier(51)!, addresses: addresses, priority: Priority(priority),
    advertisementInterval: interval, preemption: preemption)
}

func advertisement(
  _ priority: UInt8, interval: AdvertisementInterval = .standard
) -> Advertisement {
  Advertisement(
    version: .version3, identifier: VirtualRouterIdentifier(51)!, priority: Priority(priority),
    interval: interval, checksumForm: .message, addressCount: 1)
}
