import Failover
import VRRP

/// One configuration file as a value: everything in it has been checked.
public struct NodeConfiguration: Hashable, Sendable {
  /// This node's name in status, history and hooks.
  public var node: String
  public var peers: [PeerConfiguration]
  /// UDP port of the peer channel.
  public var peerPort: UInt16
  /// nil: advertisements carry no trailer, and one that does is discarded.
  public var authentication: AuthenticationConfiguration?
  public var controlSocket: String
  /// Members may read status.
  public var controlGroup: String
  /// Members may change things, as root may.
  public var controlAdminGroup: String?
  public var stateDirectory: String
  public var logLevel: LogLevel
  /// SCHED_FIFO priority of the event loop, 1-99; 0 leaves the scheduling class alone.
  public var realtimePriority: Int
  public var lockMemory: Bool
  public var leaseMechanism: LeaseMechanismSetting
  /// In the order of the file.
  public var virtualRouters: [VirtualRouterConfiguration]
}

/// Another node of the group.
public struct PeerConfiguration: Hashable, Sendable {
  public var name: String
  public var addresses: [IPAddress]
}

/// How much goes to the log, most first.
public enum LogLevel: String, Hashable, Sendable, CaseIterable {
  case debug, info, notice, warning, error
}

/// How the operator names the interface of a virtual router.
public enum InterfaceSelector: Hashable, Sendable, CustomStringConvertible {
  case name(String)
  case hardwareAddress(HardwareAddress)
  /// The interface that has an address of its own in this network.
  case subnet(InterfaceAddress)

  public var description: String {
    switch self {
    case .name(let name): name
    case .hardwareAddress(let address): "mac \(address)"
    case .subnet(let subnet): "subnet \(subnet)"
    }
  }
}

/// One virtual router on this node.
public struct VirtualRouterConfiguration: Hashable, Sendable {
  public var name: String
  public var interface: InterfaceSelector
  /// The addresses as they are written, link-local first over IPv6.
  public var addresses: [InterfaceAddress]
  /// What the protocol needs; its addresses are the ones above without their prefix.
  public var router: VirtualRouterSettings
  /// This node's name and those of the others.
  public var node = ""
  public var peers: [String] = []
  /// Whether exactly one other node is listed in `peers`.
  public var isPair: Bool { peers.count == 1 }
  public var lease: LeaseSettings
  /// Whether the addresses are probed for before the first claim and defended while Active.
  public var conflictDetection: Bool
  /// The source of advertisements; nil for the interface's primary address.
  public var sourceAddress: IPAddress?
  /// Time between two announcements while Active.
  public var announcementRefresh: Duration
  /// What happens to the TCP connections of the addresses when the role moves.
  public var connections: ConnectionSettings
  /// How long the addresses may stay without the daemon during maintenance.
  public var maintenanceLease: Duration
  /// Time from one run of the prechecks to the next.
  public var precheckInterval: Duration
  public var checks: [CheckSettings]
  public var hooks: [HookSettings]
  /// Further interfaces that must have carrier.
  public var trackedInterfaces: [String]
}
