// It declares what sys/socket.h does a second time, and the compiler may take that for the first.
import CNetlink
import Glibc
import Testing

@testable import LinuxIO

/// A datagram socket at an address, as systemd's.
private func receiver(at notation: String) throws -> FileDescriptor {
  let socket = try UnixAddress.socket(SOCK_DGRAM)
  #expect(try UnixAddress(notation: notation).use({ bind(socket.number, $0, $1) }) == 0)
  return socket
}

private func message(on descriptor: Int32, milliseconds: Int32 = 1000) -> String? {
  guard waitUntilReady(descriptor, milliseconds: milliseconds) else { return nil }
  var buffer = [UInt8](repeating: 0, count: 4096)
  let count = read(descriptor, &buffer, buffer.count)
  return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

@Suite struct ServiceNotifierTests {
  @Test func `Each message reaches a socket at a path and one in the abstract space`() throws {
    let directory = TemporaryDirectory()
    let name = directory.path.split(separator: "-").last ?? ""
    for address in ["\(directory.path)/notify", "@godwit-test-\(name)"] {
      let systemd = try receiver(at: address)
      var notifier = ServiceNotifier.make { ["NOTIFY_SOCKET": address][$0] }
      notifier.ready()
      #expect(message(on: systemd.number) == "READY=1")
      notifier.status("two\nlines")
      #expect(message(on: systemd.number) == "STATUS=two?lines")
      notifier.watchdog()
      #expect(message(on: systemd.number) == "WATCHDOG=1")
      notifier.stopping()
      #expect(message(on: systemd.number) == "STOPPING=1")
      let before = Clock.read(CLOCK_MONOTONIC).tv_sec
      notifier.reloading()
      let parts = message(on: systemd.number)?.split(separator: "=") ?? []
      #expect(parts.prefix(2) == ["RELOADING", "1\nMONOTONIC_USEC"])
      let microseconds = try #require(parts.last.flatMap { Int($0) })
      #expect((before...before + 5).contains(microseconds / 1_000_000))
    }
  }

  @Test func `Without the variable, with a wrong one and with a full queue nothing happens`() throws
  {
    for address in [nil, "", "@", "relative", "/nonexistent/notify", "vsock:2:1"] {
      var notifier = ServiceNotifier.make { $0 == "NOTIFY_SOCKET" ? address : nil }
      notifier.ready()
    }
    let directory = TemporaryDirectory()
    let systemd = try receiver(at: "\(directory.path)/notify")
    var notifier = ServiceNotifier.make { $0 == "NOTIFY_SOCKET" ? "\(directory.path)/notify" : nil }
    for _ in 0..<5000 { notifier.watchdog() }
    #expect(message(on: systemd.number) == "WATCHDOG=1")
  }

  @Test func `What finds no room is sent later, each kind once and in order`() throws {
    let directory = TemporaryDirectory()
    let systemd = try receiver(at: "\(directory.path)/notify")
    var notifier = ServiceNotifier.make { $0 == "NOTIFY_SOCKET" ? "\(directory.path)/notify" : nil }
    for _ in 0..<5000 { notifier.watchdog() }
    notifier.status("old")
    notifier.ready()
    notifier.status("new")
    let before = notifier.owes
    while message(on: systemd.number, milliseconds: 0) != nil {}
    notifier.sendOwed()
    let after = notifier.owes
    #expect(before && !after)
    #expect(message(on: systemd.number) == "READY=1")
    #expect(message(on: systemd.number) == "STATUS=new")
    #expect(message(on: systemd.number, milliseconds: 0) == nil)
  }

  @Test func `The watchdog's interval is the one for this process`() {
    func interval(_ variables: [String: String]) -> Duration? {
      ServiceNotifier.make { variables[$0] }.watchdogInterval
    }
    #expect(interval([:]) == nil)
    #expect(interval(["WATCHDOG_USEC": "3000000"]) == .seconds(3))
    #expect(interval(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "\(getpid())"]) == .seconds(3))
    #expect(interval(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"]) == nil)
    #expect(interval(["WATCHDOG_USEC": "0"]) == nil)
    #expect(interval(["WATCHDOG_USEC": "soon"]) == nil)
  }
}
