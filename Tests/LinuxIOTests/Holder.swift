import Glibc
import Lab
import VRRP

@testable import LinuxIO

/// A process that holds a lease on the left of a pair and renews it three times in its length.
struct Holder: ~Copyable {
  private let stream: UnsafeMutablePointer<FILE>
  private let process: pid_t
  /// Until when the lease lasts that it asked for last, in nanoseconds of CLOCK_BOOTTIME.
  private var last: Int64?

  init(
    _ lab: LeasePair, _ mechanism: LeaseMechanism, milliseconds: Int, _ address: IPAddress
  ) throws {
    let command =
      "exec ip netns exec \(lab.pair.left.name) \(Products.path("lease-holder")) "
      + "\(mechanism.rawValue) eth0 \(milliseconds) \(address)"
    guard let stream = popen(command, "r") else { throw SystemError("popen") }
    guard let line = Self.line(stream), let process = pid_t(line) else {
      pclose(stream)
      throw CommandFailure(command: command, output: "")
    }
    self.stream = stream
    self.process = process
  }

  /// Waits until it asks for a lease.
  mutating func awaitRequest() throws {
    let line = Self.line(stream)
    last = line.flatMap { Int64($0) }
    guard last != nil else { throw CommandFailure(command: "lease-holder", output: line ?? "") }
  }

  /// Kills it, and says until when the last lease lasts that it may have asked for.
  mutating func kill() throws -> Instant {
    Glibc.kill(process, SIGKILL)
    while let line = Self.line(stream) { last = Int64(line) ?? last }
    guard let last else { throw CommandFailure(command: "lease-holder", output: "") }
    return Instant(sinceBoot: .nanoseconds(last))
  }

  deinit {
    Glibc.kill(process, SIGKILL)
    pclose(stream)
  }

  private static func line(_ stream: UnsafeMutablePointer<FILE>) -> String? {
    var buffer = [CChar](repeating: 0, count: 256)
    guard fgets(&buffer, Int32(buffer.count), stream) != nil else { return nil }
    let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:))
    return String(decoding: bytes, as: UTF8.self)
  }
}
