import Glibc
import LinuxIO
import VRRP

/// Holds a lease until it is killed: `lease-holder MECHANISM INTERFACE MILLISECONDS ADDRESS...`.
///
/// Prints its process identifier, and before each grant and renewal until when it will last, in
/// nanoseconds of CLOCK_BOOTTIME. Ends with status 1 and the reason when something is refused.
/// Without arguments it prints the mechanism that it would take, and why no better one.
@main
struct LeaseHolder {
  static func main() {
    do {
      if CommandLine.arguments.count == 1 { return try choose() }
      try hold(Array(CommandLine.arguments.dropFirst()))
    } catch {
      print("lease-holder: \(error)")
      exit(1)
    }
  }

  private static func choose() throws {
    let lease = try Lease.open(nil)
    print(lease.mechanism.rawValue)
    for refusal in lease.refusals { print(refusal) }
  }

  private struct WrongArguments: Error {}

  private static func hold(_ arguments: [String]) throws {
    guard arguments.count > 3, let mechanism = LeaseMechanism(rawValue: arguments[0]),
      let milliseconds = Int(arguments[2]), let first = IPAddress(arguments[3])
    else { throw WrongArguments() }
    let addresses = arguments[3...].compactMap { IPAddress($0) }
    let interfaceIndex = Int32(if_nametoindex(arguments[1]))
    let identifier = LeaseIdentifier(
      interfaceIndex: interfaceIndex, virtualRouter: 1, family: first.family)
    let length = Duration.milliseconds(milliseconds)
    print(getpid())
    var lease = try Lease.open(mechanism)
    try lease.fence(identifier, addresses: addresses)
    try lease.grant(identifier, until: announced(Clock.now() + length))
    while true {
      usleep(UInt32(milliseconds * 1000 / 3))
      try lease.renew(identifier, until: announced(Clock.now() + length))
    }
  }

  /// The same instant, once it is printed.
  private static func announced(_ until: Instant) -> Instant {
    let (seconds, attoseconds) = until.sinceBoot.components
    print(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    fflush(nil)
    return until
  }
}
