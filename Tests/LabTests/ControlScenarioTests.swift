import Control
import Foundation
import Glibc
import Lab
import Testing

@Suite("The control socket", .requiresGodwit)
struct ControlScenarioTests {
  @Test("clients that say nothing, or read nothing, neither delay advertisements nor status")
  func stalled() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let began = Moment.now
    let path = try scenario["a"].socketPath
    // More than the daemon serves at once.
    let silent = try (0..<100).map { _ in try RawClient(path) }
    let deaf = try (0..<20).map { _ in try RawClient(path) }
    for client in deaf { client.send(Array("{\"command\":\"history\",\"limit\":1000}\n".utf8)) }
    #expect(try scenario.router("a").state == .active)
    try scenario.waitForBeats(3, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
    withExtendedLifetime((silent, deaf)) {}
  }

  @Test("garbage and lines without an end are refused with a word, and nothing changes")
  func garbage() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let began = Moment.now
    let path = try scenario["a"].socketPath
    let lines: [[UInt8]] = [
      Array("\n".utf8), Array("{}\n".utf8), Array("status\n".utf8), [0, 255, 254, 10],
      Array("{\"command\":\"failover\",\"name\":5}\n".utf8),
      Array((String(repeating: "[", count: 10_000) + "\n").utf8),
      Array("{\"command\":\"failover\",\"name\":\"orders-db\",\"wait_ms\":-1}\n".utf8),
      [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20),
    ]
    for line in lines {
      let client = try RawClient(path)
      client.send(line)
      let answer = client.receiveAll()
      #expect(answer.contains("error"), "\(line.prefix(30)): \(answer)")
      #expect(try scenario.router("a").state == .active)
    }
    try scenario.waitForBeats(3, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
  }

  @Test("100 clients at once are all answered")
  func many() throws {
    let scenario = try Scenario(["a": 150])
    try scenario.start()
    let began = Moment.now
    let path = try scenario["a"].socketPath
    let request = Array("{\"command\":\"status\"}\n".utf8)
    let clients = try (0..<100).map { _ in
      let client = try RawClient(path)
      client.send(request)
      return client
    }
    for client in clients { #expect(client.receiveAll().contains("orders-db")) }
    try scenario.waitForBeats(2, of: "a")
    #expect(scenario.longestGap(of: "a", since: began) < .milliseconds(350))
  }

  @Test("a client that goes away leaves its failover running")
  func gone() throws {
    let scenario = try Scenario(["a": 150, "b": 100]) { configuration, _, lab in
      configuration.hooks = [["/bin/sh", try lab.hook("[ $1 = demote ] && sleep 0.5; true")]]
    }
    try scenario.start()
    let client = try RawClient(try scenario["a"].socketPath)
    client.send(Array("{\"command\":\"failover\",\"name\":\"orders-db\"}\n".utf8))
    try scenario["a"].wait(for: "releasing")
    client.close()
    try scenario.waitForHolder("b")
  }
}

/// A client of the control socket that keeps to no protocol.
private final class RawClient {
  private var socket: Int32

  init(_ path: String) throws {
    socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    try #require(socket >= 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
    let socket = socket
    let connected = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try #require(connected == 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close() }

  /// As much as the daemon takes.
  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  /// Until the daemon closes, at most 10 s without a byte.
  func receiveAll() -> String {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      guard count > 0 else { return String(decoding: all, as: UTF8.self) }
      all += buffer[..<count]
    }
  }

  func close() {
    if socket >= 0 { _ = Glibc.close(socket) }
    socket = -1
  }
}
