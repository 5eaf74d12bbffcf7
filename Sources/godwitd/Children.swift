import Failover
import Glibc
import LinuxIO
import VRRP

/// A program that the daemon started, and what it is for.
final class Child {
  enum Purpose {
    case hook(LocalRouter, HookRun)
    case check(LocalRouter, CheckSettings)
  }

  let purpose: Purpose
  var process: ChildProcess
  let started: Instant
  /// The last line of its standard error, for a check's reason.
  var lastLine = ""
  var linesLeft = Child.linesPerSecond
  var linesSince: Instant

  /// Lines of standard error that go to the log in one second.
  static let linesPerSecond = 50

  init(_ purpose: Purpose, _ process: consuming ChildProcess, at now: Instant) {
    self.purpose = purpose
    self.process = process
    started = now
    linesSince = now
  }
}

/// The programs that run now, by their number; the loop's tokens carry it.
final class Children {
  private(set) var running: [UInt64: Child] = [:]
  private var last: UInt64 = 0

  /// Starts a program and watches its exit and its pipes.
  func start(
    _ request: ChildProcess.Request, _ purpose: Child.Purpose, loop: borrowing EventLoop,
    at now: Instant
  ) throws(SystemError) -> UInt64 {
    let process = try ChildProcess.start(request)
    last += 1
    let child = Child(purpose, process, at: now)
    running[last] = child
    try loop.watch(
      child.process.exitDescriptor, for: .readable, token: Token.childExit.with(last))
    if let output = child.process.outputDescriptor {
      try loop.watch(output, for: .readable, token: Token.childOutput.with(last))
    }
    if let error = child.process.errorDescriptor {
      try loop.watch(error, for: .readable, token: Token.childError.with(last))
    }
    child.process.writeInput()
    if let input = child.process.inputDescriptor {
      try loop.watch(input, for: .writable, token: Token.childInput.with(last))
    }
    return last
  }

  subscript(number: UInt64) -> Child? { running[number] }

  func forget(_ number: UInt64) { running[number] = nil }

  /// The program of a hook run.
  func hook(_ router: LocalRouter, _ run: HookRun.Identifier) -> Child? {
    running.values.first {
      if case .hook(let other, let its) = $0.purpose {
        return other === router && its.identifier == run
      }
      return false
    }
  }

  /// The program of a check.
  func check(_ router: LocalRouter, _ settings: CheckSettings) -> Child? {
    running.values.first {
      if case .check(let other, let its) = $0.purpose {
        return other === router && its == settings
      }
      return false
    }
  }
}

/// What an event of the loop is about: the kind in the upper byte, a number in the rest.
enum Token: UInt64 {
  case signals = 1
  case links, advertisements, neighbors, listener, client
  case childExit, childInput, childOutput, childError
  case diskWriter, connections, peers

  func with(_ number: UInt64) -> UInt64 { rawValue << 56 | number & 0x00ff_ffff_ffff_ffff }

  /// The kind and the number of a token; nil for one that nobody made.
  static func split(_ token: UInt64) -> (kind: Token, number: UInt64)? {
    Token(rawValue: token >> 56).map { ($0, token & 0x00ff_ffff_ffff_ffff) }
  }
}
