import Control
import Failover

extension Handover.Step {
  /// What a node that says this does, and in which phase the operation is; nil once it is over.
  var part: (role: OperationStatus.Role?, phase: String)? {
    switch self {
    case .requested: (nil, "precheck")
    case .preparing: (.giving, "precheck")
    case .checking, .ready: (.taking, "precheck")
    case .demoting: (.giving, "demote")
    case .handing: (.giving, "handing")
    case .informed: (.taking, "handing")
    case .released: (.giving, "takeover")
    case .taking: (.taking, "promote")
    case .held: (.taking, "takeover")
    case .refused, .failed, .moved, .withdrawn: nil
    }
  }
}
