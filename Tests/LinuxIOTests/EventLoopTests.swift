import CLinux
import Glibc
import Testing
import VRRP

@testable import LinuxIO

@Suite struct EventLoopTests {
  @Test func `A deadline never ends the wait early`() throws {
    var loop = try EventLoop.make()
    for microseconds in [1, 137, 999, 1000, 2500, 10_000] {
      for _ in 0..<20 {
        let deadline = Clock.now() + .microseconds(microseconds) + Duration(attoseconds: 1)
        try loop.arm(deadline)
        #expect(try loop.wait().isEmpty)
        #expect(Clock.now() >= deadline)
      }
    }
  }

  @Test func `A deadline that has passed ends the wait at once, as often as it is asked`() throws {
    var loop = try EventLoop.make()
    for deadline in [Clock.now(), Instant(sinceBoot: .zero), Instant(sinceBoot: .seconds(-5))] {
      for _ in 0..<3 {
        try loop.arm(deadline)
        #expect(try loop.wait().isEmpty)
      }
    }
  }

  @Test func `A deadline that moves on, as with every datagram, holds for the last of them`() throws
  {
    var loop = try EventLoop.make()
    let first = Clock.now() + .milliseconds(3)
    for step in 0..<10 { try loop.arm(first + .milliseconds(step)) }
    #expect(try loop.wait().isEmpty)
    #expect(Clock.now() >= first + .milliseconds(9))
    // Earlier than what the kernel knows of.
    try loop.arm(Clock.now() + .seconds(60))
    let soon = Clock.now() + .milliseconds(2)
    try loop.arm(soon)
    #expect(try loop.wait().isEmpty)
    #expect(Clock.now() < soon + .seconds(10))
  }

  @Test func `A deadline that was taken back does not end the wait`() throws {
    var loop = try EventLoop.make()
    let pipe = try Pipe.make(keeps: .reading)
    let writer = dup(pipe.given.number)
    defer { close(writer) }
    let reader = pipe.keep()
    try loop.watch(reader.number, for: .readable, token: 7)
    try loop.arm(Clock.now() + .milliseconds(5))
    try loop.arm(nil)
    #expect(!waitUntilReady(reader.number, milliseconds: 20))
    write(writer, "x", 1)
    #expect(try loop.wait() == [EventLoop.Event(token: 7, readiness: .readable)])
  }

  @Test(arguments: [
    (Duration.zero, 0, 1),
    (.seconds(-1), 0, 1),
    (Duration(secondsComponent: 0, attosecondsComponent: 1), 0, 1),
    (Duration(secondsComponent: 3, attosecondsComponent: 1_000_000_000), 3, 1),
    (Duration(secondsComponent: 3, attosecondsComponent: 1_000_000_001), 3, 2),
    (Duration(secondsComponent: 3, attosecondsComponent: 999_999_999_000_000_001), 4, 0),
    (Duration.seconds(12), 12, 0),
  ])
  func `A deadline is rounded up to the kernel's nanoseconds and never disarms`(
    sinceBoot: Duration, seconds: Int, nanoseconds: Int
  ) {
    let time = EventLoop.expiry(Instant(sinceBoot: sinceBoot))
    #expect(time.tv_sec == seconds)
    #expect(time.tv_nsec == nanoseconds)
  }

  @Test func `Descriptors report what they were watched for until they are forgotten`() throws {
    var loop = try EventLoop.make()
    var ends: [Int32] = [-1, -1]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    defer { close(ends[0]) }
    try loop.watch(ends[0], for: .readable, token: 1)
    write(ends[1], "x", 1)
    #expect(try loop.wait() == [EventLoop.Event(token: 1, readiness: .readable)])
    try loop.change(ends[0], for: [.readable, .writable], token: 2)
    var seen: [UInt64: EventLoop.Readiness] = [:]
    try loop.wait { token, readiness in seen[token] = readiness }
    #expect(seen == [2: [.readable, .writable]])
    close(ends[1])
    try loop.change(ends[0], for: [], token: 3)
    #expect(try loop.wait() == [EventLoop.Event(token: 3, readiness: .hangup)])
    loop.forget(ends[0])
    loop.forget(ends[0])
    try loop.arm(Clock.now() + .milliseconds(5))
    #expect(try loop.wait().isEmpty)
  }

  @Test func `One wait reports at most 64 events and loses none`() throws {
    var loop = try EventLoop.make()
    var ready: [Int32] = []
    defer { for descriptor in ready { close(descriptor) } }
    for token in 0..<150 {
      let descriptor = eventfd(1, Int32(EFD_CLOEXEC))
      ready.append(descriptor)
      try loop.watch(descriptor, for: .readable, token: UInt64(token))
    }
    var seen: Set<UInt64> = []
    for _ in 0..<3 {
      let events = try loop.wait()
      #expect(events.count <= 64)
      seen.formUnion(events.map(\.token))
    }
    #expect(seen.count == 150)
  }

  @Test func `Watching twice is an error with its call's name`() throws {
    let loop = try EventLoop.make()
    let pipe = try Pipe.make(keeps: .reading)
    try loop.watch(pipe.given.number, for: .writable, token: 1)
    #expect(throws: SystemError("epoll_ctl", EEXIST)) {
      try loop.watch(pipe.given.number, for: .writable, token: 1)
    }
    #expect(SystemError("epoll_ctl", EEXIST).description == "epoll_ctl: File exists")
  }

  @Test func `Signals are read, one after the other, instead of ending the process`() throws {
    var signals = try SignalSource.make([SIGUSR1, SIGUSR2])
    #expect(signals.next() == nil)
    raise(SIGUSR2)
    raise(SIGUSR1)
    #expect(waitUntilReady(signals.descriptor))
    #expect(Set([signals.next(), signals.next()]) == [SIGUSR1, SIGUSR2])
    #expect(signals.next() == nil)
  }
}
