import Glibc

/// Why a command got no result from the daemon: what happened, what to do, and the exit status.
public enum ControlClientError: Error, Equatable, Sendable {
  /// Nobody listens there.
  case cannotReach(path: String)
  /// The socket's permissions keep this user out; members of `group` may.
  case notAllowed(path: String, group: String)
  /// The path is empty or longer than 107 bytes (unix(7)).
  case unusablePath(String)
  case stalled(path: String, after: Duration)
  /// The connection ended before the final reply.
  case closedEarly(path: String)
  /// The answer is not the protocol's.
  case notUnderstood(path: String, reason: String)
  /// The daemon said no.
  case refused(Refusal)
  case system(call: String, errno: Int32)

  /// What happened, then what to do.
  public var message: String {
    switch self {
    case .cannotReach(let path):
      "godwitd does not answer on \(path): is it running? `systemctl status godwitd`"
    case .notAllowed(let path, let group):
      "not allowed to talk to godwitd on \(path): only root and members of the group \(group) may; "
        + "run the command as root, or join the group"
    case .unusablePath(let path):
      "\"\(path)\" cannot be the path of a socket: it must have 1 to 107 bytes"
    case .stalled(let path, let duration):
      "godwitd on \(path) accepts requests but did not answer within \(durationText(duration)): "
        + "`journalctl -u godwitd` may say why"
    case .closedEarly(let path):
      "godwitd on \(path) closed the connection before it had answered: "
        + "`systemctl status godwitd` says whether it stopped, `godwit history` what it had done"
    case .notUnderstood(let path, let reason):
      "the answer on \(path) is not one of godwitd \(godwitVersion) (\(printable(reason))): "
        + "is it the right socket, and are godwit and godwitd of the same version?"
    case .refused(let refusal):
      printable(refusal.message, lines: true)
        + (refusal.remedy.map { "\n" + printable($0, lines: true) } ?? "")
    case .system(let call, let number):
      "\(call) failed: \(String(cString: strerror(number)))"
    }
  }

  /// What the program exits with.
  public var exitStatus: Int32 {
    switch self {
    case .cannotReach, .stalled, .closedEarly, .notUnderstood, .system: ExitStatus.unreachable
    case .notAllowed: ExitStatus.notAllowed
    case .unusablePath: ExitStatus.usage
    case .refused(let refusal):
      switch refusal.code {
      case .refused, .notFound: ExitStatus.refused
      case .notAllowed: ExitStatus.notAllowed
      case .usage: ExitStatus.usage
      case .internal: ExitStatus.unreachable
      }
    }
  }
}

/// What `godwit` exits with; 64 and above are those of sysexits.h.
public enum ExitStatus {
  public static let done: Int32 = 0
  /// Refused or aborted: nothing was changed.
  public static let refused: Int32 = 1
  public static let stillRunning: Int32 = 3
  public static let rolledBack: Int32 = 4
  /// Moved, but a step after it failed.
  public static let incomplete: Int32 = 5
  public static let usage: Int32 = 64
  /// The daemon does not answer.
  public static let unreachable: Int32 = 69
  public static let notAllowed: Int32 = 77
  /// The configuration has errors.
  public static let configuration: Int32 = 78
}

extension FailoverOutcome.Result {
  /// What `godwit failover` exits with.
  public var exitStatus: Int32 {
    switch self {
    case .done: ExitStatus.done
    case .refused: ExitStatus.refused
    case .running: ExitStatus.stillRunning
    case .rolledBack: ExitStatus.rolledBack
    case .incomplete: ExitStatus.incomplete
    }
  }
}
