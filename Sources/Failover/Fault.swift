import VRRP

/// Why this node cannot serve a virtual router.
public enum Fault: Hashable, Sendable {
  /// No interface is what the operator named; the text is the operator's.
  case interfaceMissing(String)
  /// The interface is administratively down.
  case interfaceDown(String)
  case noCarrier(String)
  /// The interface has no address to send advertisements from.
  case noSourceAddress(String)
  /// Another virtual router of this node has the same VRID on the same interface: its name.
  case identifierTaken(String)
  /// The check of that name fails.
  case check(String)
  /// A `promote` failed or said that the node is unfit; over after a while.
  case promoteFailed(String)
  /// The addresses could not be added; over after a while.
  case addressesRefused(String)
  /// The kernel could not be told to silence this node in time; over after a while.
  case leaseRefused(String)
  /// No advertisement left until the lease ended; over after a while.
  case advertisementsRefused(String)
  /// Another host answers for this address; over when it does not any more.
  case conflict(IPAddress, HardwareAddress)
  /// The socket for advertisements could not be opened; tried again after a while.
  case socketRefused(String)

  /// The reason that hooks and status give.
  public var reason: Reason {
    switch self {
    case .interfaceMissing, .interfaceDown, .noCarrier, .noSourceAddress, .addressesRefused,
      .socketRefused, .identifierTaken, .advertisementsRefused:
      .link
    case .leaseRefused: .lease
    case .conflict: .conflict
    case .check, .promoteFailed: .health
    }
  }
}

extension Fault: CustomStringConvertible {
  /// What is wrong and what to do about it, in a sentence.
  public var description: String {
    switch self {
    case .interfaceMissing(let selector):
      "no interface matches \(selector): waiting for it; `ip link` shows what there is"
    case .interfaceDown(let name): "interface \(name) is down: `ip link set \(name) up`"
    case .noCarrier(let name): "interface \(name) has no carrier: check cable, port and switch"
    case .noSourceAddress(let name):
      "interface \(name) has no address of its own to send from: add one or set source_address"
    case .identifierTaken(let name):
      "\(name) has the same VRID on the same interface: give one of them another vrid"
    case .check(let name): "check \(name) fails"
    case .promoteFailed(let how): "promote \(how)"
    case .addressesRefused(let why): "the addresses could not be added: \(why)"
    case .conflict(let address, let hardware):
      "\(hardware) answers for \(address) without an advertisement that is heard here: take the address"
        + " off that host, or mend what keeps its advertisements away"
    case .leaseRefused(let why): "the lease could not be opened: \(why)"
    case .advertisementsRefused(let why): "no advertisement could be sent: \(why)"
    case .socketRefused(let why): "advertisements cannot be sent or received: \(why)"
    }
  }
}
