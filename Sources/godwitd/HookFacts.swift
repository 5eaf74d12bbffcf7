import Configuration
import Control
import Failover
import LinuxIO
import VRRP

/// What a hook program is told: the same facts as environment and as one JSON document.
struct HookFacts {
  private let values: [(name: String, value: String)]
  private let extra: [String: String]
  private let content: HookDocument

  init(
    _ run: HookRun, _ router: LocalRouter, _ configuration: NodeConfiguration,
    operation: (OperationIdentifier) -> String
  ) {
    let order = run.order
    let peer = order.peer.flatMap { address in
      router.participant.peers.first { $0.value.report.source == address }?.key
        ?? configuration.peers.first { $0.addresses.contains(address) }?.name
    }
    let result = router.peerResult.flatMap { result in
      order.event == .promote && result.operation == order.operation
        ? JSONValue(object: result.output) : nil
    }
    let milliseconds = max(0, Int((run.timeout / .milliseconds(1)).rounded()))
    content = HookDocument(
      event: order.event.rawValue,
      eventIdentifier: "\(router.name)-\(router.participant.term)-\(order.number)",
      operationIdentifier: order.operation.map(operation),
      virtualRouter: router.name,
      vrid: Int(router.configuration.router.identifier.number),
      addresses: router.configuration.addresses.map(\.description),
      interface: router.link?.name ?? "",
      node: configuration.node,
      peer: order.peer.map {
        HookDocument.Peer(name: peer, address: $0.description, result: result)
      },
      peerAddress: order.peer?.description,
      term: Int(clamping: order.term),
      planned: order.isPlanned,
      reason: order.reason.rawValue,
      oldState: order.oldState.rawValue,
      newState: order.newState.rawValue,
      priority: Int(order.priority.number),
      timeoutMilliseconds: milliseconds,
      dryRun: false,
      attempt: run.attempt,
      maintenance: router.participant.maintenance.isOn)
    let document = content
    values = [
      ("EVENT", document.event),
      ("EVENT_ID", document.eventIdentifier),
      ("OPERATION_ID", document.operationIdentifier ?? ""),
      ("VIRTUAL_ROUTER", document.virtualRouter),
      ("VRID", "\(document.vrid)"),
      ("ADDRESSES", document.addresses.joined(separator: " ")),
      ("INTERFACE", document.interface),
      ("NODE", document.node),
      ("PEER", peer ?? ""),
      ("PEER_ADDRESS", document.peerAddress ?? ""),
      ("TERM", "\(document.term)"),
      ("PLANNED", document.planned ? "1" : "0"),
      ("REASON", document.reason),
      ("OLD_STATE", document.oldState),
      ("NEW_STATE", document.newState),
      ("PRIORITY", "\(document.priority)"),
      ("TIMEOUT_MS", "\(document.timeoutMilliseconds)"),
      ("DRY_RUN", "0"),
      ("ATTEMPT", "\(document.attempt)"),
      ("MAINTENANCE", document.maintenance ? "1" : "0"),
    ]
    extra = run.hook.environment
  }

  /// `NAME=VALUE` of a clean environment, the operator's own variables last.
  func environment(_ credentials: Account.Credentials?) -> [String] {
    Self.basicEnvironment(credentials)
      + values.map { "GODWIT_\($0.name)=\($0.value)" }
      + extra.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
  }

  /// The document for standard input, one line.
  var document: [UInt8] { content.line() }

  /// What every program finds in its environment, whatever the daemon's own is.
  static func basicEnvironment(_ credentials: Account.Credentials?) -> [String] {
    [
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "HOME=\(credentials?.homeDirectory ?? "/root")",
      "USER=\(credentials?.name ?? "root")",
      "LOGNAME=\(credentials?.name ?? "root")",
    ]
  }
}

/// The JSON document of a hook's standard input: every key is always there.
struct HookDocument: Line, Equatable {
  var event: String
  var eventIdentifier: String
  @OrNull var operationIdentifier: String?
  var virtualRouter: String
  var vrid: Int
  var addresses: [String]
  var interface: String
  var node: String
  @OrNull var peer: Peer?
  @OrNull var peerAddress: String?
  var term: Int
  var planned: Bool
  var reason: String
  var oldState: String
  var newState: String
  var priority: Int
  var timeoutMilliseconds: Int
  var dryRun: Bool
  var attempt: Int
  /// Whether people are at work.
  var maintenance: Bool

  /// The other node.
  struct Peer: Codable, Equatable {
    @OrNull var name: String?
    var address: String
    /// What its `demote` had to tell, in the `promote` of a planned failover.
    @OrNull var result: JSONValue?
  }

  private enum CodingKeys: String, CodingKey {
    case event, vrid, addresses, interface, node, peer, term, planned, reason, priority, attempt
    case maintenance
    case eventIdentifier = "event_id"
    case operationIdentifier = "operation_id"
    case virtualRouter = "virtual_router"
    case peerAddress = "peer_address"
    case oldState = "old_state"
    case newState = "new_state"
    case timeoutMilliseconds = "timeout_ms"
    case dryRun = "dry_run"
  }
}
