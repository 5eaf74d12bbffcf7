import Configuration
import Control
import Failover
import LinuxIO
import Recording
import VRRP

/// One virtual router of the configuration with everything this node keeps for it.
final class LocalRouter {
  private(set) var configuration: VirtualRouterConfiguration
  /// How a recording of it begins.
  let beginning: RecordedLine
  var participant: Participant
  /// Its addresses, ready to be compared with a received list.
  private(set) var addressList: AddressList
  /// When the participant wants to hear of the time again.
  var deadline: Instant?
  /// Where `Deadlines` has it; never later than `deadline`.
  var notedDeadline: Instant?
  /// The interface it is on now.
  var link: Link?
  /// The address its advertisements leave from.
  var source: IPAddress?
  /// The message, made anew when the settings or the source change.
  var template: AdvertisementTemplate?
  /// Hashes of what the other nodes have to configure alike.
  private(set) var digests: SharedConfiguration
  /// Signs what it sends and checks what it hears.
  var authenticator: AdvertisementAuthenticator
  var counters = RouterCounters()
  /// What the last `demote` of an operation had to tell.
  var demoteResult: (operation: OperationIdentifier, output: [UInt8])?
  /// What the `demote` of another node had to tell.
  var peerResult: (operation: OperationIdentifier, output: [UInt8])?
  /// What the peers know of its connections, while it is held here.
  var ledger: ConnectionLedger?
  /// The connections of other holders, which they have shared.
  var sharedConnections = SharedConnections()
  /// Those that a holder still had when it had handed the role over.
  var lateConnections = LateConnections()
  /// Who handed the role over to this node last, and when the addresses were here.
  var formerHolder: (name: String, at: Instant)?
  /// The last operation by which this node gave the addresses away.
  var releasedOperation: OperationIdentifier?
  /// What was told of routine prechecks.
  var precheckNews = PrecheckNews()
  /// While clients of another holder are told.
  var telling: ClientTelling?
  /// The hardware addresses of this host, as the participant knows them.
  var hardware: Set<HardwareAddress> = []
  /// What the kernel drops unless the lease is open; nil without a lease or an interface.
  var fence: Fence?
  /// Whether the kernel was told to answer for the addresses no longer.
  var isSilenced = false
  /// Whether the kernel was last seen without the addresses.
  var isWithoutAddresses = true
  /// The end that the kernel's lease was last given.
  var leaseGranted: Instant?
  /// Whether the last advertisement left.
  var hasBeaten = false
  /// The last advertisement of another router: from whom, when, with which priority.
  var lastHeard: (source: IPAddress, at: Instant, priority: Priority)?
  /// Others that send another form of the checksum.
  var foreignChecksums = ForeignChecksums()
  /// When a code is next made for an advertisement outside the window.
  var nextStaleCheck: Instant?
  /// Set when the role is given up for good: the configuration has it no longer, or with another
  /// identity.
  var isLeaving = false
  /// Whether the connections of addresses that it is to drop are being reset.
  var isDropping = false
  /// Addresses that it is to drop and whose connections are done with.
  var droppedConnections: Set<IPAddress> = []
  /// The term that was last handed to the disk.
  var savedTerm: UInt64

  var name: String { configuration.name }
  var identifier: VirtualRouterIdentifier { configuration.router.identifier }
  var family: VRRP.AddressFamily { configuration.router.family }

  /// `isRestart`: an earlier run of the daemon ended without giving the role up. `leftover`: it left the
  /// addresses here, under maintenance.
  init(
    _ configuration: VirtualRouterConfiguration, term: UInt64, isRestart: Bool = false,
    maintenance: MaintenanceMark, leftover: Leftover? = nil, at now: Instant
  ) {
    beginning = RecordedLine(
      beginning: configuration.name, configuration.participant, term: term, isRestart: isRestart,
      maintenance: maintenance, resumes: leftover != nil, at: now)
    self.configuration = configuration
    participant = Participant(
      configuration.participant, term: term, isRestart: isRestart, maintenance: maintenance,
      resumes: leftover != nil, at: now)
    fence = leftover?.fence
    isWithoutAddresses = leftover == nil
    addressList = AddressList(configuration.router.addresses)
    digests = configuration.digests
    authenticator = AdvertisementAuthenticator(configuration.router, nil)
    savedTerm = term
  }

  func adopt(_ configuration: VirtualRouterConfiguration) {
    self.configuration = configuration
    addressList = AddressList(configuration.router.addresses)
    digests = configuration.digests
    template = nil
    precheckNews.keep(only: configuration.hooks)
    foreignChecksums = ForeignChecksums()
  }

  /// The message with this priority; nil while there is no address to send from.
  func message(_ priority: Priority) -> [UInt8]? {
    guard let source else { return nil }
    if template == nil { template = AdvertisementTemplate(configuration.router, source: source) }
    template?.priority = priority
    return template?.message
  }

  /// Whether a changed configuration can be taken over without giving the role up.
  func canAdopt(_ new: VirtualRouterConfiguration) -> Bool {
    new.interface == configuration.interface && new.sourceAddress == configuration.sourceAddress
      && new.router.identifier == configuration.router.identifier
      && new.router.version == configuration.router.version
      && new.router.family == configuration.router.family
      && (new.router.priority == .owner) == (configuration.router.priority == .owner)
  }
}

/// What the kernel drops for a virtual router unless its lease runs.
struct Fence {
  let identifier: LeaseIdentifier
  /// The interface's name.
  let interface: String
  let addresses: [IPAddress]

  init(_ identifier: LeaseIdentifier, _ interface: String, _ addresses: [IPAddress]) {
    self.identifier = identifier
    self.interface = interface
    self.addresses = addresses
  }
}

/// Where advertisements of a virtual router come from: no two may share it.
struct Place: Hashable {
  let index: Int32
  let family: VRRP.AddressFamily
  let identifier: VirtualRouterIdentifier

  init(_ index: Int32, _ family: VRRP.AddressFamily, _ identifier: VirtualRouterIdentifier) {
    self.index = index
    self.family = family
    self.identifier = identifier
  }
}

extension VirtualRouterConfiguration {
  var participant: ParticipantSettings {
    ParticipantSettings(
      router: router, node: node, isPair: isPair, peers: peers, lease: lease,
      detectsConflicts: conflictDetection, maintenanceLease: maintenanceLease,
      precheckInterval: precheckInterval, announcementRefresh: announcementRefresh,
      checks: checks,
      hooks: hooks)
  }
}

extension VirtualRouterConfiguration {
  /// Hashes of what the other nodes have to configure alike.
  var digests: SharedConfiguration {
    SharedConfiguration(
      participant,
      others: [
        .acceptMode: "true", .onRelease: connections.onRelease.rawValue,
        .onTakeover: connections.onTakeover.rawValue,
        .connectionPorts: connections.ports.sorted().map(\.description).joined(separator: " "),
        .maintenanceLease: "\(maintenanceLease.wholeMilliseconds) ms",
      ])
  }
}
