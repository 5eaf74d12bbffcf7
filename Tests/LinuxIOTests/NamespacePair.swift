import CLinux
import Glibc
import Testing

@testable import LinuxIO

extension Trait where Self == ConditionTrait {
  /// Skips a test that needs network namespaces where the tests do not run as root. With
  /// GODWIT_CI=1 nothing is skipped: it runs and fails.
  static var inNamespaces: Self {
    .enabled("network namespaces need root") {
      geteuid() == 0 || getenv("GODWIT_CI").map { String(cString: $0) } == "1"
    }
  }
}

/// A command that ended with another status than 0.
struct CommandFailure: Error {
  let command: String
  let output: String
}

/// Runs a shell command and returns what it wrote.
@discardableResult
func run(_ command: String) throws -> String {
  guard let stream = popen("exec 2>&1; " + command, "r") else { throw SystemError("popen") }
  var output: [UInt8] = []
  while true {
    let character = getc(stream)
    if character == EOF { break }
    output.append(UInt8(truncatingIfNeeded: character))
  }
  let text = String(decoding: output, as: UTF8.self)
  guard pclose(stream) == 0 else { throw CommandFailure(command: command, output: text) }
  return text
}

/// Whether the descriptor has something to read within two seconds.
func becomesReadable(_ descriptor: Int32, milliseconds: Int32 = 2000) -> Bool {
  var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  return poll(&entry, 1, milliseconds) == 1
}

/// A network namespace.
struct Namespace {
  let name: String

  /// Runs the body on this thread inside the namespace: sockets that it opens belong there.
  func run<Result: ~Copyable>(_ body: () throws -> Result) throws -> Result {
    let outside = clinux_in_namespace_begin(name)
    guard outside >= 0 else { throw SystemError("setns", -outside) }
    defer { #expect(clinux_in_namespace_end(outside) == 0) }
    return try body()
  }

  /// Runs ip(8) there.
  @discardableResult
  func ip(_ arguments: String) throws -> String {
    try LinuxIOTests.run("ip -n \(name) \(arguments)")
  }

  /// The index of an interface.
  func index(of interface: String = "eth0") throws -> Int32 {
    let number = try run { if_nametoindex(interface) }
    return Int32(try #require(number > 0 ? number : nil))
  }
}

/// Two namespaces with an `eth0` each, joined by a cable: 10.0.0.1/24, fd00::1/64 and fe80::1/64 on
/// the left, .2 and ::2 on the right.
struct NamespacePair {
  let left: Namespace
  let right: Namespace

  /// Makes a pair, runs the body and removes the pair, also when the body throws.
  static func make(_ body: (NamespacePair) throws -> Void) throws {
    let prefix = "gw" + String(UInt32.random(in: .min ... .max), radix: 16)
    let pair = NamespacePair(
      left: Namespace(name: prefix + "l"), right: Namespace(name: prefix + "r"))
    defer {
      for namespace in [pair.left, pair.right] {
        _ = try? LinuxIOTests.run("ip netns del \(namespace.name)")
      }
    }
    for namespace in [pair.left, pair.right] {
      try LinuxIOTests.run("ip netns add \(namespace.name)")
    }
    try pair.left.ip("link add eth0 type veth peer name eth0 netns \(pair.right.name)")
    for (namespace, number) in [(pair.left, 1), (pair.right, 2)] {
      try namespace.ip("link set eth0 addrgenmode none up")
      try namespace.ip("link set lo up")
      try namespace.ip("addr add 10.0.0.\(number)/24 dev eth0")
      try namespace.ip("addr add fd00::\(number)/64 dev eth0 nodad")
      try namespace.ip("addr add fe80::\(number)/64 dev eth0 nodad")
    }
    try body(pair)
  }
}
